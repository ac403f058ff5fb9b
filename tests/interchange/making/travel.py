"""The run that every fixture tells: two conversations with a scripted model on loopback.

Parallel calls, a tool that fails, arguments that do not fit, and ids that come again in the second
conversation. The run is recorded natively beside the exporter that is being shown, so that both
tell of the same calls.
"""

from __future__ import annotations

import contextlib
import contextvars
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from travel_tools import toolbox

from replay import Recorder
from replay.demo.model_server import Call, ModelServer

MODEL = "gpt-5"
TRAVEL = "How warm is it in Paris, and which flights go there from Berlin?"
ROME = "Is it warm in Rome?"
SYSTEM = "You plan trips. Ask the tools."

SCRIPT = {
    "Paris": [
        [
            "Let me look.",
            Call("get_weather", {"city": "Paris"}, id="call_1"),
            Call("search_flights", {"origin": "BER", "destination": "PAR"}, id="call_2"),
        ],
        [
            Call("get_weather", {"city": "Atlantis"}, id="call_3"),
            Call("search_flights", {"origin": "BER", "passengers": "two"}, id="call_4"),
        ],
        [Call("get_weather", {"city": "Paris", "unit": "fahrenheit"}, id="call_5")],
        "18.5 degrees in Paris; the cheapest flight is 88.50 EUR.",
    ],
    "Rome": [[Call("get_weather", {"city": "Rome"}, id="call_1")], "24 degrees in Rome."],
}

Execute = Callable[[str, str, str], str]
"""Runs one call: its id, its tool, its arguments as text; returns what the model is told."""
Around = Callable[[str], AbstractContextManager[object]]
"""What a conversation runs in, by its question."""


def execute(call_id: str, tool: str, arguments: str) -> str:
    """Run one call and return what the model is told of it."""
    asked = {"id": call_id, "type": "function", "function": {"name": tool, "arguments": arguments}}
    (answer,) = toolbox.dispatch_sync({"role": "assistant", "tool_calls": [asked]})
    return answer["content"]


def nothing(question: str) -> AbstractContextManager[None]:
    """A conversation that nothing is wrapped around."""
    del question
    return contextlib.nullcontext()


def chat_agent(client: Any, question: str, execute: Execute) -> str:
    """Hold one conversation through chat completions; its calls run side by side."""
    messages: list[Any] = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": question},
    ]
    while True:
        completion = client.chat.completions.create(
            model=MODEL, messages=messages, tools=toolbox.schemas("openai"), temperature=0.2
        )
        said = completion.choices[0].message
        messages.append(said.model_dump(exclude_none=True, exclude={"annotations"}))
        if not said.tool_calls:
            return said.content or ""
        asked = [(c.id, c.function.name, c.function.arguments) for c in said.tool_calls]
        for call_id, told in side_by_side(asked, execute):
            messages.append({"role": "tool", "tool_call_id": call_id, "content": told})


def responses_agent(client: Any, question: str, execute: Execute) -> str:
    """The same through Responses, each request only a delta of the last."""
    fresh: list[Any] = [{"role": "user", "content": question}]
    previous: dict[str, str] = {}
    while True:
        response = client.responses.create(
            model=MODEL,
            instructions=SYSTEM,
            input=fresh,
            tools=toolbox.schemas("openai-responses"),
            **previous,
        )
        previous = {"previous_response_id": response.id}
        calls = [item for item in response.output if item.type == "function_call"]
        if not calls:
            return response.output_text
        asked = [(c.call_id, c.name, c.arguments) for c in calls]
        fresh = [
            {"type": "function_call_output", "call_id": call_id, "output": told}
            for call_id, told in side_by_side(asked, execute)
        ]


def messages_agent(client: Any, question: str, execute: Execute) -> str:
    """The same through Anthropic's messages."""
    messages: list[Any] = [{"role": "user", "content": question}]
    while True:
        said = client.messages.create(
            model="claude-sonnet-4-5",
            max_tokens=1000,
            system=SYSTEM,
            messages=messages,
            tools=toolbox.schemas("anthropic"),
        )
        content = [block.model_dump(exclude_none=True) for block in said.content]
        messages.append({"role": "assistant", "content": content})
        asked = [(b.id, b.name, json.dumps(b.input)) for b in said.content if b.type == "tool_use"]
        if not asked:
            return str(said.content[0].text)
        results = [
            {
                "type": "tool_result",
                "tool_use_id": call_id,
                "content": told,
                **({"is_error": True} if told.startswith("Error") else {}),
            }
            for call_id, told in side_by_side(asked, execute)
        ]
        messages.append({"role": "user", "content": results})


def side_by_side(asked: list[tuple[str, str, str]], execute: Execute) -> Iterator[tuple[str, str]]:
    """Run calls in threads that carry the context; yields id and answer in the order asked."""
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(contextvars.copy_context().run, execute, *one) for one in asked]
        for (call_id, _, _), future in zip(asked, running, strict=True):
            yield call_id, future.result()


@contextlib.contextmanager
def recorded(folder: Path) -> Iterator[tuple[Recorder, ModelServer]]:
    """Record natively while the block runs, into ``native.jsonl`` of ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "native.db"
    for stale in folder.glob("native.db*"):
        stale.unlink()
    with ModelServer(SCRIPT) as server, Recorder(database, app="travel", mask=False) as recorder:
        yield recorder, server
    replay = Path(sys.executable).with_name("replay")
    subprocess.run([replay, "export", database, "-o", folder / "native.jsonl"], check=True)
    for stale in folder.glob("native.db*"):
        stale.unlink()
    without_this_machine(folder)


def hold(
    client: Any,
    recorder: Recorder,
    *,
    agent: Callable[..., str] = chat_agent,
    around: Around = nothing,
    execute: Execute = execute,
) -> None:
    """Hold both conversations, each one trace of the native recording."""
    recorder.wrap(client)
    for name, question in (("travel", TRAVEL), ("rome", ROME)):
        with recorder.trace(id=f"{recorder.store.path.parent.name}-{name}"), around(question):
            agent(client, question, execute)


def without_this_machine(folder: Path) -> None:
    """Take the places and names of the machine out of the files in ``folder``."""
    here = str(Path(__file__).parents[3])
    for file in folder.glob("*.json*"):
        if file.suffix in (".json", ".jsonl"):
            text = file.read_text("utf-8").replace(here, ".").replace(sys.prefix, "/venv")
            text = re.sub(r'"(mlflow.source.git.branch|mlflow.user)": "[^"]*"', r'"\1": "x"', text)
            text = re.sub(
                r'"mlflow.source.git.repoURL": "[^"]*"', '"mlflow.source.git.repoURL": ""', text
            )
            file.write_text(text, "utf-8")


if __name__ == "__main__":
    without_this_machine(Path(sys.argv[1]))
