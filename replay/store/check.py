"""`replay db check`: is everything there, and is it what it says it is?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import zstandard

from replay.errors import StoreError
from replay.store.contents import ContentReader, content_hash
from replay.store.drain import damaged_at
from replay.store.layout import LAYOUTS, Layout
from replay.store.references import reference_queries
from replay.store.spool import spool_folder

_SHOWN_MAX = 20
"""Problems of one sort that are listed; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be."""

    what: str
    where: str
    what_to_do: str

    def __str__(self) -> str:
        """One line and a half: what, where, and what to do."""
        return f"{self.what}\n  in {self.where}\n  {self.what_to_do}"


_DAMAGED = "The file was damaged outside replay: restore it from a backup, or record again."
_REPORT = "Nothing was lost that can be read. Please report it with the replay version."


def check(connection: sqlite3.Connection, path: Path) -> list[Problem]:
    """Return everything that is wrong with a database; an empty list when nothing is.

    Verifies SQLite's own structure, every content against its hash, every reference, the totals
    and the spools. Reads the whole file.
    """
    try:
        broken = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
        if broken != ["ok"]:
            return [Problem(f"SQLite: {line}", str(path), _DAMAGED) for line in broken]
        return [
            *_limited(_contents(connection)),
            *_limited(_references(connection)),
            *_limited(_links(connection)),
            *_limited(_prompts(connection)),
            *_totals(connection),
            *_limited(_rejected(connection)),
            *_spools(connection, path),
        ]
    except sqlite3.DatabaseError as error:
        return [Problem(f"SQLite: {error}", str(path), _DAMAGED)]


def _limited(problems: Iterator[Problem]) -> list[Problem]:
    found: list[Problem] = []
    for count, problem in enumerate(problems, start=1):
        if count <= _SHOWN_MAX:
            found.append(problem)
    if found and count > _SHOWN_MAX:
        last = found[-1]
        more = f"and {count - _SHOWN_MAX:,} more of the same sort"
        found.append(Problem(more, last.where, last.what_to_do))
    return found


def _contents(connection: sqlite3.Connection) -> Iterator[Problem]:
    contents = ContentReader(connection)
    rows = connection.execute(
        "SELECT c.key, c.form, h.hash FROM content_hashes h "
        "LEFT JOIN contents c ON c.key = h.content ORDER BY c.page, c.start"
    )
    hashed = 0
    for key, form, expected in rows:
        hashed += 1
        if key is None:
            yield Problem("A hash names a content that is missing", "content_hashes", _DAMAGED)
            continue
        try:
            stored_form, body = contents.body(key)
            whole = body if stored_form == "text" else contents.whole_body(stored_form, body)
            found = content_hash(form, whole)
        except (StoreError, zstandard.ZstdError, ValueError) as error:
            yield Problem(f"A content cannot be read: {error}", f"content {key}", _DAMAGED)
            continue
        if found != expected:
            yield Problem("A content does not fit its hash", f"content {key}", _DAMAGED)
    total = connection.execute("SELECT count(*) FROM contents").fetchone()[0]
    if total > hashed:
        yield Problem(f"{total - hashed} contents have no hash", "content_hashes", _DAMAGED)


def _references(connection: sqlite3.Connection) -> Iterator[Problem]:
    for where, query in reference_queries():
        rows = connection.execute(
            f"SELECT key FROM ({query}) WHERE key NOT IN (SELECT key FROM contents)"
        )
        for (key,) in rows:
            yield Problem(f"Content {key} is referred to and missing", where, _DAMAGED)


def _links(connection: sqlite3.Connection) -> Iterator[Problem]:
    for layout in LAYOUTS.values():
        for column in layout.columns:
            if column.target is None:
                continue
            target = LAYOUTS[column.target].table
            yield from _broken_links(connection, layout, column.name, target)
    yield from _broken_links(connection, LAYOUTS["model_call"], "settings", "model_settings")


def _broken_links(
    connection: sqlite3.Connection, layout: Layout, name: str, target: str
) -> Iterator[Problem]:
    rows = connection.execute(
        f"SELECT key FROM {layout.table} WHERE typeof({name}) = 'integer' "
        f"AND {name} NOT IN (SELECT key FROM {target})"
    )
    for (key,) in rows:
        yield Problem(
            f"A {layout.kind} names a row of {target} that is missing",
            f"{layout.table} {key}",
            _DAMAGED,
        )


def _prompts(connection: sqlite3.Connection) -> Iterator[Problem]:
    ends = dict(
        connection.execute("SELECT trace, max(position) FROM prompt_messages GROUP BY trace")
    )
    for key, trace, prompt in connection.execute("SELECT key, trace, prompt FROM model_call_rows"):
        last = max((span[1] for span in orjson.loads(prompt or "[]")), default=0)
        if last > ends.get(trace, 0):
            yield Problem(
                "A prompt has messages that are missing", f"model_call_rows {key}", _DAMAGED
            )


def _totals(connection: sqlite3.Connection) -> list[Problem]:
    told = dict(connection.execute("SELECT kind, record_count FROM record_totals"))
    problems = []
    for kind, layout in LAYOUTS.items():
        condition = " WHERE seen" if kind == "trace" else ""
        count = connection.execute(f"SELECT count(*) FROM {layout.table}{condition}").fetchone()[0]
        if told.get(kind, 0) != count:
            problems.append(
                Problem(
                    f"{told.get(kind, 0)} {kind} records are said to be there, {count} are",
                    "record_totals",
                    _REPORT,
                )
            )
    return problems


def _rejected(connection: sqlite3.Connection) -> Iterator[Problem]:
    for key, reason in connection.execute("SELECT key, reason FROM rejected"):
        yield Problem(
            f"A record fits no table and was set aside: {reason}",
            f"rejected {key}",
            "`SELECT * FROM rejected` shows it.",
        )


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
        offset = damaged_at(connection, spool)
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
