"""What leaves a database is masked where that is asked for, in every format; the card says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.cli.export import FORMATS, TRAINING
from replay.cli.main import exit_code_of
from replay.records import CallVerdict, ReplayRun
from replay.replayer.plan import tool_calls
from replay.store import Store
from replay.training.replayed import replayed_calls
from tests.interchange.chats import answers, asked_by_user, asks, call, chat, says

WHO, CARD, PASSWORD = "zoe.winter@mail.org", "4111 1111 1111 1111", "winter-is-c0ming"
FIND = {
    "type": "function",
    "function": {
        "name": "find",
        "description": f"Such as {WHO}.",
        "parameters": {
            "type": "object",
            "properties": {"email": {"type": "string"}, "password": {"type": "string"}},
            "required": ["email"],
            "additionalProperties": False,
        },
    },
}


def personal(name: str, **said: Any) -> dict[str, Any]:
    asked = {"email": WHO, "password": PASSWORD, **said}
    correction = {"tool": "find", "arguments": {"email": WHO}}
    feedback = {"step": 2, "tool_call_id": "c1", "rating": "bad", "correction": correction}
    return chat(
        asked_by_user(f"I am {WHO}, {name}."),
        asks(call("c1", "find", json.dumps(asked))),
        answers("c1", json.dumps({"card": CARD})),
        says(f"Found {WHO}."),
        id=name,
        model="m-1",
        tools=[FIND],
        human_feedback=[feedback] if said else [],
    )


@pytest.fixture
def database(tmp_path: Path) -> Path:
    lines = [personal("ann"), personal("ben", emial="x")]
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    path = tmp_path / "traces.db"
    assert exit_code_of(["import", str(path), str(tmp_path / "chats.jsonl")]) == 0
    return path


@pytest.mark.parametrize("name", [*FORMATS, *TRAINING])
def test_a_masked_export_holds_no_personal_value(name: str, database: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    assert (
        exit_code_of(["export", str(database), "--to", name, "-o", str(out), "--mask-personal"])
        == 0
    )

    files = [out] if out.is_file() else list(out.iterdir())
    written = "\n".join(path.read_text("utf-8") for path in files)
    assert "@example.com" in written
    assert not [one for one in (WHO, CARD, PASSWORD) if one in written]
    if name in TRAINING:
        card = (out / "README.md").read_text("utf-8")
        assert "Masked when it was exported: secrets, " in card
        assert "email" in card


def test_a_card_claims_no_masking_that_did_not_take_place(database: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    assert exit_code_of(["export", str(database), "--to", "openai-sft", "-o", str(out)]) == 0

    card = (out / "README.md").read_text("utf-8")
    assert "Not masked when it was exported" in card
    assert "| nothing | 2 |" in card


def test_a_call_that_a_run_did_not_run_ends_as_it_was_recorded(database: Path) -> None:
    at = "2026-11-26T09:00:00.000000Z"
    with Store.open(database, "w") as store:
        trace_id = store.trace_ids()[0]
        store.append(ReplayRun(id="run_1", toolbox="t:t", started_at=at, status="finished"))
        store.append(
            CallVerdict(
                run_id="run_1",
                trace_id=trace_id,
                tool_call_id=next(iter(tool_calls(store.transcript(trace_id)))).id,
                step_number=2,
                tool="find",
                verdict="not_run",
            )
        )
        store.flush()

        assert replayed_calls(store, "run_1").outcomes == {}
