"""Are all rows there, and can each be read as the record it is?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from replay.store.database import format_of
from replay.store.layout import LAYOUTS, Layout, layouts_of
from replay.store.migrations import made_by
from replay.store.problems import CHANGED, DAMAGED, Problem
from replay.store.record_rows import RecordReader
from replay.store.schema_checks import is_counted

Found: TypeAlias = Iterator[tuple[str, Problem]]
"""Each problem with the sort under which it is counted."""

_BATCH: Final = 2_000

IS_VALIDATOR: Final = (
    "(dialect = 'pydantic' OR extra IS NOT NULL OR model_call_count = 0 "
    "OR key IN (SELECT validator FROM schema_calls))"
)
"""Whether a row of tool_schema_rows is what validated calls, not only what a model was shown."""


def structure(connection: sqlite3.Connection) -> Found:
    """Find tables, indexes and views of the format that are missing, or other than it has them."""
    there = {
        (kind, name): " ".join((sql or "").split())
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM main.sqlite_master")
    }
    for (kind, name), statement in made_by(format_of(connection)).items():
        found = there.get((kind, name))
        if found is None:
            yield name, _structural(kind, name, "is missing")
        elif kind != "table" and found != statement:
            yield name, _structural(kind, name, "is not the one that replay made")


def _structural(kind: str, name: str, what: str) -> Problem:
    if kind == "table":
        return Problem(f"The table {name} {what}", "sqlite_master", DAMAGED)
    return Problem(
        f"The {kind} {name} {what}",
        "sqlite_master",
        f"No record is lost by that. `.schema {name}` of a database that replay made anew shows "
        f"the statement: `DROP {kind.upper()} IF EXISTS {name}`, and run it here.",
    )


def records(
    connection: sqlite3.Connection, reader: RecordReader, tell: Callable[[int, int], None]
) -> Found:
    """Read every record through its model, and find those that cannot be read."""
    ends = {
        layout.kind: connection.execute(f"SELECT min(key), max(key) FROM {layout.table}").fetchone()
        for layout in layouts_of(format_of(connection))
    }
    total = sum(last - first + 1 for first, last in ends.values() if last is not None)
    done = 0
    for kind, (first, last) in ends.items():
        if last is None:
            continue
        for start in range(first, last + 1, _BATCH):
            for error in reader.unreadable(kind, start, min(start + _BATCH - 1, last)):
                yield (
                    f"{kind}: {error.wanted.partition(' cannot be read: ')[2].split(' is ')[0]}",
                    Problem(error.wanted, LAYOUTS[kind].view, CHANGED),
                )
            done += min(_BATCH, last - start + 1)
            tell(done, total)


def json_columns(connection: sqlite3.Connection) -> Found:
    """Find JSON in helper columns, which no record's reading looks at, that is none."""
    for table, column, condition in (
        ("trace_rows", "outcome_counts", "json_type({0}) IS NOT 'object'"),
        ("model_call_rows", "prompt", "json_type({0}) IS NOT 'array'"),
        ("toolsets", "contents", "json_type({0}) IS NOT 'array'"),
    ):
        wrong = condition.format(column)
        rows = connection.execute(
            f"SELECT key, {column} FROM {table} WHERE {column} IS NOT NULL AND "
            f"CASE WHEN json_valid({column}) THEN {wrong} ELSE 1 END"
        )
        for key, value in rows:
            what = f"The {column} is {value!r:.80}, which is no JSON that belongs there"
            yield column, Problem(what, f"{table} {key}", CHANGED)


def links(connection: sqlite3.Connection) -> Found:
    """Find rows that name a row which is missing."""
    for layout in layouts_of(format_of(connection)):
        for column in layout.columns:
            if column.target is not None:
                target = LAYOUTS[column.target].table
                yield from _broken_links(connection, layout, column.name, target)
    yield from _broken_links(connection, LAYOUTS["model_call"], "settings", "model_settings")


def _broken_links(connection: sqlite3.Connection, layout: Layout, name: str, target: str) -> Found:
    rows = connection.execute(
        f"SELECT key FROM {layout.table} WHERE typeof({name}) = 'integer' "
        f"AND {name} NOT IN (SELECT key FROM {target})"
    )
    for (key,) in rows:
        what = f"A {layout.kind} names a row of {target} that is missing"
        yield what, Problem(what, f"{layout.table} {key}", DAMAGED)


def schemas(connection: sqlite3.Connection) -> Found:
    """Find tool calls whose schema is missing, among those recorded since schemas are kept."""
    validators = IS_VALIDATOR if is_counted(connection) else "1"
    rows = connection.execute(
        "WITH lost AS (SELECT id, trace, schema_hash, started_us FROM tool_call_rows "
        " WHERE schema_hash IS NOT NULL "
        " AND schema_hash NOT IN (SELECT id FROM tool_schema_rows)) "
        "SELECT id, schema_hash FROM lost "
        "WHERE started_us >= (SELECT min(first_seen_us) FROM tool_schema_rows "
        f" WHERE {validators}) "
        "OR EXISTS (SELECT 1 FROM tool_call_rows o JOIN tool_schema_rows s "
        " ON s.id = o.schema_hash WHERE o.trace = lost.trace)"
    )
    for call_id, schema_hash in rows:
        what = f"The tool call {call_id!r} was validated by {schema_hash!r}, which is missing"
        yield "schema", Problem(what, "tool_schemas", CHANGED)


