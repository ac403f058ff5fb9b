"""The pieces of traces, put aside on the disk until a whole trace is together.

Exporters write spans as they end, of many traces in turn. A file larger than memory is read once,
into a database of our own that is gone when the import is; then trace by trace.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import orjson

from replay.interchange.trace_format import Piece
from replay.records import JsonObject

_BATCH_MAX = 2000


class Spill:
    """Pieces by the key of their trace; keys come out by their first piece."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")  # a file without a name, gone when it is closed
        self._db.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000;"
            "CREATE TABLE traces (number INTEGER PRIMARY KEY, key TEXT UNIQUE, size_bytes INT);"
            "CREATE TABLE pieces (number INTEGER PRIMARY KEY, trace INT, id TEXT, content BLOB);"
            "CREATE UNIQUE INDEX piece_by_id ON pieces (trace, id);"
            "CREATE TABLE names (name TEXT PRIMARY KEY, key TEXT) WITHOUT ROWID;"
        )
        self._numbers: dict[str, int] = {}
        self._count = 0

    def add(self, piece: Piece, size_bytes: int) -> bool:
        """Put ``piece`` aside; False: one with its id is there, and this one has taken its place.

        ``size_bytes``: its share of the file, for progress.
        """
        trace = self._number(piece.key)
        self._db.execute(
            "UPDATE traces SET size_bytes = size_bytes + ? WHERE number = ?", (size_bytes, trace)
        )
        content = _packed(piece.content)
        changed = self._db.execute(
            "UPDATE pieces SET content = ? WHERE trace = ? AND id = ?", (content, trace, piece.id)
        )
        if piece.id is not None and changed.rowcount:
            return False
        self._db.execute(
            "INSERT INTO pieces (trace, id, content) VALUES (?, ?, ?)", (trace, piece.id, content)
        )
        self._count += 1
        if self._count % _BATCH_MAX == 0:
            self._db.commit()
        return True

    def traces(self) -> Iterator[tuple[str, list[JsonObject], int]]:
        """Yield each trace's key, its pieces in the order of the file, and their share of it."""
        self._db.commit()
        rows = self._db.execute("SELECT number, key, size_bytes FROM traces ORDER BY number")
        for number, key, size_bytes in rows:
            found = self._db.execute(
                "SELECT content FROM pieces WHERE trace = ? ORDER BY number", (number,)
            )
            yield key, [_unpacked(content) for (content,) in found], size_bytes

    def remember(self, name: str, key: str) -> None:
        """Keep under ``name`` which trace a piece belongs to, for pieces that refer to it."""
        self._db.execute("INSERT OR REPLACE INTO names VALUES (?, ?)", (name, key))

    def recall(self, name: str) -> str | None:
        """Return what is kept under ``name``, or None."""
        row: Any = self._db.execute("SELECT key FROM names WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Take it off the disk."""
        self._db.close()

    def _number(self, key: str) -> int:
        number = self._numbers.get(key)
        if number is None:
            if len(self._numbers) > 10_000:
                self._numbers.clear()
            self._db.execute("INSERT OR IGNORE INTO traces (key, size_bytes) VALUES (?, 0)", (key,))
            row = self._db.execute("SELECT number FROM traces WHERE key = ?", (key,)).fetchone()
            number = self._numbers[key] = int(row[0])
        return number


def _packed(content: JsonObject) -> bytes | str:
    """As JSON: bytes where orjson can, text where it cannot (large integers, lone surrogates)."""
    try:
        return orjson.dumps(content)
    except TypeError:
        return json.dumps(content)


def _unpacked(content: bytes | str) -> Any:
    return json.loads(content) if isinstance(content, str) else orjson.loads(content)
