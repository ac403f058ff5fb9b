"""Make ``fixtures/openai-agents-*``: what the OpenAI Agents SDK exports of a run.

    python make_agents.py chat|responses FOLDER

``traces.jsonl`` has one item a line, as a processor's `export()` gives it; ``posted.jsonl`` what
the SDK's own exporter posted.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from agents import (
    Agent,
    FunctionTool,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    add_trace_processor,
    set_trace_processors,
)
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor
from collector import collecting, json_lines
from openai import AsyncOpenAI
from travel import MODEL, SYSTEM, execute, hold, recorded
from travel_tools import toolbox


class Kept:
    """A processor that keeps what ended, as the exporter would send it."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def on_trace_start(self, trace: Any) -> None:
        pass

    def on_trace_end(self, trace: Any) -> None:
        self.items.append(trace.export())

    def on_span_start(self, span: Any) -> None:
        pass

    def on_span_end(self, span: Any) -> None:
        self.items.append(span.export())

    def shutdown(self) -> None:
        pass

    def force_flush(self) -> None:
        pass


def tool_of(definition: dict[str, Any]) -> FunctionTool:
    """One tool that answers what the toolbox answers."""
    name = definition["function"]["name"]

    async def run(context: Any, arguments: str) -> str:
        return await asyncio.to_thread(execute, context.tool_call_id, name, arguments)

    return FunctionTool(
        name=name,
        description=definition["function"]["description"],
        params_json_schema=definition["function"]["parameters"],
        on_invoke_tool=run,
        strict_json_schema=False,
    )


def main(name: str, folder: Path) -> None:
    """Run, and write what was exported."""
    kept, loop = Kept(), asyncio.new_event_loop()
    with collecting() as (collector, address):
        exporter = BackendSpanExporter(api_key="none", endpoint=f"{address}/v1/traces/ingest")
        set_trace_processors([BatchTraceProcessor(exporter)])
        add_trace_processor(kept)
        kind = OpenAIChatCompletionsModel if name == "chat" else OpenAIResponsesModel

        def ask(client: Any, question: str, run: Any) -> str:
            agent = Agent(
                name="travel",
                instructions=SYSTEM,
                tools=[tool_of(one) for one in toolbox.schemas("openai")],
                model=kind(model=MODEL, openai_client=client),
            )
            return str(loop.run_until_complete(Runner.run(agent, question)).final_output)

        with recorded(folder) as (recorder, server):
            client = AsyncOpenAI(base_url=server.base_url, api_key="none")
            hold(client, recorder, agent=ask)
        from agents.tracing import get_trace_provider

        get_trace_provider().shutdown()
        posted = [json.loads(body) for body in collector.bodies("/v1/traces/ingest")]
    (folder / "traces.jsonl").write_text(json_lines(kept.items), "utf-8")
    (folder / "posted.jsonl").write_text(json_lines(posted), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
