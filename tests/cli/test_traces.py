from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.records import Attempt, CallError, Outcome, Trace
from replay.store import Store

Printed = pytest.CaptureFixture[str]


def test_list_shows_the_newest_first_with_whole_ids(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["list"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "TRACE      STARTED (UTC)     APP   MODEL   CALLS  NOT OK  ASKED",
        "t3-kettle  2026-11-23 09:00  shop  demo-1      1       -  What is a kettle? Tel…",
        "t2-cup     2026-11-22 09:00  shop  demo-1      1       -  What is a cup? Tell m…",
        "t1-tea     2026-11-21 09:00  shop  demo-1      1       -  What is a tea? Tell m…",
    ]


def test_list_selects_and_limits(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["list", "--since", "2026-11-22", "--limit", "1", "--json"]) == 0

    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == ["t3-kettle"]


def test_an_empty_database_says_how_to_fill_it(tmp_path: Path, capsys: Printed) -> None:
    database = tmp_path / "new.db"
    Store.open(database, mode="create").close()

    assert exit_code_of(["list", str(database)]) == 0

    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{database} holds no traces yet" in printed.err
    assert "replay record" in printed.err
    assert "replay import" in printed.err
    assert "replay demo" in printed.err


def test_a_selection_that_fits_nothing_says_what_there_is(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["list", "--tool", "prize"]) == 0

    assert capsys.readouterr().err == ("No trace fits --tool prize.\nTools in traces.db: price.\n")


def test_show_tells_the_conversation_step_by_step(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["show", "t1"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "trace t1-tea",
        "shop · recorded 2026-11-21 09:00:00 UTC · 1 model call, 1 tool call",
        "labels: item=tea",
        "",
        "user     What is a tea?",
        "         Tell me quickly.",
        " 1  model demo-1  calls price  812 ms",
        " 2  price  ok  3 ms",
        '    asked    {"item": "tea"}',
        '    told     {"item":"tea","price":3}',
    ]


def test_show_step_shows_everything_of_one_step(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["show", "t1", "--step", "2"]) == 0

    printed = capsys.readouterr().out
    for fact in ["t1-tea-c1", "payload", "result", "response", '{"item": "tea"}']:
        assert fact in printed


def tries(call_id: str, *endings: dict[str, object]) -> list[Attempt]:
    return [
        Attempt(
            id=f"{call_id}-a{number}",
            call_id=call_id,
            attempt_number=number,
            started_at=f"2026-11-21T09:00:0{number}.000000Z",
            **ending,  # type: ignore[arg-type]  # fields of the record, by name
        )
        for number, ending in enumerate(endings, start=1)
    ]


def test_show_marks_a_retried_step_and_lists_its_attempts(folder: Path, capsys: Printed) -> None:
    failed: dict[str, object] = {
        "outcome": Outcome.FAILED,
        "duration_ms": 40.0,
        "error": CallError(type="TimeoutError", message="no \x1b[2Janswer"),
    }
    turned_away: dict[str, object] = {"status_code": 429, "duration_ms": 12.0}
    with Store.open("traces.db", mode="w") as store:
        call = store.tool_call("t1-tea-c1")
        asked = call.model_call_id
        assert asked is not None
        store.append_all(tries(call.id, failed, {"outcome": Outcome.OK, "duration_ms": 3.0}))
        store.append_all(tries(asked, turned_away, {}, {"status_code": 200}))

    assert exit_code_of(["show", "t1"]) == 0
    overview = capsys.readouterr().out.splitlines()
    assert exit_code_of(["show", "t1", "--step", "1"]) == 0
    model = capsys.readouterr().out.splitlines()
    assert exit_code_of(["show", "t1", "--step", "2"]) == 0
    tool = capsys.readouterr().out.splitlines()

    assert " 1  model demo-1  calls price  3 attempts  812 ms" in overview
    assert " 2  price  ok  2 attempts  3 ms" in overview
    assert [line.strip() for line in model if "attempt " in line] == [
        "attempt 1    status 429, 12 ms",
        "attempt 2    no end recorded",
        "attempt 3    status 200",
    ]
    first, second = (line.strip() for line in tool if "attempt " in line)
    assert first.startswith("attempt 1    failed, 40 ms, TimeoutError: no ")
    assert "\x1b" not in first
    assert second == "attempt 2    ok, 3 ms"


def test_show_tells_what_was_noted_of_a_call(folder: Path, capsys: Printed) -> None:
    with Store.open("traces.db", mode="w") as store:
        call = store.tool_call("t1-tea-c1")
        noted = {"notes": ["Arguments translated: cost → price 2."]}
        store.append(call.model_copy(update={"attributes": noted}))

    assert exit_code_of(["show", "t1", "--step", "2"]) == 0
    assert "    note         Arguments translated: cost → price 2.\n" in capsys.readouterr().out


def test_show_json_is_the_records(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["show", "t1", "--step", "2", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["arguments"] == '{"item": "tea"}'


def test_a_step_that_is_not_there_is_told_with_those_that_are(
    folder: Path, capsys: Printed
) -> None:
    assert exit_code_of(["show", "t1", "--step", "9"]) == 3

    assert capsys.readouterr().err == (
        "Error: Trace 't1-tea' has no step 9.\nIts steps are 1 to 2.\n"
    )


def test_a_trace_that_is_not_there_is_told(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["show", "nope"]) == 3

    assert "nope" in capsys.readouterr().err


def test_a_recorded_escape_code_never_reaches_the_terminal(folder: Path, capsys: Printed) -> None:
    with Store.open("traces.db", mode="w") as store:
        call = store.tool_call("t1-tea-c1")
        store.append(call.model_copy(update={"response": "\x1b[2Jgone", "tool": "a\x1b[31m"}))

    assert exit_code_of(["show", "t1"]) == 0
    assert exit_code_of(["show", "t1", "--step", "2"]) == 0
    assert exit_code_of(["list"]) == 0

    assert "\x1b" not in capsys.readouterr().out


def test_long_ids_are_shown_by_a_beginning_that_commands_accept(
    folder: Path, capsys: Printed
) -> None:
    ids = [f"t660c71da{number:02}e762f7afe8068" for number in range(12)]
    with Store.open("long.db", mode="create") as store:
        for number, name in enumerate(ids):
            at = f"2026-11-21T09:00:{number:02}.000000Z"
            store.append(Trace(id=name, app="shop", started_at=at))

    assert exit_code_of(["list", "long.db"]) == 0

    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert shown == [f"{name[:16]}…" for name in reversed(ids)]
    assert exit_code_of(["show", "long.db", shown[0]]) == 0
    assert f"trace {ids[-1]}" in capsys.readouterr().out
