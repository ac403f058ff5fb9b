"""Make ``fixtures/langsmith`` and ``fixtures/langsmith-langgraph``: what the LangSmith SDK sends.

    python make_langsmith.py openai|langgraph FOLDER

``runs.jsonl`` has the runs as `Client.list_runs` gives them back, ``batches.jsonl`` what was
posted.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collector import Collector, collecting, json_lines
from travel import MODEL, SYSTEM, execute, hold, recorded
from travel_tools import toolbox


def main(name: str, folder: Path) -> None:
    """Run, and write what was sent."""
    with collecting() as (collector, address):
        collector.answers["GET /info"] = {
            "version": "0.12.0",
            "batch_ingest_config": {
                "use_multipart_endpoint": False,
                "size_limit": 100,
                "size_limit_bytes": 20_971_520,
                "scale_up_nthreads_limit": 4,
                "scale_up_qsize_trigger": 1000,
                "scale_down_nempty_trigger": 4,
            },
        }
        os.environ |= {
            "LANGSMITH_TRACING": "true",
            "LANGSMITH_ENDPOINT": address,
            "LANGSMITH_API_KEY": "none",
            "LANGSMITH_PROJECT": "travel",
        }
        from langsmith import Client, traceable, tracing_context
        from langsmith.wrappers import wrap_openai
        from openai import OpenAI

        smith = Client()

        def run(call_id: str, tool: str, arguments: str) -> str:
            @traceable(run_type="tool", name=tool, client=smith)
            def in_a_run(**given: Any) -> str:
                return execute(call_id, tool, json.dumps(given))

            return in_a_run(**json.loads(arguments))

        @contextlib.contextmanager
        def around(question: str) -> Iterator[None]:
            from langsmith import trace

            metadata = {"session_id": "session-1", "customer": "42"}
            with (
                tracing_context(enabled=True, client=smith),
                trace("travel agent", inputs={"question": question}, metadata=metadata),
            ):
                yield

        with recorded(folder) as (recorder, server):
            if name == "openai":
                client = wrap_openai(OpenAI(base_url=server.base_url, api_key="none"))
                hold(client, recorder, around=around, execute=run)
            else:
                hold_langgraph(server.base_url, recorder)
        if name == "langgraph":
            from langchain_core.tracers.langchain import wait_for_all_tracers

            wait_for_all_tracers()
        with contextlib.suppress(Exception):
            smith.flush(timeout=10)
        write(collector, folder)


def hold_langgraph(base_url: str, recorder: Any) -> None:
    """Both conversations through LangChain's agent, traced by its own callbacks."""
    from langchain.agents import create_agent
    from langchain_core.tools import StructuredTool
    from langchain_openai import ChatOpenAI

    def tool_of(definition: dict[str, Any]) -> StructuredTool:
        function = definition["function"]

        def run(**arguments: Any) -> str:
            return execute("none", function["name"], json.dumps(arguments))

        return StructuredTool(
            name=function["name"],
            description=function["description"],
            args_schema=function["parameters"],
            func=run,
        )

    tools = [tool_of(definition) for definition in toolbox.schemas("openai")]
    model = ChatOpenAI(model=MODEL, base_url=base_url, api_key="none", temperature=0.2)
    agent = create_agent(model, tools, system_prompt=SYSTEM)

    def ask(client: Any, question: str, run: Any) -> str:
        state = agent.invoke(
            {"messages": [{"role": "user", "content": question}]},
            {"metadata": {"session_id": "session-1"}},
        )
        return str(state["messages"][-1].content)

    hold(model.root_client, recorder, agent=ask)


def write(collector: Collector, folder: Path) -> None:
    """Write what was posted, and the runs put together as the service does."""
    batches = [json.loads(body) for body in collector.bodies("/runs/batch")]
    (folder / "batches.jsonl").write_text(json_lines(batches), "utf-8")
    runs: dict[str, dict[str, Any]] = {}
    for batch in batches:
        for part in (*batch.get("post", []), *batch.get("patch", [])):
            known = runs.setdefault(part["id"], {})
            known |= {name: value for name, value in part.items() if value is not None}
    (folder / "runs.jsonl").write_text(json_lines(list(runs.values())), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
