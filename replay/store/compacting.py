"""`replay db compact`: the same contents in less room.

A dictionary is learned from the file's own contents, every page is compressed anew with it, and
SQLite closes the gaps. Contents that nothing refers to any more (of deleted replay runs) go.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import zstandard

from replay.store.contents import ContentReader, compressor
from replay.store.database import transaction
from replay.store.references import keep_referenced
from replay.store.shrinking import vacuum

_LEVEL: Final = 15
"""Level 19 takes twice as long and gains half a percent."""
_PAGE_SIZE: Final = 256 * 2**10
"""Half as much takes 3 percent more room, twice as much opens more slowly for nothing."""
_DICTIONARY_SIZE_MAX: Final = 256 * 2**10
"""Twice as much gains nothing at 50 MB of contents; half as much takes one percent more room."""
_DICTIONARY_SHARE: Final = 32
"""Of the contents' bytes, one in so many: compressed itself, it takes a third of that."""
_SAMPLES_SIZE_MAX: Final = 8 * 2**20
_SAMPLE_SIZE_MAX: Final = 4 * 2**10


@dataclass(frozen=True, slots=True)
class Compaction:
    """What `compact` did."""

    size_bytes_before: int
    size_bytes_after: int
    removed_content_count: int


def compact(connection: sqlite3.Connection) -> int:
    """Rewrite all pages and give the freed room back; return how many contents were removed.

    One transaction, then VACUUM: a crash in between loses nothing. Readers go on meanwhile;
    other writers wait, and their appends do not.
    """
    contents = ContentReader(connection)
    removed = 0

    def work() -> None:
        nonlocal removed
        removed = keep_referenced(connection, contents)
        _rewrite(connection, contents)

    transaction(connection, work)
    vacuum(connection)
    connection.execute("PRAGMA optimize")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return removed


def _rewrite(connection: sqlite3.Connection, contents: ContentReader) -> None:
    last_old_page = connection.execute("SELECT max(key) FROM pages").fetchone()[0]
    if last_old_page is None:
        return
    dictionary_key, dictionary = _learned(connection, contents)
    squeeze = compressor(_LEVEL, dictionary)
    page_key = int(last_old_page)
    for page, rows in _repaged(connection, contents):
        page_key += 1
        connection.execute(
            "INSERT INTO pages VALUES (?, ?, ?, ?)",
            (page_key, dictionary_key, len(page), squeeze.compress(page)),
        )
        connection.executemany(
            "UPDATE contents SET page = ?, start = ? WHERE key = ?",
            [(page_key, start, key) for key, start in rows],
        )
    connection.execute("DELETE FROM pages WHERE key <= ?", (last_old_page,))
    connection.execute("DELETE FROM dictionaries WHERE key IS NOT ?", (dictionary_key,))


def _repaged(
    connection: sqlite3.Connection, contents: ContentReader
) -> Iterator[tuple[bytes, list[tuple[int, int]]]]:
    """Yield new pages, each with the keys and starts of its contents."""
    page = bytearray()
    rows: list[tuple[int, int]] = []
    # Read in portions: the loop's own updates must not disturb a running cursor.
    last_key = 0
    while portion := connection.execute(
        "SELECT key FROM contents WHERE key > ? ORDER BY key LIMIT 1000", (last_key,)
    ).fetchall():
        last_key = portion[-1][0]
        for (key,) in portion:
            rows.append((key, len(page)))
            page += contents.body(key)[1]
            if len(page) >= _PAGE_SIZE:
                yield bytes(page), rows
                page, rows = bytearray(), []
    if rows:
        yield bytes(page), rows


def _learned(
    connection: sqlite3.Connection, contents: ContentReader
) -> tuple[int | None, zstandard.ZstdCompressionDict | None]:
    """Learn a dictionary from contents spread over the file; (None, None) for a small file."""
    total = connection.execute("SELECT total(size) FROM pages").fetchone()[0]
    size = min(_DICTIONARY_SIZE_MAX, int(total) // _DICTIONARY_SHARE)
    if size < 4096:
        return None, None
    try:
        dictionary = zstandard.train_dictionary(size, list(_samples(connection, contents, total)))
    except zstandard.ZstdError:  # too few or too equal samples to learn from
        return None, None
    row = connection.execute(
        "INSERT INTO dictionaries (body) VALUES (?) RETURNING key",
        (zstandard.ZstdCompressor(level=_LEVEL).compress(dictionary.as_bytes()),),
    ).fetchone()
    return int(row[0]), dictionary


def _samples(
    connection: sqlite3.Connection, contents: ContentReader, total: float
) -> Iterator[bytes]:
    every = max(1, int(total / _SAMPLES_SIZE_MAX))
    keys = connection.execute("SELECT key FROM contents WHERE key % ? = 0", (every,)).fetchall()
    for (key,) in keys:
        body = contents.body(key)[1]
        for start in range(0, min(len(body), 16 * _SAMPLE_SIZE_MAX), _SAMPLE_SIZE_MAX):
            yield body[start : start + _SAMPLE_SIZE_MAX]
