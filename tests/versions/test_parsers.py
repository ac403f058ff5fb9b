"""`replay run --parser` and `replay schema parsers`: two parsers over the same recorded calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.errors import SelectionError
from replay.records import Trace, Verdict
from replay.replayer import Replayer
from replay.store import Store
from tests.versions.conftest import Change, changed

OLD = """
@toolbox.tool(name="book", version="1")
def book(room: int, guest: str, day: str = "today") -> dict:
    return {"room": room, "guest": guest, "day": day}

@toolbox.tool(version="1")
def free(day: str) -> bool:
    return True

@toolbox.tool
def ping() -> str:
    return "pong"
"""
NEW = """
@toolbox.tool(name="book", version="1")
def book_1(room: int, guest: str, day: str = "today") -> dict:
    return {"room": room, "guest": guest, "day": day}

@toolbox.tool(name="book", version="2")
def book_2(room: int, person: str, count: int, day: str = "today") -> dict:
    return {"room": room, "guest": person, "day": day}

@toolbox.translate("book", "1", "2")
def person(old: dict) -> dict:
    if old["guest"] == "nobody":
        raise ValueError("no guest")
    new = {"room": old["room"], "person": old["guest"][:3], "day": old.get("day", "today")}
    return new if old["guest"] == "Zoe" else {**new, "count": 1}

@toolbox.tool(version="2")
def free(day: str, strictly: bool = False) -> bool:
    return True

@toolbox.tool
def ping() -> str:
    return "pong"
"""
CALLS = [
    ("book", {"room": 7, "guest": "Ann"}),
    ("book", {"room": 8, "guest": "nobody"}),
    ("book", {"room": 9, "guest": "Zoe"}),
    ("book", {"room": 1, "guest": "Maximilian"}),
    ("book", {"room": "7", "guest": "Ann"}),
    ("free", {"day": "May 1"}),
    ("ping", {}),
]

Printed = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Change:
    return changed(tmp_path_factory.mktemp("hotel"), OLD, NEW, CALLS)


@pytest.fixture
def hotel(recorded: Change, monkeypatch: pytest.MonkeyPatch) -> Change:
    monkeypatch.chdir(recorded.folder)
    monkeypatch.setenv("COLUMNS", "80")
    return recorded


def compared(capsys: Printed, *words: str) -> tuple[int, dict[str, Any]]:
    code = exit_code_of(["schema", "parsers", "--tools", "new:toolbox", "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def test_old_and_new_are_compared_by_tool_and_reason(hotel: Change, capsys: Printed) -> None:
    code, report = compared(capsys)

    book, free, ping = report["tools"]
    assert code == 1
    assert [
        (one["kind"], one["reason"], one["calls"], one["step_number"])
        for one in book["disagreements"]
    ] == [
        (
            "rejects",
            "failed in translate: The translation from version 1 to 2 failed: ValueError: no guest",
            1,
            2,
        ),
        ("rejects", "missing `count`", 1, 3),
        ("reads", "loses `guest`", 1, 4),
    ]
    assert (book["old"]["accepted"], book["new"]["accepted"], book["calls"]) == (4, 2, 5)
    assert (book["old"]["versions"], book["new"]["translated"]) == ({"1": 5}, 4)
    assert book["old"]["p50_us"] > 0
    assert free["old"]["as_recorded"] == 1
    assert free["disagreements"] == ping["disagreements"] == []


def test_the_comparison_reads_well_at_80_columns(hotel: Change, capsys: Printed) -> None:
    exit_code_of(["schema", "parsers", "--tools", "new:toolbox", "--tool", "book"])

    printed = capsys.readouterr().out
    assert printed.startswith("Parsers, old against new: they agree on 2 of 5 calls\n")
    assert "✗ only new rejects: missing `count`; 1 call\n    first in trace t1, step 3" in printed
    assert "~ new loses `guest`; 1 call" in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_strict_and_flexible_are_compared_in_the_same_way(hotel: Change, capsys: Printed) -> None:
    code, report = compared(capsys, "--parser", "strict:flexible", "--tool", "book")

    (book,) = report["tools"]
    assert code == 2
    assert (book["strict"]["accepted"], book["flexible"]["accepted"]) == (2, 3)
    assert [(one["kind"], one["calls"]) for one in book["disagreements"]] == [("accepts", 1)]


def test_parsers_that_agree_end_with_0(hotel: Change, capsys: Printed) -> None:
    code, report = compared(capsys, "--tool", "ping")

    assert (code, report["tools"][0]["disagreements"]) == (0, [])


@pytest.mark.parametrize(
    ("parser", "said"),
    [
        ("old", "'old' is one parser; two are compared, as old:new."),
        ("old:old", "'old' cannot be compared with itself."),
        ("old:newer", "There is no parser 'newer'."),
    ],
)
def test_parsers_that_are_not_two_are_refused(
    hotel: Change, capsys: Printed, parser: str, said: str
) -> None:
    assert exit_code_of(["schema", "parsers", "--tools", "new:toolbox", "--parser", parser]) == 3
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("parser", "verdict", "version"),
    [("old", Verdict.SAME, "1"), ("new", Verdict.NOW_REJECTED, "2")],
)
def test_a_run_may_say_who_reads(
    hotel: Change, parser: Any, verdict: Verdict, version: str
) -> None:
    run = hotel.replay(parser=parser)

    third = hotel.verdicts(run)[2]
    assert third.replayed is not None
    assert (third.verdict, third.replayed.tool_version) == (verdict, version)
    assert run.options["parser"] == parser


@pytest.mark.slow
def test_a_run_by_both_runs_the_new_one_and_tells_where_they_disagree(
    hotel: Change, capsys: Printed
) -> None:
    code = exit_code_of(["run", "--tools", "new:toolbox", "--jobs", "1", "--parser", "both"])

    printed = capsys.readouterr().out
    assert code == 1
    assert "Parsers, old against new: they agree on 4 of 7 calls" in printed
    assert "Arguments were read by the parser `new`" in printed
    assert exit_code_of(["diff", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["run"]["coverage"]["parsers"]["first"] == "old"


def test_calls_of_which_no_version_is_known_are_told_and_not_compared(
    tmp_path: Path, hotel: Change, capsys: Printed
) -> None:
    imported = [
        call.model_copy(update={"tool_version": None, "schema_hash": None})
        for call in hotel.calls()
    ]
    trace = Trace(id="t1", started_at=imported[0].started_at)
    with Store.open(tmp_path / "imported.db", "create") as store:
        store.append_all([trace, *imported])

    code = exit_code_of(
        ["schema", "parsers", str(tmp_path / "imported.db"), "--tools", "new:toolbox"]
    )

    assert code == 3
    assert "7 calls not compared: the recording does not say which" in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_goes_on_with_the_parser_that_it_began_with(hotel: Change) -> None:
    with hotel.store() as store:
        run = hotel.replay(parser="old")
        store.append(run.model_copy(update={"status": "interrupted"}))
        replayer = Replayer(store, toolbox="new:toolbox", folder=hotel.folder, parser="new", jobs=1)

        with pytest.raises(SelectionError, match="reads with the parser 'old'"):
            replayer.run(resume=run.id)
