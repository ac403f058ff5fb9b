"""`--where`, `replay world` and `replay origins`, on a small database with real workers."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from tests.stepping.order_traces import write_orders

Printed = pytest.CaptureFixture[str]
TOOLS = ["--tools", "tests.stepping.order_tools:toolbox", "--path", "."]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "80")
    return str(write_orders(tmp_path / "orders.db"))


def test_show_prints_only_the_steps_that_fit(database: str, capsys: Printed) -> None:
    where = "response.status == 'lost' or len(payload.items) > 1"

    assert exit_code_of(["show", database, "orders-a", "--where", where]) == 0

    out = capsys.readouterr().out
    titles = [line for line in out.splitlines() if line[:2].strip().isdecimal()]
    assert [line.split()[:2] for line in titles] == [["6", "place"], ["10", "move"]]
    assert out.startswith("trace orders-a")


def test_show_gives_the_steps_that_fit_as_json(database: str, capsys: Printed) -> None:
    exit_code_of(["show", database, "orders-a", "--where", "version == '2'", "--json"])

    assert [one["step_number"] for one in json.loads(capsys.readouterr().out)] == [6]


def test_list_finds_the_traces_with_a_step_that_fits(database: str, capsys: Printed) -> None:
    assert exit_code_of(["list", database, "--where", "tool == 'move'"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["TRACE", "STEPS"]
    assert [line.split()[0] for line in lines[1:]] == ["orders-b", "orders-a"]
    assert "4, 10, 14" in lines[2]

    exit_code_of(["list", database, "--where", "tool == 'move' and step > 5", "--json"])
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["id"], found["steps"]) == ("orders-a", [10, 14])


def test_nothing_that_fits_is_said(database: str, capsys: Printed) -> None:
    assert exit_code_of(["list", database, "--where", "tool == 'fly'"]) == 0
    assert exit_code_of(["show", database, "orders-a", "--where", "step > 99"]) == 0

    said = capsys.readouterr()
    assert said.out == ""
    assert "No step of these traces fits" in said.err
    assert "No step of trace orders-a fits 'step > 99'" in said.err


def test_a_condition_that_cannot_be_read_shows_its_place(database: str, capsys: Printed) -> None:
    assert exit_code_of(["show", database, "orders-a", "--where", "payload.x >"]) == 3

    assert "A value is wanted after '>' (column 12):\n  payload.x >\n" in capsys.readouterr().err


def test_a_recording_does_not_hold_the_world(database: str, capsys: Printed) -> None:
    assert exit_code_of(["list", database, "--where", "world.paid > 1"]) == 3

    assert "replay world TRACE --where" in capsys.readouterr().err


def test_the_world_is_shown_step_by_step(database: str, capsys: Printed) -> None:
    assert exit_code_of(["world", database, "orders-a", *TOOLS]) == 0

    out = capsys.readouterr().out
    assert out.splitlines()[:6] == [
        "start  log (0), orders (1), paid 0",
        "    2  look  changes nothing",
        "    4  move",
        '       + log[0]: "moved W1"',
        '       ~ orders.W1.status: "open" → "sent"',
        "    6  place",
    ]
    assert '- orders.W2: {"items": ["cup", "pot"], "status": "open"}' in out


@pytest.mark.slow
def test_the_world_is_told_as_json_and_at_one_step(database: str, capsys: Printed) -> None:
    exit_code_of(["world", database, "orders-a", *TOOLS, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["start"]["orders"] == {"W1": {"status": "open", "items": ["tea"]}}
    assert told["steps"][1]["changes"][1] == {
        "path": ["orders", "W1", "status"],
        "before": "open",
        "after": "sent",
    }

    exit_code_of(["world", database, "orders-a", *TOOLS, "--step", "10"])
    assert json.loads(capsys.readouterr().out)["orders"]["W1"]["status"] == "lost"

    assert exit_code_of(["world", database, "orders-a", *TOOLS, "--step", "99"]) == 3
    assert "Its steps are 1 to 14; 0 is the start." in capsys.readouterr().err


@pytest.mark.slow
def test_watched_values_are_told_with_the_steps_that_changed_them(
    database: str, capsys: Printed
) -> None:
    watches = ["--watch", "world.orders['W1'].status", "--watch", "response.total"]

    assert exit_code_of(["world", database, "orders-a", *TOOLS, *watches]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "world.orders['W1'].status",
        '  start  "open"',
        '      4  "sent"',
        '     10  "lost"',
        '     14  "open"',
        "response.total",
        "      6  21.0",
    ]


@pytest.mark.slow
def test_steps_are_found_by_the_world_after_them(database: str, capsys: Printed) -> None:
    where = ["--where", "world.orders['W1'].status == 'lost' and kind == 'tool'"]

    exit_code_of(["world", database, "orders-a", *TOOLS, *where, "--json"])

    assert [one["step_number"] for one in json.loads(capsys.readouterr().out)] == [10, 12]


def test_without_tools_the_world_says_how_to_name_them(database: str, capsys: Printed) -> None:
    assert exit_code_of(["world", database, "orders-a"]) == 3

    assert "--tools package.module:toolbox" in capsys.readouterr().err


def test_origins_names_the_places_that_carried_a_value(database: str, capsys: Printed) -> None:
    asked = ["origins", database, "orders-a", "--step", "10", "--path", "payload.order"]

    assert exit_code_of([*asked, "--json"]) == 0

    places = json.loads(capsys.readouterr().out)["places"]
    assert [(one["step_number"], one["place"], one["path"]) for one in places][:3] == [
        (9, "prompt", ""),
        (2, "payload", "order"),
        (2, "response", "order"),
    ]
    assert exit_code_of(asked) == 0
    assert capsys.readouterr().out.splitlines()[:3] == [
        '"W1"',
        "    9  prompt    user",
        "         ~ Where is W1? (orders-a)",
    ]


def test_origins_tells_what_a_step_has_and_what_is_new(database: str, capsys: Printed) -> None:
    asked = ["origins", database, "orders-a", "--step", "10", "--path"]

    assert exit_code_of([*asked, "payload.name"]) == 3
    assert "Nearest: payload has order, status." in capsys.readouterr().err
    assert exit_code_of([*asked, "payload.status"]) == 0
    assert "nowhere before this step" in capsys.readouterr().err
    assert exit_code_of([*asked, "payload.x ="]) == 3


def test_the_worlds_of_many_traces_are_asked_for_on_stdin(
    database: str, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*options: str) -> str:
        monkeypatch.setattr("sys.stdin", StringIO("orders-a\n\norders-b\n"))
        assert exit_code_of(["world", database, "-", *TOOLS, *options]) == 0
        return capsys.readouterr().out

    told = [json.loads(line) for line in ask("--json").splitlines()]
    assert [one["trace"] for one in told] == ["orders-a", "orders-b"]
    monkeypatch.setattr("sys.stdin", StringIO())
    assert exit_code_of(["world", database, "orders-a", *TOOLS, "--json"]) == 0
    assert told[0] == json.loads(capsys.readouterr().out)

    lines = ask("--watch", "world.orders['W1'].status", "--json").splitlines()
    assert json.loads(lines[0]) == {"trace": "orders-a", "steps": [4, 10, 14]}
    out = ask("--where", "world.orders['W1'].status == 'lost'")
    assert out.startswith("trace orders-a")
    assert "orders-b" not in out


def test_a_trace_without_a_world_is_told_and_the_others_go_on(
    database: str, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("nowhere\norders-a\n"))
    assert exit_code_of(["world", database, "-", *TOOLS, "--watch", "world.orders.W1"]) == 0
    said = capsys.readouterr()
    assert "nowhere: " in said.err
    assert "1 of 2 traces; the world of 1 is not known." in said.err
    assert "trace orders-a" in said.out

    assert exit_code_of(["world", database, "-", *TOOLS, "--step", "1"]) == 3
    assert "--step is of one trace" in capsys.readouterr().err
