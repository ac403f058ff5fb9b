"""The first screen is not left by accident: Esc ends what is under way, and never the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.person import Person, use


def is_running(person: Person) -> bool:
    return person.app.is_running and not person.app._exit


def test_esc_clears_the_filter_then_says_what_quits_and_q_quits(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("f", *"b-trip", "enter")
        await person.sees("1 / 1 of 3")
        await person.press("escape")
        await person.sees("/ 3 ")
        for _ in range(3):
            await person.press("escape")
            await person.sees("nothing to cancel", "q quits")
            assert is_running(person)
        await person.pilot.press("q")
        assert not is_running(person)

    use(database, script)


def test_esc_stays_where_nothing_was_recorded_yet_and_q_quits(tmp_path: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("Nothing recorded yet")
        await person.press("escape")
        await person.sees("nothing to cancel", "q quits")
        assert is_running(person)
        await person.pilot.press("q")
        assert not is_running(person)

    use(tmp_path / "traces.db", script)


def test_a_filter_that_cannot_be_read_is_asked_again_and_the_one_before_holds(
    database: Path,
) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("f", *"verdict:changed", "enter")
        await person.sees("1 / 1 of 3 · verdict:changed")
        await person.press("f", "ctrl+u", *"since:zz", "enter")
        await person.sees("'zz' is no moment", "filter since:zz", "1 / 1 of 3 · verdict:changed")
        await person.press("escape")
        await person.sees("filter verdict:changed   1 trace")
        await person.press("f", "ctrl+u", *"since:zz", "enter", "ctrl+u", *"a-trip", "enter")
        await person.sees("1 / 1 of 3 · a-trip")

    use(database, script)


def test_esc_takes_an_error_as_read_before_it_clears_the_filter(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("f", *"b-trip", "enter")
        await person.sees("1 / 1 of 3")
        person.app.screen._apply("since:zz")
        await person.sees("'zz' is no moment")
        await person.press("escape")
        await person.sees("filter b-trip   1 trace")
        await person.press("escape")
        await person.sees("/ 3 ")

    use(database, script)


def test_what_it_offers_to_copy_records_to_the_database_that_it_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def below(person: Person) -> None:
        await person.sees('Recorder("nonexist/x.db")', "replay record --db nonexist/x.db -- python")

    async def here(person: Person) -> None:
        await person.sees('Recorder("traces.db")', "replay record -- python my_agent.py")

    use(Path("nonexist/x.db"), below)
    use(tmp_path / "nonexist" / "x.db", below)
    use(tmp_path / "traces.db", here)
