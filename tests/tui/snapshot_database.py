"""The database that the snapshots look at: made by hand, so that every moment and id is fixed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from replay.records import Attempt, CallError, Outcome, Stage, StageTiming, ToolSchema
from replay.records.definitions import schema_id
from tests.tui.records import (
    asked,
    interaction,
    model_call,
    moment,
    replay_run,
    tool_call,
    trip,
    write,
)

_BODY = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Where."},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
    },
    "required": ["city"],
}
OLD = {"name": "get_weather", "description": "Tell the weather.", "parameters": _BODY}
NEW = {
    **OLD,
    "parameters": {
        **_BODY,
        "properties": {**_BODY["properties"], "day": {"type": "string", "format": "date"}},  # type: ignore[dict-item]  # a dict
        "required": ["city", "day"],
    },
}
VALIDATOR = {"type": "function", "function": OLD}
VALIDATOR_ID = schema_id("get_weather", "1", "pydantic", VALIDATOR)


def _shown(records: list[Any], definition: dict[str, Any]) -> list[Any]:
    """Give the model calls of a trace other tools to see."""
    tools = [{"type": "function", "function": definition}]
    return [
        one.model_copy(update={"tools": tools}) if one.kind == "model_call" else one
        for one in records
    ]


def _validated(records: list[Any]) -> list[Any]:
    """Let the first call say what validated it, and where its time went."""
    stages = [StageTiming(Stage.VALIDATE, 40), StageTiming(Stage.INVOKE, 2600)]
    more = {"schema_hash": VALIDATOR_ID, "tool_version": "1", "stages": stages}
    return [
        one.model_copy(update=more) if getattr(one, "id", "").endswith("-c2") else one
        for one in records
    ]


def write_snapshot_database(path: Path) -> None:
    """Write four traces: a plain one, one that differs today, one of another schema, a live one."""
    schema = ToolSchema(
        id=VALIDATOR_ID,
        tool="get_weather",
        tool_version="1",
        dialect="pydantic",
        definition=VALIDATOR,
        first_seen_at=moment(0),
    )
    refused = CallError(type="ConnectError", message="no route to api.test")
    attempts = [
        Attempt(
            id=f"try-{number}",
            call_id="b-trip-c2",
            attempt_number=number,
            outcome=Outcome.FAILED if number == 1 else Outcome.OK,
            started_at=moment(61),
            duration_ms=1.5 * number,
            error=refused if number == 1 else None,
        )
        for number in (1, 2)
    ]
    live = [
        trip("d-live", 180)[0].model_copy(update={"ended_at": None}),
        model_call("d-live", 1, asked("get_weather"), [{"role": "user", "content": "And now?"}]),
        tool_call("d-live", 2, "get_weather", outcome="unfinished", response=None),
    ]
    write(
        path,
        schema,
        *_shown(trip("a-trip", 0), OLD),
        *_validated(_shown(trip("b-trip", 60), OLD)),
        *_shown(trip("c-trip", 120), NEW),
        *_shown(live, NEW),
        *attempts,
        interaction("b-trip"),
        *_over_the_tool(replay_run()),
    )


def _over_the_tool(records: list[Any]) -> list[Any]:
    """Let the replay run say that it replayed the tool: today's schema is known by it."""
    run, *rest = records
    return [run.model_copy(update={"coverage": {"calls": {"get_weather": 3}}}), *rest]
