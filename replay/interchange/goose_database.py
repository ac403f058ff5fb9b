"""The database in which goose keeps its sessions, read without touching it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from replay.errors import ImportFileError
from replay.interchange.json_values import read_values
from replay.interchange.lines import BadLine, Line
from replay.interchange.sources import head_of
from replay.records import JsonObject, JsonValue

_SQLITE: Final = b"SQLite format 3\0"
_WANTED: Final = {"sessions": {"id", "working_dir"}, "messages": {"session_id", "content_json"}}
_BUSY_S: Final = 5.0


def is_database(path: Path) -> bool:
    """Return whether ``path`` is a SQLite database with goose's tables."""
    if head_of(path, len(_SQLITE)) != _SQLITE:
        return False
    try:
        with _opened(path) as database:
            return all(wanted <= _columns(database, name) for name, wanted in _WANTED.items())
    except sqlite3.Error:
        return False


def read(path: Path) -> Iterator[Line | BadLine]:
    """Yield the sessions in ``path`` as goose exports them; of a file of JSON its values.

    Raises:
        ImportFileError: the database is damaged, or somebody holds it.
    """
    if head_of(path, len(_SQLITE)) != _SQLITE:
        yield from read_values(path)
        return
    try:
        with _opened(path) as database:
            yield from _sessions(database, path)
    except sqlite3.Error as error:
        raise ImportFileError(
            f"{str(path)!r} cannot be read as a database of goose: {error}.",
            hint="Nothing was imported. Is goose writing it just now, or is the file damaged?",
        ) from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    place = f"file:{quote(str(path.absolute()))}?mode=ro"
    database = sqlite3.connect(place, uri=True, timeout=_BUSY_S)
    database.text_factory = lambda text: text.decode("utf-8", "replace")
    database.row_factory = sqlite3.Row
    try:
        yield database
    finally:
        database.close()


def _columns(database: sqlite3.Connection, table: str) -> set[str]:
    return {row["name"] for row in database.execute(f"PRAGMA table_info({table})")}


def _sessions(database: sqlite3.Connection, path: Path) -> Iterator[Line]:
    rows = database.execute("SELECT * FROM sessions ORDER BY rowid").fetchall()
    share = path.stat().st_size // max(len(rows), 1)
    for number, row in enumerate(rows, start=1):
        session: JsonObject = {name: row[name] for name in row.keys() if row[name] is not None}  # noqa: SIM118 - of a row's values it would be
        session["id"] = str(session["id"])
        session["conversation"] = _messages(database, row["id"])
        yield Line(number, "", session, share)


def _messages(database: sqlite3.Connection, session_id: Any) -> list[JsonValue]:
    found: list[JsonValue] = []
    order = "SELECT * FROM messages WHERE session_id = ? ORDER BY rowid"
    for row in database.execute(order, (session_id,)):
        names = row.keys()
        message: JsonObject = {
            "role": row["role"],
            "content": _parsed(row["content_json"]),
            "created": row["created_timestamp"] if "created_timestamp" in names else None,
        }
        if "message_id" in names and row["message_id"]:
            message["id"] = str(row["message_id"])
        if "metadata_json" in names and row["metadata_json"]:
            message["metadata"] = _parsed(row["metadata_json"])
        found.append(message)
    return found


def _parsed(text: Any) -> JsonValue:
    """The value that a text of JSON is; the text itself where it is none."""
    try:
        value: JsonValue = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return str(text)
    return value
