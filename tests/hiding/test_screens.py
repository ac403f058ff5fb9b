"""What is hidden is on no screen, in no search and in nothing that is copied, until F3 asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.store import Store
from tests.hiding.desk import make_desk, planted_in
from tests.tui.person import Person, use


async def everything(person: Person) -> str:
    """Go through all steps of the trace in all tabs; return all that was on the screen."""
    seen = [person.screen]
    await person.press("enter")
    await person.sees("desk-1", "ship")
    await person.press("g")
    for _ in range(5):
        for tab in "12345678":
            await person.press(tab)
            seen.append(person.screen)
        await person.press("j")
    return "\n".join(seen)


@pytest.mark.slow
def test_no_screen_shows_what_is_hidden(desk: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("desk")
        text = await everything(person)
        await person.press("1", "tab", "y")
        copied = person.app.clipboard
        await person.press("R")  # the run that the verdicts are from
        await person.sees("Finding")
        text += person.screen
        for _ in range(3):
            await person.press("j")
            text += person.screen

        assert "•••••" in text
        assert planted_in(text) == []
        assert planted_in(copied) == []

    use(desk / "traces.db", script, size=(140, 50))


def test_f3_shows_it_notes_that_and_hides_it_again(desk: Path) -> None:
    async def script(person: Person) -> None:
        await person.press("enter")
        await person.sees("-   ", "•••••", "•••••≠")
        await person.press("f3")
        await person.sees("hidden values are shown", "Baker Street")
        await person.press("f3")
        await person.sees("hidden again", "•••••")
        assert planted_in(person.screen) == []

    use(desk / "traces.db", script, size=(140, 50))

    with Store.open("traces.db") as store:
        newest = store.audit_entries(1)[0]
    assert (newest.command, newest.act) == ("ui", "revealed")


def test_an_edited_branch_and_a_comparison_hide_it_too(desk: Path) -> None:
    words = ["what-if", "traces.db", "desk-1", "--step", "3", "--set", "note=fragile"]
    assert exit_code_of(words) in (1, 2)

    async def script(person: Person) -> None:
        await person.press("enter", "g", "j", "j", "I")
        await person.sees("Edited branch", "fragile", "•••••")
        seen = person.screen
        await person.press("y")
        await person.sees("copied")
        copied = person.app.clipboard
        await person.press("q", "v")
        await person.sees("Recorded and today")
        seen += person.screen

        assert "fragile" in copied
        assert planted_in(seen) == []
        assert planted_in(copied) == []

    use(desk / "traces.db", script, size=(140, 50))


def test_a_filter_does_not_find_what_is_hidden(desk: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("desk-1")
        await person.press("f", *"Baker", "enter")
        await person.sees_no("desk-1")

    use(desk / "traces.db", script)


def test_the_screen_reads_an_encrypted_database(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sqlcipher3", reason="SQLCipher is not installed")
    monkeypatch.setenv("REPLAY_DATABASE_KEY", "0123456789abcdef" * 4)
    path = make_desk(tmp_path)

    async def script(person: Person) -> None:
        await person.press("enter")
        await person.sees("desk-1", "ship", "•••••")

    use(path, script)

    assert not path.read_bytes().startswith(b"SQLite")
