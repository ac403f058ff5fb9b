"""The list of traces: paging, filter, live recording, and everything that can be in its way."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from replay.records import Trace
from tests.tui.person import Person, use
from tests.tui.records import moment, replay_run, trip, write
from tui.rows.database import Database


def test_the_newest_trace_is_first_and_its_verdict_beside_it(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("3 traces · 9 tool calls")
        lines = [
            line for line in person.screen.splitlines() if "-trip" in line and "asked" not in line
        ]

        assert "c-trip" in lines[0]
        assert "·  " in lines[0]
        assert "≠  " in lines[1]
        assert "b-trip" in lines[1]
        assert "What is the weather for" in lines[1]

    use(database, script)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("b-trip", ["b-trip"]),
        ("verdict:any", ["b-trip"]),
        ("verdict:now_failing", []),
        ("tool:book outcome:failed", ["c-trip", "b-trip", "a-trip"]),
        ("tool:get_weather outcome:failed", []),
        ('"weather for a"', ["a-trip"]),
        ("app:trip until:2026-11-20T10:01:30", ["b-trip", "a-trip"]),
        ("OSLO", ["c-trip", "b-trip", "a-trip"]),
        ('"weather for c', ["c-trip", "b-trip", "a-trip"]),
        ("100%", []),
    ],
)
def test_a_filter_leaves_the_traces_it_names(database: Path, typed: str, left: list[str]) -> None:
    async def script(person: Person) -> None:
        await person.sees("3 traces")
        person.app.screen.action_filter()
        person.app.screen.prompt.query_one("Input").value = typed
        await person.press("enter")
        await person.sees(f"{len(left)} trace")

        shown = [person.app.screen.table.traces.line(at).id for at in range(len(left))]
        assert shown == left
        assert len(person.app.screen.table.traces) == len(left)
        await person.press("escape")
        await person.sees("/ 3 ")

    use(database, script)


@pytest.mark.slow
def test_the_list_follows_a_filter_while_it_is_typed(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("f", *"b-tr")
        await person.sees("1 / 1")
        await person.press("escape")
        await person.sees("/ 3 ")

    use(database, script)


@pytest.mark.slow
def test_a_filter_that_does_not_exist_names_the_nearest(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("f", *"outcom:failed", "enter")

        await person.sees("There is no filter 'outcom'. Nearest: outcome")

    use(database, script)


@pytest.mark.slow
def test_a_recording_that_goes_on_shows_up_and_the_cursor_stays_on_its_trace(
    database: Path,
) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("j")
        await person.sees("2 / 3")
        write(database, Trace(id="d-trip", app="trip", started_at=moment(300)))
        await person.sees("d-trip", "3 / 4", "◐")

        assert person.app.screen.line_here().id == "b-trip"
        await person.press("F")
        await person.sees("1 / 4  follow")

    use(database, script)


@pytest.mark.slow
def test_a_transcript_that_is_being_recorded_grows(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        records = [one for one in trip("d-trip", 300) if one.kind != "trace"]
        write(database, *records)
        await person.sees("Steps", "5 steps", "book failed")

        assert "stopped at 1" in person.screen

    write(database, Trace(id="d-trip", app="trip", started_at=moment(300)), trip("d-trip", 300)[1])
    use(database, script, trace="d-trip")


@pytest.mark.slow
def test_verdicts_of_a_newer_run_show_up_beside_the_steps(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3", "≠ changed")
        newer = [
            one.model_copy(update={"started_at": moment(900)}) for one in replay_run("run-2")[:1]
        ]
        verdicts = [
            one.model_copy(update={"verdict": "same", "signature": None})
            for one in replay_run("run-2")[1:4]
        ]
        write(database, *newer, *verdicts)
        await person.sees("10:15")

        assert "≠ changed" not in person.screen

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_ten_thousand_traces_page_like_ten(tmp_path: Path) -> None:
    path = tmp_path / "big.db"
    write(
        path,
        *(
            Trace(
                id=f"t{at:05}",
                app="x",
                started_at=f"2026-11-20T{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}.000000Z",
            )
            for at in range(10_000)
        ),
    )

    async def script(person: Person) -> None:
        await person.sees("10,000 traces", "t09999")
        await person.press("G")
        await person.sees("10,000 / 10,000", "t00000")
        await person.press("pageup", "g", "space")
        table = person.app.screen.table
        assert table.cursor == table.page_height
        assert person.app.screen.line_here().id == f"t{9_999 - table.page_height:05}"

    use(path, script)


# -- what can be wrong ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_database_that_is_not_there_offers_demo_import_and_waiting(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"

    async def script(person: Person) -> None:
        await person.sees(
            "Nothing recorded yet",
            "traces.db is not there yet",
            " t  see it work",
            " i  import a file",
        )
        write(path, *trip("a-trip", 0))
        await person.sees("1 trace · 3 tool calls", "a-trip")

    use(path, script)


def test_an_empty_database_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "traces.db"
    write(path)

    async def script(person: Person) -> None:
        await person.sees("traces.db has no traces yet", "replay record -- python my_agent.py")

    use(path, script)


@pytest.mark.slow
def test_importing_from_the_first_screen_shows_what_came(tmp_path: Path) -> None:
    chat = tmp_path / "chat.jsonl"
    chat.write_text(
        '{"messages": [{"role": "user", "content": "Hello there"}, '
        '{"role": "assistant", "content": "Hi"}]}\n'
    )

    async def script(person: Person) -> None:
        await person.sees("Nothing recorded yet")
        await person.press("i")
        person.app.screen.prompt.query_one("Input").value = str(chat)
        await person.press("enter")
        await person.sees("1 trace ", "Hello there")

    use(tmp_path / "traces.db", script)


@pytest.mark.slow
def test_an_import_that_fails_says_why(tmp_path: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("Nothing recorded yet")
        await person.press("i", *"/nowhere.jsonl", "enter")
        await person.sees("The import failed", "nowhere.jsonl")

    use(tmp_path / "traces.db", script)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text", "is not a database"),
        ("foreign", "not one that replay made"),
        ("truncated", "is truncated"),
        ("newer", "this version reads up to"),
        ("empty file", "is not a database"),
        ("folder", "cannot be read"),
    ],
)
def test_a_bad_database_gets_a_message_and_no_traceback(
    tmp_path: Path, database: Path, kind: str, said: str
) -> None:
    path = tmp_path / "bad.db"
    if kind == "text":
        path.write_text('{"messages": []}\n' * 20)
    elif kind == "foreign":
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE t (x)")
        connection.close()
    elif kind == "truncated":
        path.write_bytes(database.read_bytes()[:-8192])
    elif kind == "newer":
        path.write_bytes(database.read_bytes())
        connection = sqlite3.connect(path)
        connection.execute("UPDATE meta SET value = '99' WHERE name = 'format'")
        connection.commit()
        connection.close()
    elif kind == "folder":
        path.mkdir()
    else:
        path.touch()

    async def script(person: Person) -> None:
        await person.sees("×", said, "look again")
        await person.press("q")

    use(path, script)


@pytest.mark.slow
def test_a_database_that_is_cut_under_the_screen_says_so_and_lives_on(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        os.truncate(database, 4096)
        await person.press("enter")
        await person.sees("×")
        await person.press("q")

    use(database, script)


def test_a_trace_that_does_not_exist_is_told_with_the_nearest(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("There is no trace 'b-tirp'", "b-trip")

    use(database, script, trace="b-tirp")


@pytest.mark.slow
def test_a_locked_database_is_told_and_opens_by_itself_when_it_is_free(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("replay.store.database._BUSY_MS", 100)
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("UPDATE meta SET value = value")

    async def script(person: Person) -> None:
        await person.sees("is locked by another program", "look again")
        holder.execute("COMMIT")
        holder.close()
        await person.sees("3 traces", "1 / 3")

    use(database, script)


def test_while_the_database_opens_the_screen_says_so(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = threading.Event()
    plain = Database.open

    def slow(path: Path) -> Database:
        opened.wait(30)
        return plain(path)

    monkeypatch.setattr(Database, "open", slow)

    async def script(person: Person) -> None:
        await person.sees("opening ", "traces.db")
        opened.set()
        await person.sees("3 traces")

    use(database, script, is_settled=False)
