"""A recorded desk with values that nobody is to be shown, in every place that a trace has."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cassettes.interaction import Interaction as Exchange
from cassettes.interaction import Request, Response
from replay.records import (
    Attempt,
    CallError,
    Feedback,
    Interaction,
    ModelCall,
    Outcome,
    Pin,
    Record,
    ToolCall,
    ToolSchema,
    Trace,
)
from replay.records.traces import pin_id
from replay.store import Store

ADDRESS = "221b Baker Street, London"
TODAY = "10 Downing Street, London"
"""What today's tools say of the same customer."""
PIN = "4711"
PLANTED = (ADDRESS, TODAY, PIN, "Baker Str", "Downing", "Baker+Street", "Bartholomew")


def planted_in(text: str) -> list[str]:
    """Return what of the planted values stands in a text, wrapped or not.

    The digits not within longer runs: ids, hashes and times have any four in a row.
    """
    plain = " ".join(text.split())
    found = [one for one in PLANTED if one != PIN and one in plain]
    return [*found, PIN] if re.search(rf"(?<![0-9A-Za-z]){PIN}(?![0-9A-Za-z])", plain) else found


SETTINGS = """
[tool.replay]
tools = "desk_tools:toolbox"

[tool.replay.access]
hide = ["tool_calls.find.result.name", "tool_calls.find.result.home.address"]
"""

TOOLS = f'''
from typing import Annotated

from replay import Sensitive, Toolbox

toolbox = Toolbox("desk")
SENT = []


@toolbox.world
def world(start):
    return SENT


@toolbox.state
def state(world):
    return {{"sent": list(SENT)}}


@toolbox.tool
def find(id: str) -> dict:
    """Look a customer up."""
    return {{"name": "Bartholomew", "home": {{"address": "{TODAY}"}}, "orders": 4}}


@toolbox.tool
def ship(address: Annotated[str, Sensitive], pin: Annotated[int, Sensitive], note: str) -> dict:
    """Send something."""
    SENT.append({{"to": address, "note": note}})
    if note == "fragile":
        raise ValueError(f"{{address}} takes nothing fragile")
    return {{"sent_to": address, "note": note}}
'''

AT = "2026-11-21T09:00:00.000000Z"


def make_desk(folder: Path) -> Path:
    """Write the tools, the settings and the database of the desk; return the database."""
    (folder / "desk_tools.py").write_text(TOOLS)
    (folder / "pyproject.toml").write_text(SETTINGS)
    database = folder / "traces.db"
    with Store.open(database, mode="create") as store:
        store.append_all(desk_records())
    return database


def desk_records() -> list[Record]:
    """Return one conversation: a customer is found, two things are sent."""
    found = {"name": "Bartholomew", "home": {"address": ADDRESS}, "orders": 3}
    calls = [
        _call(2, "find", {"id": "C1"}, found),
        _call(
            3,
            "ship",
            {"address": ADDRESS, "pin": int(PIN), "note": "book"},
            {"sent_to": ADDRESS, "note": "book"},
        ),
        _call(
            4,
            "ship",
            {"address": ADDRESS, "pin": int(PIN), "note": "fragile"},
            {"sent_to": ADDRESS, "note": "fragile"},
        ),
    ]
    asked = [
        {"role": "system", "content": "You send things."},
        {"role": "user", "content": f"Send it to {ADDRESS}, and quickly."},
    ]
    output = {
        "role": "assistant",
        "content": f"I send it to {ADDRESS}.",
        "tool_calls": [
            {
                "id": one.provider_call_id,
                "type": "function",
                "function": {"name": one.tool, "arguments": one.arguments},
            }
            for one in calls
        ],
    }
    told = [
        {"role": "tool", "tool_call_id": one.provider_call_id, "content": one.response}
        for one in calls
    ]
    return [
        Trace(id="desk-1", app="desk", started_at=AT, ended_at=AT, labels={"to": ADDRESS}),
        _schema(),
        _model(1, asked, output),
        *calls,
        _model(5, [*asked, output, *told], {"role": "assistant", "content": f"On to {ADDRESS}!"}),
        Interaction(
            id="i1",
            tool_call_id="c3",
            interaction_index=0,
            exchange=_exchange(),
        ),
        *(
            Attempt(
                id=f"a{number}",
                call_id="c3",
                attempt_number=number,
                started_at=AT,
                outcome=Outcome.FAILED,
                error=CallError(type="Busy", message=f"{ADDRESS} is busy"),
            )
            for number in (1, 2)
        ),
        Feedback(
            id="f1",
            trace_id="desk-1",
            step_number=3,
            text=f"Not to {ADDRESS}!",
            correction={"tool": "ship", "arguments": {"address": "x", "pin": int(PIN)}},
            created_at=AT,
        ),
        Pin(
            id=pin_id("desk-1", None),
            trace_id="desk-1",
            note=f"about {ADDRESS}",
            pinned_at=AT,
        ),
    ]


def _exchange() -> dict[str, object]:
    body = json.dumps({"to": ADDRESS}).encode()
    asked = Request("POST", "https://post.example/send?to=221b+Baker+Street%2C+London", body=body)
    return Exchange(asked, Response(200, body=body)).to_json()


def _model(number: int, messages: list[object], output: object) -> ModelCall:
    return ModelCall(
        id=f"m{number}",
        trace_id="desk-1",
        step_number=number,
        api="chat.completions",
        model="demo-1",
        messages=messages,
        tools=[{"type": "function", "function": {"name": "ship"}}],
        output=output,
        stream=f'data: {{"delta": "221b Bak"}}\n\ndata: {{"delta": "er Street {PIN}"}}',
        streamed=True,
        started_at=AT,
        duration_ms=100.0,
    )


def _call(number: int, tool: str, payload: dict[str, object], result: object) -> ToolCall:
    return ToolCall(
        id=f"c{number}",
        trace_id="desk-1",
        step_number=number,
        model_call_id="m1",
        provider_call_id=f"call_{number}",
        tool=tool,
        arguments=json.dumps(payload),
        payload=payload,
        result=result,
        response=json.dumps(result),
        outcome=Outcome.OK,
        schema_hash="b2-16:ship" if tool == "ship" else None,
        started_at=AT,
        duration_ms=2.0,
    )


def _schema() -> ToolSchema:
    return ToolSchema(
        id="b2-16:ship",
        tool="ship",
        dialect="pydantic",
        definition={"type": "function", "function": {"name": "ship"}},
        sensitive=["arguments.address", "arguments.pin"],
    )
