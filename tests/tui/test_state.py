"""Where one was is kept across starts, and nothing that is in its file does harm."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.tui.person import Person, use
from tui.state import SIZE_MAX, Place, State


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state" / "replay" / "ui.json")


@pytest.mark.slow
def test_the_list_and_a_transcript_open_where_one_was(database: Path, state: State) -> None:
    async def first(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("s", "S", "j", "enter")
        await person.sees("Steps")
        await person.press("n", "n", "6")
        await person.sees("stopped at")

    async def second(person: Person) -> None:
        await person.sees("2 / 3", "trace↓")
        await person.press("enter")
        await person.sees("stopped at", "duration")
        assert person.app.screen.tab == "Timing"

    use(database, first, state=state)
    kept = state.place_in(database)
    assert kept.sort == ("trace", True)
    assert len(kept.steps) == 1
    use(database, second, state=State(state.path))


@pytest.mark.slow
def test_a_trace_on_the_command_line_opens_where_one_was_in_it(
    database: Path, state: State
) -> None:
    async def first(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("n")
        await person.sees("stopped at 4")

    async def second(person: Person) -> None:
        await person.sees("stopped at 4")

    use(database, first, state=state, trace="b-trip")
    use(database, second, state=State(state.path), trace="b-trip")


def test_the_theme_is_as_it_was_left_unless_another_is_named(database: Path, state: State) -> None:
    themes: list[str] = []

    async def turn(person: Person) -> None:
        await person.sees("1 / 3")
        themes.append(person.app.theme)
        await person.press("f2")

    use(database, turn, state=state)
    use(database, turn, state=State(state.path))
    use(database, turn, state=State(state.path), theme="light")
    state.keep(database, Place(trace="a-trip"))
    assert [one.removeprefix("replay-") for one in themes] == ["dark", "light", "light"]
    assert State(state.path).theme() == "dark"
    assert state.place_in(database).trace == "a-trip"


HOSTILE = [
    b"",
    b"\x00\xff\xfe",
    b"[]",
    b"{",
    b"[" * 100_000,
    b'{"version": 1, "databases": []}',
    b'{"version": 99, "databases": {}}',
    b'{"version": 1, "databases": {"%s": 7}}',
    b'{"version": 1, "databases": {"%s": {"trace": 7, "sort": "x", "steps": [1]}}}',
    b'{"version": 1, "databases": {"%s": {"sort": ["; DROP TABLE", 1], "trace": "\\u001b[2J"}}}',
    b'{"version": 1, "databases": {"%s": {"steps": {"b-trip": ["x", 7], "c": [], "d": null}}}}',
    b'{"version": 1, "theme": ["light"], "databases": {}}',
    b" " * (SIZE_MAX + 1),
]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_state_file_is_as_none(database: Path, state: State, content: bytes) -> None:
    assert state.path is not None
    state.path.parent.mkdir(parents=True)
    state.path.write_bytes(content.replace(b"%s", str(database).encode()))

    async def script(person: Person) -> None:
        await person.sees("1 / 3", "started↓")

    use(database, script, state=state)
    assert json.loads(state.path.read_text())["databases"][str(database)]["trace"] == "c-trip"


def test_a_state_file_that_cannot_be_written_costs_only_the_memory(
    database: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    state = State(tmp_path / "file" / "replay" / "ui.json")

    state.keep(database, Place(trace="a-trip"))

    assert state.place_in(database) == Place()


def test_what_other_databases_had_stays_and_no_other_file_is_left(
    tmp_path: Path, state: State
) -> None:
    for name in "abc":
        state.keep(tmp_path / f"{name}.db", Place(trace=name, steps={"t": ("s", "Output")}))
    state.keep(tmp_path / "a.db", Place(trace="z"))

    assert state.place_in(tmp_path / "b.db") == Place(trace="b", steps={"t": ("s", "Output")})
    assert state.place_in(tmp_path / "a.db").trace == "z"
    assert state.path is not None
    assert [one.name for one in state.path.parent.iterdir()] == ["ui.json"]
    assert os.stat(state.path).st_mode & 0o077 == 0


def test_the_file_is_under_xdg_state_home_else_under_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert State.of_user().path == tmp_path / "xdg" / "replay" / "ui.json"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert State.of_user().path == tmp_path / "home" / ".local" / "state" / "replay" / "ui.json"
