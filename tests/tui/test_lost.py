"""What becomes of a database while the terminal UI is open on it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.tui.person import Person, use
from tests.tui.records import trip, write


@pytest.mark.slow
def test_a_removed_database_is_told_and_a_new_one_of_its_name_is_opened(
    database: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    write(other, *trip("z-trip", 0))

    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        for name in ("traces.db", "traces.db-wal", "traces.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        await person.sees("is no longer there")
        await person.press("j")
        await person.sees("2 / 3")
        other.rename(database)
        await person.sees("1 trace · 3 tool calls", "z-trip")

    use(database, script)


@pytest.mark.slow
def test_a_database_that_is_replaced_is_opened_again_from_a_transcript_too(
    database: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    write(other, *trip("z-trip", 0))

    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        other.replace(database)
        await person.sees("1 trace · 3 tool calls", "z-trip")

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_one_that_is_replaced_by_no_database_is_told_on_the_first_screen(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        other = database.with_name("text")
        other.write_text("no database at all, but long enough to be one\n" * 10)
        other.replace(database)
        await person.sees("is not a database", "look again")

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_one_that_a_newer_replay_upgrades_is_told(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        connection = sqlite3.connect(database)
        connection.execute("UPDATE meta SET value = '99' WHERE name = 'format'")
        connection.commit()
        connection.close()
        await person.sees("has format 99")
        await person.press("j", "enter")

    use(database, script)


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 100, 4096, 20_000])
@pytest.mark.parametrize("trace", [None, "b-trip"])
def test_one_that_is_cut_is_told_and_no_key_breaks_anything(
    database: Path, size: int, trace: str | None
) -> None:
    async def script(person: Person) -> None:
        await person.sees("/ 3" if trace is None else "stopped at 3")
        os.truncate(database, size)
        await person.press("j", "k", "n", "G", "g", "x", "escape", "enter", "1", "8", "n", "p")
        await person.press("escape", "escape", "r", "enter", "escape")

    use(database, script, trace=trace)


@pytest.mark.slow
def test_one_that_is_locked_for_long_is_told_once_and_goes_on(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        holder = sqlite3.connect(database, isolation_level=None, timeout=5)
        holder.execute("BEGIN IMMEDIATE")  # a writer keeps no reader out
        await person.press("j", "enter")
        await person.sees("Steps")
        holder.execute("ROLLBACK")
        holder.close()

    use(database, script)


@pytest.mark.slow
def test_a_compacted_copy_in_its_place_is_what_is_shown(database: Path, tmp_path: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        copy = tmp_path / "copy.db"
        shutil.copy(database, copy)
        write(copy, *trip("y-trip", 400))
        copy.replace(database)
        await person.sees("4 traces", "y-trip")

    use(database, script)