def prompts(connection: sqlite3.Connection) -> Found:
    """Find prompts that name messages which are not there."""
    rows = connection.execute(
        "SELECT c.key, c.id FROM model_call_rows c, "
        "json_each(CASE WHEN json_valid(c.prompt) THEN c.prompt ELSE '[]' END) span "
        "WHERE span.value ->> 1 - span.value ->> 0 + 1 <> (SELECT count(*) FROM prompt_messages p "
        "WHERE p.trace = c.trace AND p.position BETWEEN span.value ->> 0 AND span.value ->> 1)"
    )
    for key, call_id in rows:
        what = f"The prompt of model call {call_id!r} has messages that are missing"
        yield "prompt", Problem(what, f"model_call_rows {key}", DAMAGED)
    toolsets = connection.execute(
        "SELECT key FROM model_settings WHERE toolset IS NOT NULL "
        "AND toolset NOT IN (SELECT key FROM toolsets)"
    )
    for (key,) in toolsets:
        yield "toolset", Problem("A toolset is missing", f"model_settings {key}", DAMAGED)


def totals(connection: sqlite3.Connection) -> Found:
    """Find records that were stored and are not there, by the counts kept with every write."""
    told = dict(connection.execute("SELECT kind, record_count FROM record_totals"))
    for layout in layouts_of(format_of(connection)):
        kind = layout.kind
        condition = " WHERE seen" if kind == "trace" else ""
        count = connection.execute(f"SELECT count(*) FROM {layout.table}{condition}").fetchone()[0]
        stored = told.get(kind, 0)
        named = kind.replace("_", " ")
        if stored > count:
            are = "record is" if stored == 1 else "records are"
            what = f"{stored - count:,} of {stored:,} {named} {are} missing"
            yield f"total {kind}", Problem(what, layout.table, DAMAGED)
        elif stored < count:
            what = f"{count:,} {named} records are there, {stored:,} were stored by replay"
            yield f"total {kind}", Problem(what, layout.table, CHANGED)
    yield from _trace_totals(connection)
    yield from _tool_totals(connection)


def _trace_totals(connection: sqlite3.Connection) -> Found:
    for kind in ("model_call", "tool_call"):
        there = dict(connection.execute(f"SELECT trace, count(*) FROM {kind}_rows GROUP BY trace"))
        rows = connection.execute(f"SELECT key, id, {kind}_count FROM trace_rows")
        for key, trace_id, stored in rows:
            count = there.get(key, 0)
            if count == stored:
                continue
            named = kind.replace("_", " ")
            what = f"Trace {trace_id!r} has {count:,} of {stored:,} {named}s"
            if count < stored and (gaps := _missing_steps(connection, key)):
                what += f"; no step {gaps}"
            yield f"trace {kind}", Problem(what, f"{kind}_rows", DAMAGED)


def _missing_steps(connection: sqlite3.Connection, trace: int) -> str:
    rows = connection.execute(
        "SELECT step_number FROM model_call_rows WHERE trace = :trace "
        "UNION SELECT step_number FROM tool_call_rows WHERE trace = :trace",
        {"trace": trace},
    )
    there = {row[0] for row in rows if isinstance(row[0], int)}
    gaps = sorted(set(range(1, max(there, default=0))) - there)
    return ", ".join(map(str, gaps[:10])) + (", ..." if len(gaps) > 10 else "")


def _tool_totals(connection: sqlite3.Connection) -> Found:
    rows = connection.execute(
        "WITH counted AS (SELECT tool, coalesce(tool_version, '') AS version, "
        " coalesce(outcome, 'unfinished') AS outcome, count(*) AS calls "
        " FROM tool_call_rows GROUP BY 1, 2, 3), "
        "told AS (SELECT tool, tool_version AS version, outcome, call_count AS calls "
        " FROM tool_totals) "
        "SELECT tool, outcome, sum(told), sum(there) FROM ("
        " SELECT tool, version, outcome, calls AS told, 0 AS there FROM told "
        " UNION ALL SELECT tool, version, outcome, 0, calls FROM counted) "
        "GROUP BY tool, version, outcome HAVING sum(told) <> sum(there) "
        "ORDER BY sum(there) - sum(told)"
    )
    for tool, outcome, stored, count in rows:
        what = f"{count:,} calls of {tool} with outcome {outcome!r} are there, {stored:,} were"
        yield "tool totals", Problem(f"{what} stored", "tool_totals", CHANGED)
