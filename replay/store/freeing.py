"""Contents that nobody refers to any more go, while others record.

Who refers to a content is not kept; it is looked up by reading every reference once, as a snapshot,
without a lock that others wait for. What a drain refers to meanwhile it notes down
(``contents_used``) for as long as ``meta`` says that somebody is freeing. Then page by page, in
short transactions, what neither the snapshot nor a note names is cut out. Wherever this is killed,
what is left is whole: some contents that nobody needs, which go the next time.

Numbers of contents and pages are never given twice: readers keep pages that they opened.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import zstandard

from replay.store.contents import (
    COMPRESSION_LEVEL,
    ContentReader,
    compressor,
    content_hash,
    learned_dictionary,
)
from replay.store.database import transaction_in_turn
from replay.store.references import reference_queries
from replay.store.schema_checks import is_counted

_BATCH_SIZE: Final = 4 * 2**20
"""Bytes of pages that one transaction looks at; some twenty milliseconds."""
_BATCH_PAGES: Final = 200
_EMPTY_TEXT: Final = content_hash("text", b"")
_REFERENCES: Final = re.compile(rb'\{"\$content":(\d+)\}')

Tell = Callable[[int, int], None]


@dataclass(slots=True)
class _Page:
    """A page with contents that nothing refers to."""

    key: int
    first: int
    """The lowest number of a content on it; no other page's lie between, but for moved ones."""
    last: int
    loose: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Freed:
    """What `free_contents` did."""

    content_count: int = 0
    is_whole: bool = True
    """False: somebody else compacted or pruned meanwhile, and the rest is theirs or left."""


def free_contents(connection: sqlite3.Connection, tell: Tell = lambda done, total: None) -> Freed:
    """Remove what nothing refers to. ``tell`` is told how many of how many pages are looked at.

    Recording and reading go on meanwhile. ``connection`` is the caller's own, in no transaction.
    """
    mark = _start(connection)
    freed = Freed()
    transaction_in_turn(connection, lambda: remove_unused_rows(connection))
    try:
        pages = _unreferenced(connection)
        if pages:
            transaction_in_turn(connection, lambda: _hold_the_last_numbers(connection))
        done = 0
        for batch in _batches(connection, pages):
            removed = _cut_out(connection, mark, batch)
            if removed is None:
                freed.is_whole = False
                return freed
            freed.content_count += removed
            done += len(batch)
            tell(done, len(pages))
    finally:
        _end(connection, mark)
    return freed


def _start(connection: sqlite3.Connection) -> str:
    """Have every drain note what it refers to from now on; return what says that it is for us."""
    mark = secrets.token_hex(8)

    def work() -> None:
        connection.execute("DELETE FROM contents_used")
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('freeing', ?)", (mark,))

    transaction_in_turn(connection, work)
    return mark


def _end(connection: sqlite3.Connection, mark: str) -> None:
    def work() -> None:
        ours = connection.execute(
            "DELETE FROM meta WHERE name = 'freeing' AND value = ?", (mark,)
        ).rowcount
        if ours:
            connection.execute("DELETE FROM contents_used")

    with contextlib.suppress(sqlite3.OperationalError):  # left on, it costs little
        transaction_in_turn(connection, work)


def remove_unused_rows(connection: sqlite3.Connection) -> None:
    """Remove what calls shared and none has any more, inside the caller's transaction."""
    connection.execute(
        "DELETE FROM model_settings WHERE key NOT IN "
        "(SELECT settings FROM model_call_rows WHERE settings IS NOT NULL)"
    )
    connection.execute(
        "DELETE FROM toolsets WHERE key NOT IN "
        "(SELECT toolset FROM model_settings WHERE toolset IS NOT NULL)"
    )
    connection.execute(
        "DELETE FROM call_groups WHERE NOT EXISTS "
        "(SELECT 1 FROM tool_call_rows c WHERE c.call_group = call_groups.key)"
    )
    if is_counted(connection):
        from replay.store.schema_counts import remove_unused

        remove_unused(connection)


def _unreferenced(connection: sqlite3.Connection) -> dict[int, _Page]:
    """Return the pages that have contents which nothing refers to, as of one moment.

    The hashes of these are in ``temp.loose``: `content_hashes` cannot be asked for them.
    """
    contents = ContentReader(connection)
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS loose (content INTEGER PRIMARY KEY, hash BLOB NOT NULL)"
    )
    connection.execute("DELETE FROM temp.loose")
    connection.execute("BEGIN")
    try:
        kept = _kept(connection, contents)
        pages: dict[int, _Page] = {}
        for key, page in connection.execute("SELECT key, page FROM contents ORDER BY key"):
            found = pages.get(page)
            if found is None:
                found = pages[page] = _Page(page, key, key)
            found.last = key
            if not kept[key]:
                found.loose.append(key)
        connection.create_function("is_kept", 1, kept.__getitem__, deterministic=True)
        connection.execute(
            "INSERT INTO temp.loose SELECT content, hash FROM content_hashes "
            "WHERE content < ? AND NOT is_kept(content)",
            (len(kept),),
        )
        return {key: page for key, page in pages.items() if page.loose}
    finally:
        connection.execute("COMMIT")


