"""`replay what-if`, `pin`, `pins` and `run --pinned`, on tools that run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.records import ToolCall, Trace
from replay.store import Store
from tests.tui.shop import TOOLS, make_shop, moment

KINDS = ("today", "edited")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return make_shop(tmp_path)


def what_if(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = exit_code_of(["what-if", "traces.db", "tea", *words, "--json"])
    told = capsys.readouterr()
    return code, json.loads(told.out) if told.out else told.err


def answers(branch: Any, which: str) -> list[Any]:
    return [json.loads(step[which]["replayed"]["response"]) for step in branch["branch"]["steps"]]


def test_an_edited_argument_runs_on_through_the_world_of_the_later_calls(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, run = what_if(capsys, "--step", "4", "--set", "count=5")

    assert code == 2
    assert answers(run, "today") == [
        {"item": "tea", "cents": 30},
        {"order": "order-2", "count": 2},
        {"order": "order-2", "items": 2},
    ]
    assert answers(run, "edited")[1:] == [
        {"order": "order-5", "count": 5},
        {"order": "order-2", "items": 5},
    ]
    steps = run["branch"]["steps"]
    assert [step["differs"] for step in steps] == [False, True, True]
    assert steps[2]["gone"] == ["order"]
    assert run["options"]["what_if"]["edits"][0]["edited"] == {"item": "tea", "count": 5}


def test_the_recording_stays_and_the_branch_is_nobodys_newest_verdict(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(shop) as store:
        recorded = store.transcript("tea")
    assert exit_code_of(["run", "traces.db"]) == 2
    capsys.readouterr()
    _, run = what_if(capsys, "--step", "4", "--set", "count=5")

    with Store.open(shop) as store:
        assert store.transcript("tea") == recorded
        assert [one.id for one in store.runs()] == [store.run("latest").id]
        assert store.run("latest").id != run["id"]
        assert {one.id for one in store.runs(what_ifs=True)} == {
            run["id"],
            store.run("latest").id,
        }
        assert store.findings(run["id"]) == store.verdicts(run["id"]) == []
        assert store.check() == []
    capsys.readouterr()
    assert exit_code_of(["runs", "traces.db"]) == 0
    assert run["id"] in capsys.readouterr().out
    assert exit_code_of(["diff", "traces.db", run["id"]]) == 0
    assert "2 calls of 3 differ by it: steps 4, 6." in capsys.readouterr().out


def test_an_edited_outside_answer_is_what_the_tool_is_answered(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, run = what_if(capsys, "--step", "2", "--outside", '1={"rate": 100, "as": "of today"}')
    assert (code, answers(run, "edited")[0]) == (2, {"item": "tea", "cents": 300})

    code, run = what_if(capsys, "--step", "2", "--outside", '1={"status": 503, "body": "down"}')
    assert code == 1
    assert run["branch"]["steps"][0]["edited"]["verdict"] == "now_failing"


def test_an_edited_response_is_told_and_the_later_calls_are_conditional(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "told.json").write_text('{"order": "order-77", "count": 2}')
    code = exit_code_of(["what-if", "traces.db", "tea", "--step", "4", "--response", "@told.json"])
    said = capsys.readouterr().out

    assert code == 2
    assert '+ order: "order-77"' in said
    assert "as today" in said
    assert "its `order` stood in an answer that no longer says it" in said
    assert "The calls after the first that differs are conditional." in " ".join(said.split())


def test_all_arguments_can_be_given_and_no_difference_ends_with_0(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, run = what_if(capsys, "--step", "4", "--arguments", '{"item": "cup", "count": 2}')

    assert code == 0
    assert not any(step["differs"] for step in run["branch"]["steps"][:1])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--step", "1", "--set", "a=1"], "Step 1 of trace 'tea' is no tool call."),
        (["--step", "4"], "Nothing is edited: step 4 stays as it was recorded."),
        (["--step", "4", "--set", "count=2"], "Nothing is edited"),
        (["--step", "4", "--set", "a.b=1"], "The arguments have no place 'a.b'"),
        (["--step", "4", "--set", "a"], "--set 'a' changes no argument."),
        (["--step", "4", "--arguments", "[1]"], "are no JSON object."),
        (["--step", "4", "--arguments", "{"], "What --arguments gives is no JSON"),
        (["--step", "4", "--arguments", "@no.json"], "The file 'no.json' cannot be read"),
        (["--step", "4", "--outside", "1=2"], "Step 4 has no question 1 to the outside."),
        (["--step", "2", "--outside", "x=2"], "--outside 'x=2' answers no question."),
        (["--step", "2", "--outside", '1={"status": "bad"}'], "The status 'bad' is no number."),
    ],
)
def test_what_cannot_be_edited_is_said_in_words(
    shop: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    code, told = what_if(capsys, *words)

    assert code == 3
    assert said in told
    assert "Traceback" not in told


# -- pins -----------------------------------------------------------------------------------------


def test_of_a_trace_that_is_pinned_by_a_step_only_that_step_is_judged(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["run", "traces.db", "--pinned"]) == 3
    assert exit_code_of(["pin", "traces.db", "tea", "--step", "4", "--note", "sold twice"]) == 0
    assert exit_code_of(["pins", "traces.db"]) == 0
    assert "sold twice" in capsys.readouterr().out
    assert exit_code_of(["run", "traces.db", "--pinned"]) == 0
    with Store.open(shop) as store:
        judged = store.verdicts("latest")
        assert [one.step_number for one in judged] == [4]
        assert store.run("latest").selection == {"pinned": True}

    assert exit_code_of(["pin", "traces.db", "te"]) == 0
    assert exit_code_of(["run", "traces.db", "--pinned"]) == 2  # the receipt has other fields
    assert exit_code_of(["unpin", "traces.db", "tea"]) == 0
    capsys.readouterr()
    assert exit_code_of(["unpin", "traces.db", "tea", "--step", "4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"trace_id": "tea", "step_number": 4, "pinned": False}
    assert exit_code_of(["unpin", "traces.db", "tea"]) == 3
    assert "Trace tea is not pinned." in capsys.readouterr().err


def test_pins_are_shown_and_exported_with_their_trace(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code_of(["pin", "traces.db", "tea", "--note", "first", "--by", "me"])
    exit_code_of(["pin", "traces.db", "tea", "--note", "again", "--by", "me"])
    capsys.readouterr()
    assert exit_code_of(["show", "traces.db", "tea"]) == 0
    assert "pinned: the trace, by me: again" in capsys.readouterr().out
    assert exit_code_of(["export", "traces.db", "--to", "records", "--output", "out.jsonl"]) == 0
    assert exit_code_of(["import", "other.db", "out.jsonl"]) == 0

    with Store.open(shop) as store, Store.open(tmp_path / "other.db") as other:
        assert other.pins() == store.pins()


def test_a_call_that_only_finds_another_state_does_not_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    calls = [("buy", '{"item": "tea", "count": 2}'), ("wait", '{"seconds": 0}')]
    later = [
        ToolCall(
            id=f"late-c{number}",
            trace_id="late",
            step_number=number,
            tool=tool,
            arguments=arguments,
            response='{"order": "order-2", "count": 2}' if tool == "buy" else "done",
            outcome="ok",
            state_hash="b2-16:00",
            started_at=moment(30 + number),
        )
        for number, (tool, arguments) in enumerate(calls, start=1)
    ]
    make_shop(tmp_path, Trace(id="late", started_at=moment(30)), *later)
    state = "\n\n@toolbox.state\ndef state(world):\n    return world\n"
    (tmp_path / "shop.py").write_text(TOOLS + state)

    words = ["what-if", "traces.db", "late", "--step", "1", "--set", "count=5", "--json"]
    assert exit_code_of(words) == 2

    steps = json.loads(capsys.readouterr().out)["branch"]["steps"]
    states = [{step[which]["replayed"]["state_hash"] for step in steps} for which in KINDS]
    assert [step["differs"] for step in steps] == [True, False]
    assert len(states[0] | states[1]) > 1
