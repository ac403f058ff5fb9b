"""Make ``fixtures/inspect``: a log of Inspect, as `.eval` and as `.json`.

python make_inspect.py FOLDER
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx
from inspect_ai import Task, eval, task
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate, solver, system_message, use_tools
from inspect_ai.tool import ToolDef, ToolError, ToolParams
from travel import MODEL, ROME, SYSTEM, TRAVEL, execute, recorded
from travel_tools import toolbox


def tool_of(definition: dict[str, Any]) -> Any:
    """One tool that answers what the toolbox answers, and raises where that is an error."""
    function = definition["function"]

    async def run(**arguments: Any) -> str:
        told = await asyncio.to_thread(execute, "none", function["name"], json.dumps(arguments))
        if told.startswith("Error"):
            raise ToolError(told)
        return told

    return ToolDef(
        run,
        name=function["name"],
        description=function["description"],
        parameters=ToolParams(
            properties={
                name: {"description": name, **schema}
                for name, schema in function["parameters"]["properties"].items()
            },
            required=function["parameters"]["required"],
        ),
    ).as_tool()


def main(folder: Path) -> None:
    """Run, and write the log in both forms."""
    with recorded(folder) as (recorder, server):
        try:
            import httpx2

            recorder.watch_module(httpx2)
        except ImportError:
            pass
        recorder.watch_module(httpx)

        @solver
        def in_a_trace() -> Any:
            ask = generate(tool_calls="loop")

            async def solve(state: Any, more: Any) -> Any:
                async with recorder.trace(id=f"{folder.name}-{state.sample_id}"):
                    return await ask(state, more)

            return solve

        @task
        def travel() -> Task:
            return Task(
                dataset=[
                    Sample(input=TRAVEL, id="travel", target="88.50"),
                    Sample(input=ROME, id="rome", target="24"),
                ],
                solver=[
                    system_message(SYSTEM),
                    use_tools([tool_of(one) for one in toolbox.schemas("openai")]),
                    in_a_trace(),
                ],
                scorer=includes(),
            )

        model = get_model(
            f"openai/{MODEL}",
            base_url=server.base_url,
            api_key="none",
            responses_api=False,
        )
        logs = folder / "logs"
        for form in ("eval", "json"):
            os.environ["INSPECT_LOG_FORMAT"] = form
            if form == "eval":
                eval(travel(), model=model, log_dir=str(logs), log_format="eval", display="none")
        (made,) = logs.glob("*.eval")
        from inspect_ai.log import read_eval_log, write_eval_log

        write_eval_log(read_eval_log(str(made)), str(folder / "travel.json"), format="json")
        made.replace(folder / "travel.eval")
        logs.rmdir()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
