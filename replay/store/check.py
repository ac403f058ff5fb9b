"""`replay db check`: is everything there, and is it what it says it is?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import zstandard

from replay.errors import StoreError
from replay.store import row_checks
from replay.store.call_groups import misplaced
from replay.store.contents import ContentReader, content_hash
from replay.store.database import format_of
from replay.store.drain import damaged_at
from replay.store.encryption import spool_key
from replay.store.problems import DAMAGED, Problem, grouped
from replay.store.record_rows import RecordReader
from replay.store.references import reference_queries
from replay.store.row_checks import Found
from replay.store.schema_checks import schema_counts
from replay.store.spool import spool_folder

NOT_HASHED: Final = (
    "Hashes cover contents: values of more than 120 bytes, messages, tool definitions, model "
    "outputs. A value in its own row has none: one changed there by hand to another valid value "
    "is not found."
)
"""What a check cannot say."""


def check(
    connection: sqlite3.Connection,
    path: Path,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> list[Problem]:
    """Return everything that is wrong with a database; an empty list when nothing is.

    Verifies SQLite's own structure, tables, indexes and views, every content against its hash,
    every record against its model, every reference, the totals and the spools. Reads the whole
    file; ``tell`` is told how many of how many records are read, now and then.
    """
    try:
        broken = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
    except sqlite3.DatabaseError as error:
        broken = [str(error)]
    if broken != ["ok"]:
        return grouped(
            ("SQLite", Problem(f"SQLite: {line}", str(path), DAMAGED)) for line in broken
        )
    reader = RecordReader(connection, ContentReader(connection))
    problems = grouped(_told(row_checks.structure, connection, path))
    if any(problem.what.startswith("The table ") for problem in problems):
        return problems
    for looking in (
        _contents,
        partial(row_checks.records, reader=reader, tell=tell),
        row_checks.json_columns,
        _references,
        row_checks.links,
        row_checks.schemas,
        row_checks.prompts,
        row_checks.totals,
        schema_counts,
        _groups,
        _rejected,
    ):
        problems += grouped(_told(looking, connection, path))
    return [*problems, *_spools(connection, path)]


def _told(
    looking: Callable[[sqlite3.Connection], Found], connection: sqlite3.Connection, path: Path
) -> Found:
    """Give what one part of the check finds; a part that SQLite ends is itself a problem."""
    try:
        yield from looking(connection)
    except sqlite3.DatabaseError as error:
        yield "SQLite", Problem(f"SQLite: {error}", str(path), DAMAGED)


def _contents(connection: sqlite3.Connection) -> Found:
    contents = ContentReader(connection)
    rows = connection.execute(
        "SELECT c.key, c.form, h.hash FROM content_hashes h "
        "LEFT JOIN contents c ON c.key = h.content ORDER BY c.page, c.start"
    )
    hashed = 0
    for key, form, expected in rows:
        hashed += 1
        if key is None:
            what = "A hash names a content that is missing"
            yield what, Problem(what, "content_hashes", DAMAGED)
            continue
        try:
            stored_form, body = contents.body(key)
            whole = body if stored_form == "text" else contents.whole_body(stored_form, body)
            found = content_hash(form, whole)
        except (StoreError, zstandard.ZstdError, ValueError) as error:
            what = f"A content cannot be read: {error}"
            yield "unreadable", Problem(what, f"content {key}", DAMAGED)
            continue
        if found != expected:
            what = "A content does not fit its hash"
            yield what, Problem(what, f"content {key}", DAMAGED)
    total = connection.execute("SELECT count(*) FROM contents").fetchone()[0]
    if total > hashed:
        bare = total - hashed
        what = "1 content has no hash" if bare == 1 else f"{bare:,} contents have no hash"
        yield what, Problem(what, "content_hashes", DAMAGED)


def _references(connection: sqlite3.Connection) -> Found:
    for where, query in reference_queries(connection):
        rows = connection.execute(
            f"SELECT key FROM ({query}) WHERE key NOT IN (SELECT key FROM contents)"
        )
        for (key,) in rows:
            yield where, Problem(f"Content {key} is referred to and missing", where, DAMAGED)


def _groups(connection: sqlite3.Connection) -> Found:
    if format_of(connection) >= 3:
        yield from misplaced(connection)


def _rejected(connection: sqlite3.Connection) -> Found:
    for key, reason in connection.execute("SELECT key, reason FROM rejected"):
        what = f"A record fits no table and was set aside: {reason}"
        yield reason, Problem(what, f"rejected {key}", "`SELECT * FROM rejected` shows it.")


def _spools(connection: sqlite3.Connection, path: Path) -> list[Problem]:
    folder = spool_folder(path)
    problems = [
        Problem(
            "A spool is damaged; the records after the damage are not in the database",
            str(spool),
            "What is readable in it was taken in. Remove it when you need no more of it.",
        )
        for spool in sorted(folder.glob("*.damaged"))
    ]
    for spool in sorted(folder.glob("*.spool")):
        offset = damaged_at(connection, spool, spool_key(path))
        if offset is not None:
            problems.append(
                Problem(
                    f"A frame at byte {offset} is damaged",
                    str(spool),
                    "The records after it wait in the file. Stop the recording process, and open "
                    "the database again: it keeps the file as .damaged.",
                )
            )
    return problems
