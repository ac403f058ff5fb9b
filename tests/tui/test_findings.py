"""Replay runs, their findings, the difference, the way to the transcript, approving."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.store import Store
from tests.tui.person import Person, use
from tests.tui.records import trip, write
from tui.screens.findings import FindingsScreen


def test_from_a_run_to_its_finding_to_the_changed_call(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("r")
        await person.sees("Replay runs", "travel_v2:toolbox", "run-1", "2 same, 1 changed")
        await person.press("enter")
        await person.sees("get_weather: `temperature` is now `degrees`", "b-trip, step 3")
        assert '-   "temperature": 4' in person.screen
        assert '+   "degrees": 4' in person.screen
        assert "… 2 equal members" in person.screen
        await person.press("enter")
        await person.sees("stopped at 3", "≠ changed")
        await person.press("q", "q", "q")

        await person.sees("Traces")

    use(database, script)


def test_the_first_change_is_seen_as_soon_as_the_findings_are(database: Path) -> None:
    """Once the pane did not scroll there: the bar that allows scrolling was not there yet."""

    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("r", "enter")
        await person.sees('-   "temperature": 4', '+   "degrees": 4')

    use(database, script, size=(80, 20))


@pytest.mark.slow
def test_only_what_changed_is_open_and_the_rest_unfolds(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("r", "enter")
        await person.sees("equal members")
        await person.press("tab", "full_stop")
        assert "temperature" in str(person.app.screen.outline.value_here()) or (
            person.app.screen.outline.value_here() == 4
        )
        await person.press("j", "l")

        assert '"sky": "grey"' in person.screen

    use(database, script)


@pytest.mark.slow
def test_approving_is_asked_for_a_reason_and_stored(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("r", "enter")
        await person.sees("a approves it")
        await person.press("a", *"renamed", "enter")
        await person.sees("≈ approved")
        await person.press("q", "q")
        await person.sees("≈     11-20 10:01 b-trip")

    use(database, script)

    with Store.open(database) as store:
        (stored,) = store.approvals()
    assert (stored.signature, stored.note) == ("5161a7e1", "renamed")


@pytest.mark.slow
def test_escape_does_not_approve(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("r", "enter")
        await person.sees("a approves it")
        await person.press("a", *"oops", "escape")
        await person.sees("not approved")

    use(database, script)

    with Store.open(database) as store:
        assert store.approvals() == []


@pytest.mark.slow
def test_a_database_without_runs_says_how_to_make_one(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    write(path, *trip("a-trip", 0))

    async def script(person: Person) -> None:
        await person.sees("1 / 1")
        await person.press("r")
        await person.sees("no replay runs yet", "replay run")
        await person.press("enter", "q")

    use(path, script)


@pytest.mark.slow
def test_news_that_arrives_while_a_screen_is_being_put_up_waits_for_it(database: Path) -> None:
    """Another process wrote as findings were opened; the poll asked a screen without widgets."""

    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("r")
        await person.sees("run-1")
        app = person.app
        write(database, *trip("d-trip", 180))
        app.push_screen(FindingsScreen("run-1"))
        app._poll()  # before the loop has mounted anything
        is_still_news = app.the_database.has_changed()
        await person.sees("temperature", "b-trip, step 3")

        assert is_still_news

    use(database, script)
