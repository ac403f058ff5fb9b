"""A database of a million calls to remove from, in which each call has an answer of its own.

The rows are those of `benchmarks.queries_database`, whose copies share their texts; here each call
gets one of about a kilobyte that names a customer, so that there is as much to free as in a
recorded database. The newest trace is an hour old. Some traces are labelled, some held, some
pinned, some say themselves how long they are kept: `RULES` fits some of each.
"""

from __future__ import annotations

import contextlib
import io
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import zstandard

from benchmarks.queries_database import build as build_rows
from replay.store.contents import COMPRESSION_LEVEL, PAGE_SIZE_MAX, content_hash

CUSTOMERS: Final = 5_000
"""A customer has one in so many traces."""
_HOUR_US: Final = 3_600_000_000
_SPAN_US: Final = 23 * 24 * _HOUR_US
_ANSWER_SIZE: Final = 900

RULES: Final = """
[tool.replay.keep]
default = "20d"

[tool.replay.keep.apps]
shop = "15d"

[tool.replay.keep.labels]
"tier=gold" = "22d"
"tier=test" = "3d"

[tool.replay.keep.tools]
tool_7 = "18d"
"""
"""Of 23 days of traces; what is due by them is counted anew, in SQL, by `DUE_SQL`."""

_SHORTEST: Final = """
  CASE WHEN attributes LIKE '%"keep":"2d"%' THEN 2 WHEN attributes LIKE '%forever%' THEN NULL
  ELSE (SELECT coalesce(min(days), 20) FROM (
    SELECT 15 AS days WHERE app = 'shop'
    UNION ALL SELECT 22 WHERE labels LIKE '%"tier":"gold"%'
    UNION ALL SELECT 3 WHERE labels LIKE '%"tier":"test"%'
    UNION ALL SELECT 18 WHERE s.trace IS NOT NULL)) END
"""
DUE_SQL: Final = f"""
SELECT t.key FROM trace_rows t LEFT JOIN
  (SELECT DISTINCT trace FROM tool_call_rows WHERE tool = 'tool_7') s ON s.trace = +t.key
WHERE max(t.started_us,
  (SELECT coalesce(max(c.started_us), 0) FROM tool_call_rows c
    INDEXED BY tool_calls_by_trace WHERE c.trace = +t.key),
  (SELECT coalesce(max(m.started_us), 0) FROM model_call_rows m
    INDEXED BY model_calls_by_trace WHERE m.trace = +t.key))
  < ? - 86400000000 * ({_SHORTEST})
"""
"""The traces whose time is over by `RULES` at a time in microseconds, held and pinned ones too.

The plus signs let SQLite search by trace, a column without a type: else it
reads all calls for each.
"""
OWN_SQL: Final = 'SELECT key FROM trace_rows WHERE attributes LIKE \'%"keep":"2d"%\''
"""The traces that say themselves that their time is over, whatever else is asked for."""
FOREVER_SQL: Final = "SELECT key FROM trace_rows WHERE attributes LIKE '%forever%'"
"""The traces that say themselves that they are kept for ever: they do not go for a size."""
SPARED_SQL: Final = (
    "SELECT key FROM trace_rows WHERE id IN (SELECT trace_id FROM holds) "
    "OR key IN (SELECT trace FROM pin_rows)"
)


def build(path: Path, call_count: int) -> None:
    """Make a database of about ``call_count`` tool calls, with answers of their own."""
    with contextlib.redirect_stdout(io.StringIO()):
        build_rows(path, call_count)
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-524288"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    _move_to_now(connection)
    _mark(connection)
    _give_answers(connection)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def customer(trace: int) -> str:
    """Return whom the answers of a trace are about; a trace is named by its key."""
    return f"customer-{trace % CUSTOMERS}@example.com"


def _move_to_now(connection: sqlite3.Connection) -> None:
    oldest, newest = connection.execute(
        "SELECT min(started_us), max(started_us) FROM tool_call_rows"
    ).fetchone()
    ends_us = time.time_ns() // 1_000 - _HOUR_US
    for table in ("trace_rows", "model_call_rows", "tool_call_rows"):
        connection.execute(
            f"UPDATE {table} SET started_us = ? - CAST((? - started_us) * ? AS INTEGER)",
            (ends_us, newest, _SPAN_US / max(1, newest - oldest)),
        )
    connection.execute("UPDATE trace_rows SET ended_us = started_us WHERE key % 2")


def _mark(connection: sqlite3.Connection) -> None:
    for tier, remainder in (("gold", 3), ("test", 4)):
        connection.execute(
            "UPDATE trace_rows SET labels = ? WHERE key % 10 = ?",
            (f'{{"tier":"{tier}"}}', remainder),
        )
    for kept, remainder in (("2d", 5), ("forever", 6)):
        connection.execute(
            "UPDATE trace_rows SET attributes = ? WHERE key % 100 = ?",
            (f'{{"keep":"{kept}"}}', remainder),
        )
    now_us = time.time_ns() // 1_000
    connection.execute(
        "INSERT INTO holds SELECT id, 'a case', 'somebody', ? FROM trace_rows WHERE key % 97 = 7",
        (now_us,),
    )
    pinned = connection.execute(
        "INSERT INTO pin_rows (id, trace, pinned_us) "
        "SELECT id, key, ? FROM trace_rows WHERE key % 89 = 8",
        (now_us,),
    ).rowcount
    connection.execute("INSERT OR REPLACE INTO record_totals VALUES ('pin', ?)", (pinned,))


def _give_answers(connection: sqlite3.Connection) -> None:
    content = connection.execute("SELECT max(key) FROM contents").fetchone()[0]
    page = connection.execute("SELECT max(key) FROM pages").fetchone()[0]
    squeeze = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL)
    bodies: list[bytes] = []
    rows: list[tuple[int, int, int]] = []
    calls: list[tuple[int, int]] = []
    hashes: list[tuple[bytes, int]] = []
    start = 0

    def write() -> None:
        nonlocal page, start
        page += 1
        whole = b"".join(bodies)
        connection.execute(
            "INSERT INTO pages VALUES (?, NULL, ?, ?)", (page, len(whole), squeeze.compress(whole))
        )
        connection.executemany(
            f"INSERT INTO contents (key, form, page, start, size) VALUES (?, 'text', {page}, ?, ?)",
            rows,
        )
        connection.executemany(
            "UPDATE tool_call_rows SET response = ?, result = -1 WHERE key = ?", calls
        )
        for some in (bodies, rows, calls):
            some.clear()
        start = 0

    for call, body in _answers(connection):
        content += 1
        bodies.append(body)
        rows.append((content, start, len(body)))
        calls.append((content, call))
        hashes.append((content_hash("text", body), content))
        start += len(body)
        if start >= PAGE_SIZE_MAX:
            write()
    if bodies:
        write()
    hashes.sort()
    connection.executemany("INSERT INTO content_hashes VALUES (?, ?)", hashes)


def _answers(connection: sqlite3.Connection) -> Iterator[tuple[int, bytes]]:
    """Yield the answer of each call, by its key."""
    chance = random.Random(5)
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(3_000)]
    text = " ".join(chance.choices(words, k=200_000))
    for call, trace in connection.execute(
        "SELECT key, trace FROM tool_call_rows ORDER BY key"
    ).fetchall():
        at = chance.randrange(len(text) - _ANSWER_SIZE)
        note = text[at : at + _ANSWER_SIZE]
        yield call, f'{{"call":{call},"to":"{customer(trace)}","note":"{note}"}}'.encode()
