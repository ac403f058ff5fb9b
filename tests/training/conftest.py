"""Conversations with every kind of mistake, as files have them, read into a database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from tests.interchange.chats import answers, asked_by_user, asks, call, chat, says

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": CITY}}

Export = Callable[..., dict[str, list[dict[str, Any]]]]
"""Export lines of chats as training data; the lines of each part."""


def weather(city: str, arguments: str | None = None, **more: Any) -> dict[str, Any]:
    """One question, one call, one answer."""
    asked = arguments or json.dumps({"city": city})
    return chat(
        asked_by_user(f"Weather in {city}?"),
        asks(call("c1", "get_weather", asked)),
        answers("c1", "15 C"),
        says(f"15 degrees in {city}."),
        **{"id": f"w/{city}", "model": "m-1", "tools": [WEATHER], **more},
    )


def retried(city: str, arguments: str) -> dict[str, Any]:
    """A call that is turned away, and the same again as it should be."""
    return chat(
        asked_by_user(f"Weather in {city}?"),
        asks(call("c1", "get_weather", arguments)),
        answers("c1", "Error: invalid", error=True),
        asks(call("c2", "get_weather", json.dumps({"city": city})), content="Sorry, once more."),
        answers("c2", "15 C"),
        says(f"15 degrees in {city}."),
        id=f"r/{city}",
        model="m-1",
        tools=[WEATHER],
    )


def corrected(city: str, wrong: str, correction: Any) -> dict[str, Any]:
    """A call that is fine, and not what a person would have called."""
    said = {"step": 2, "tool_call_id": "c1", "rating": "bad", "correction": correction}
    return weather(city, json.dumps({"city": wrong}), id=f"c/{city}", human_feedback=[said])


@pytest.fixture
def export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Export:
    def exported(format_name: str, *chats: dict[str, Any], options: str = "") -> Any:
        (tmp_path / "chats.jsonl").write_text("".join(json.dumps(one) + "\n" for one in chats))
        database, folder = tmp_path / "traces.db", tmp_path / "data"
        if chats:
            database.unlink(missing_ok=True)
            assert exit_code_of(["import", str(database), str(tmp_path / "chats.jsonl")]) == 0
        arguments = ["export", str(database), "--to", format_name, "-o", str(folder)]
        assert exit_code_of([*arguments, *options.split()]) == 0, capsys.readouterr().err
        return {
            path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            for path in folder.glob("*.jsonl")
        }

    return exported
