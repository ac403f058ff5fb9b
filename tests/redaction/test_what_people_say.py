"""What is said of recordings later is masked as they are, and is found where it was not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cassettes.redaction import Redactor
from replay.cli.main import exit_code_of
from replay.cli.what_if import kept_branch
from replay.records import Branch, Edit, Finding, Outcome, ReplayRun, ToolCall, Trace
from replay.store import Store
from replay.store.mask_applying import apply
from replay.store.mask_looking import look
from replay.store.redaction import Redaction

AT = "2026-11-20T10:00:00.000000Z"
WHO = "zoe.winter@mail.org"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a ``traces.db`` that was masked, and no settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REPLAY_MASKING_KEY", raising=False)
    with Store.open("traces.db", "create") as store:
        store.append(Trace(id="t1", started_at=AT, attributes={"redacted": ["email"]}))
        store.append(
            ToolCall(
                id="c1",
                trace_id="t1",
                step_number=1,
                tool="find",
                arguments="{}",
                payload={},
                response="nobody",
                outcome=Outcome.OK,
                started_at=AT,
            )
        )
    return tmp_path


def say_it_everywhere() -> None:
    correction = json.dumps({"email": WHO, "password": "winter-is-c0ming"})
    said = ["--note", f"ask {WHO}", "--by", WHO, "--correction", correction]
    assert exit_code_of(["feedback", "traces.db", "t1", "--step", "1", *said]) == 0
    assert exit_code_of(["pin", "traces.db", "t1", "--note", f"ask {WHO}", "--by", WHO]) == 0
    assert exit_code_of(["hold", "traces.db", "t1", "--reason", f"{WHO} asked", "--by", WHO]) == 0


def files(folder: Path) -> bytes:
    return b"\0".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_feedback_pins_and_holds_are_masked_of_what_the_trace_was(folder: Path) -> None:
    say_it_everywhere()

    assert WHO.encode() not in files(folder)
    assert b"winter-is-c0ming" not in files(folder)
    with Store.open("traces.db") as store:
        [given] = store.transcript("t1").feedback
        assert given.correction["tool"] == "find"
        assert given.correction["arguments"]["email"].endswith("@example.com")
        assert given.text == f"ask {given.correction['arguments']['email']}"


def test_an_approvals_note_is_masked_in_the_committed_file_too(folder: Path) -> None:
    with Store.open("traces.db", "w") as store:
        run = ReplayRun(id="run_1", toolbox="shop:toolbox", started_at=AT, status="finished")
        finding = Finding(
            run_id="run_1",
            signature="0123456789ab",
            tool="find",
            verdict="response_changed",
            cause="code",
            title="find: otherwise",
            call_count=1,
            first_divergence_count=1,
            trace_count=1,
            tool_call_total=1,
            example_tool_call_id="c1",
            example_trace_id="t1",
            example_step_number=1,
        )
        store.append_all([run, finding])

    noted = ["approve", "traces.db", "0123", "--note", f"{WHO} said so"]
    assert exit_code_of([*noted, "--approvals", "approvals.jsonl"]) == 0

    assert b"said so" in Path("approvals.jsonl").read_bytes()
    assert WHO.encode() not in files(folder)


def test_mask_finds_and_masks_what_was_said_before_masking_was_on(folder: Path) -> None:
    Path("pyproject.toml").write_text("[tool.replay.mask]\nenabled = false\n")
    say_it_everywhere()
    redaction = Redaction(Redactor(b"k" * 32, environment=False, personal=["email"]))
    with Store.open("traces.db") as store:
        places = {one.place.split()[-2] for one in look(store, redaction).found}
    assert {"feedback", "pin", "hold"} <= places

    apply(folder / "traces.db", redaction)

    assert WHO.encode() not in files(folder)
    with Store.open("traces.db") as store:
        assert look(store, redaction).found == []
        assert store.pins()[0].note is not None
        assert store.pins()[0].note.endswith("@example.com")


def test_what_an_edit_says_is_masked_by_name_and_form_in_the_kept_branch(folder: Path) -> None:
    edit = Edit(step_number=1, part="arguments", edited={"email": WHO, "password": "winter"})
    told = {"what_if": {"trace_id": "t1", "edits": [edit.model_dump(mode="json")]}}
    run = ReplayRun(
        id="what_if_1",
        toolbox="shop:toolbox",
        started_at=AT,
        status="finished",
        options=told,
        branch=Branch(trace_id="t1", edits=[edit], steps=[]),
    )
    redaction = Redaction(Redactor(b"k" * 32, environment=False, personal=["email"]))
    with Store.open("traces.db") as store:
        transcript = store.transcript("t1")

    kept = kept_branch(run, transcript, redaction)

    assert WHO not in kept.model_dump_json()
    assert '"winter"' not in kept.model_dump_json()
    assert kept.branch is not None
    assert list(kept.branch.edits[0].edited) == ["email", "password"]