def _kept(connection: sqlite3.Connection, contents: ContentReader) -> bytearray:
    """Return for each content, by its number, 1 if something refers to it."""
    last = connection.execute("SELECT max(key) FROM contents").fetchone()[0] or 0
    kept = bytearray(last + 1)
    for _, query in reference_queries(connection):
        for (key,) in connection.execute(query):
            if key <= last:
                kept[key] = 1
    held = connection.execute("SELECT content FROM content_hashes WHERE hash = ?", (_EMPTY_TEXT,))
    for (key,) in held:  # by `_hold_the_last_numbers`
        kept[key] = 1
    for (key,) in connection.execute("SELECT key FROM contents WHERE form = 'split' ORDER BY key"):
        if kept[key]:
            for part in parts_of(contents, key):
                kept[part] = 1
    return kept


def parts_of(contents: ContentReader, key: int) -> list[int]:
    """Return the texts that a split content stands on; of any other, none."""
    form, body = contents.body(key)
    # Inside a JSON string its quotes would be escaped, so what looks like a reference is one.
    return [int(part) for part in _REFERENCES.findall(body)] if form == "split" else []


def _hold_the_last_numbers(connection: sqlite3.Connection) -> None:
    """Give the highest numbers to an empty text, so that none that goes now is given again."""
    content = connection.execute("SELECT coalesce(max(key), 0) + 1 FROM contents").fetchone()[0]
    page = connection.execute("SELECT coalesce(max(key), 0) + 1 FROM pages").fetchone()[0]
    identity = _EMPTY_TEXT
    # The last one that was put here; a text so short is never a content of anybody's.
    connection.execute(
        "DELETE FROM pages WHERE size = 0 AND key IN (SELECT c.page FROM contents c "
        "JOIN content_hashes h ON h.content = c.key WHERE h.hash = ?)",
        (identity,),
    )
    connection.execute(
        "DELETE FROM contents WHERE key = (SELECT content FROM content_hashes WHERE hash = ?)",
        (identity,),
    )
    body = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compress(b"")
    connection.execute("INSERT INTO pages VALUES (?, NULL, 0, ?)", (page, body))
    connection.execute("INSERT INTO contents VALUES (?, 'text', ?, 0, 0)", (content, page))
    connection.execute("INSERT OR REPLACE INTO content_hashes VALUES (?, ?)", (identity, content))


def _batches(connection: sqlite3.Connection, pages: dict[int, _Page]) -> Iterator[list[_Page]]:
    batch: list[_Page] = []
    size = 0
    for page in pages.values():
        row = connection.execute("SELECT size FROM pages WHERE key = ?", (page.key,)).fetchone()
        batch.append(page)
        size += row[0] if row else 0
        if size >= _BATCH_SIZE or len(batch) >= _BATCH_PAGES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _cut_out(connection: sqlite3.Connection, mark: str, batch: list[_Page]) -> int | None:
    """Cut contents out of their pages; return how many. None: we are not the one who frees."""
    removed: int | None = None

    def work() -> None:
        nonlocal removed
        row = connection.execute("SELECT value FROM meta WHERE name = 'freeing'").fetchone()
        if row is None or row[0] != mark:
            return
        contents = ContentReader(connection)
        used = _used(connection, contents)
        removed = 0
        for page in batch:
            going = [key for key in page.loose if key not in used]
            if going:
                _rewrite_without(connection, contents, page, going)
                removed += len(going)

    transaction_in_turn(connection, work)
    return removed


def _used(connection: sqlite3.Connection, contents: ContentReader) -> set[int]:
    """Return what drains referred to since the snapshot, and what that stands on."""
    used = {key for (key,) in connection.execute("SELECT content FROM contents_used")}
    for key in tuple(used):
        used.update(parts_of(contents, key))
    return used


def _rewrite_without(
    connection: sqlite3.Connection, contents: ContentReader, page: _Page, going: list[int]
) -> None:
    """Remove contents from a page: the page goes, and another one has what stays."""
    gone = set(going)
    rows = connection.execute(
        "SELECT key, start, size FROM contents WHERE key BETWEEN ? AND ? AND page = ? ORDER BY key",
        (page.first, page.last, page.key),
    )
    staying = [row for row in rows if row[0] not in gone]
    if staying:
        _move(connection, contents, page.key, staying)
    connection.execute("DELETE FROM pages WHERE key = ?", (page.key,))
    named = [(key,) for key in going]
    connection.executemany(
        "DELETE FROM content_hashes WHERE hash = (SELECT hash FROM temp.loose WHERE content = ?)",
        named,
    )
    connection.executemany("DELETE FROM contents WHERE key = ?", named)


def _move(
    connection: sqlite3.Connection,
    contents: ContentReader,
    page: int,
    staying: list[tuple[int, int, int]],
) -> None:
    """Put these contents of a page into a new one."""
    body = contents.page(page)
    joined = bytearray()
    moved = []
    for key, start, size in staying:
        moved.append((len(joined), key))
        joined += body[start : start + size]
    number = connection.execute("SELECT max(key) + 1 FROM pages").fetchone()[0]
    dictionary = connection.execute(
        "SELECT dictionary FROM pages WHERE key = ?", (page,)
    ).fetchone()[0]
    squeezed = _squeeze(connection, dictionary).compress(bytes(joined))
    connection.execute(
        "INSERT INTO pages VALUES (?, ?, ?, ?)", (number, dictionary, len(joined), squeezed)
    )
    connection.executemany(
        "UPDATE contents SET page = ?, start = ? WHERE key = ?",
        [(number, start, key) for start, key in moved],
    )


def _squeeze(connection: sqlite3.Connection, dictionary: int | None) -> zstandard.ZstdCompressor:
    row = connection.execute(
        "SELECT body FROM dictionaries WHERE key = ?", (dictionary,)
    ).fetchone()
    return compressor(COMPRESSION_LEVEL, learned_dictionary(row[0]) if row else None)
