"""Traces go: their rows, and what was counted of them, inside one transaction of the caller's.

Whatever counts calls without reading them (`tool_totals`, `record_totals`, the registry of schemas,
replay runs, findings) is lowered by what goes, so that it is right in every state that a killed
process can leave. What the rows referred to stays until `replay.store.freeing` looks who else does.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from replay.records.replays import WHAT_IF
from replay.store.content_writing import ContentWriter
from replay.store.contents import ContentReader
from replay.store.layout import LAYOUTS
from replay.store.rows import RowWriter, delete_run
from replay.store.schema_checks import is_counted

_MARKED: Final = "SELECT key FROM temp.going"
_SCHEMAS_FEW: Final = 200


@dataclass(frozen=True, slots=True)
class Removed:
    """What went with some traces."""

    trace_count: int = 0
    model_call_count: int = 0
    tool_call_count: int = 0
    verdict_count: int = 0
    feedback_count: int = 0
    pin_count: int = 0
    finding_count: int = 0
    run_count: int = 0
    """Replay runs of which nothing was left, and what-ifs of these traces."""

    def __add__(self, other: Removed) -> Removed:
        """Return both together."""
        return Removed(*(a + b for a, b in zip(_numbers(self), _numbers(other), strict=True)))


def _numbers(removed: Removed) -> list[int]:
    return [getattr(removed, name) for name in Removed.__slots__]


def remove_traces(connection: sqlite3.Connection, named: Collection[tuple[int, str]]) -> Removed:
    """Remove traces by key and id, inside the caller's transaction; return what went.

    Traces that are gone already are passed over, for others may remove, too: the key of one that
    was the last may be a newer trace's by now.
    """
    # Of no type, as the columns it is compared with: else SQLite does not use their indexes.
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS going (key NOT NULL PRIMARY KEY)")
    connection.execute("DELETE FROM temp.going")
    connection.executemany(
        "INSERT OR IGNORE INTO temp.going SELECT key FROM main.trace_rows WHERE key = ? AND id = ?",
        named,
    )
    _lower_tool_totals(connection)
    if is_counted(connection):
        _lower_schema_counts(connection)
    verdicts, findings, runs = _remove_verdicts(connection)
    runs += _remove_what_ifs(connection)
    counts = {kind: _delete(connection, kind, where) for kind, where in _WHERE.items()}
    for model in _models(connection):
        connection.execute(
            f"DELETE FROM trace_models WHERE model = ? AND trace IN ({_MARKED})", (model,)
        )
    connection.execute(f"DELETE FROM prompt_messages WHERE trace IN ({_MARKED})")
    seen = connection.execute(
        f"SELECT count(*) FROM trace_rows WHERE seen AND key IN ({_MARKED})"
    ).fetchone()[0]
    traces = connection.execute(f"DELETE FROM trace_rows WHERE key IN ({_MARKED})").rowcount
    _lower_records(connection, "trace", seen)
    return Removed(
        trace_count=traces,
        model_call_count=counts["model_call"],
        tool_call_count=counts["tool_call"],
        verdict_count=verdicts,
        feedback_count=counts["feedback"],
        pin_count=counts["pin"],
        finding_count=findings,
        run_count=runs,
    )


_OF_CALLS: Final = (
    "SELECT +c.{0} FROM temp.going g CROSS JOIN tool_call_rows c INDEXED BY tool_calls_by_trace "
    "ON c.trace = g.key"
)
_OF_MODEL_CALLS: Final = (
    "SELECT +m.{0} FROM temp.going g CROSS JOIN model_call_rows m "
    "INDEXED BY model_calls_by_trace ON m.trace = g.key"
)

_WHERE: Final = {
    # What belongs to calls goes before them: it is found by them.
    "attempt": f"call_id IN ({_OF_CALLS.format('id')} UNION ALL {_OF_MODEL_CALLS.format('id')})",
    "interaction": f"tool_call IN ({_OF_CALLS.format('key')})",
    "feedback": f"trace IN ({_MARKED})",
    "pin": f"trace IN ({_MARKED})",
    "tool_call": f"trace IN ({_MARKED})",
    "model_call": f"trace IN ({_MARKED})",
}


def _delete(connection: sqlite3.Connection, kind: str, where: str) -> int:
    count = connection.execute(f"DELETE FROM {LAYOUTS[kind].table} WHERE {where}").rowcount
    _lower_records(connection, kind, count)
    return count


def _lower_records(connection: sqlite3.Connection, kind: str, count: int) -> None:
    connection.execute(
        "UPDATE record_totals SET record_count = record_count - ? WHERE kind = ?", (count, kind)
    )


def _models(connection: sqlite3.Connection) -> list[str]:
    from replay.store.selecting import distinct_models

    return distinct_models(connection)


def _lower_tool_totals(connection: sqlite3.Connection) -> None:
    counted = connection.execute(
        "SELECT count(*), c.tool, coalesce(c.tool_version, ''), coalesce(c.outcome, 'unfinished') "
        "FROM temp.going g CROSS JOIN tool_call_rows c INDEXED BY tool_calls_by_trace "
        "ON c.trace = g.key GROUP BY 2, 3, 4"
    ).fetchall()
    connection.executemany(
        "UPDATE tool_totals SET call_count = call_count - ? "
        "WHERE tool = ? AND tool_version = ? AND outcome = ?",
        counted,
    )
    connection.execute("DELETE FROM tool_totals WHERE call_count = 0")


# -- the registry of schemas ----------------------------------------------------------------------


def _lower_schema_counts(connection: sqlite3.Connection) -> None:
    contents = ContentWriter(connection)
    contents.begin()
    toolset_of = RowWriter(connection, contents).schemas.toolset
    keys = dict(connection.execute("SELECT id, key FROM tool_schema_rows").fetchall())
    shown: Counter[int] = Counter()
    used = set(keys.values()) if len(keys) <= _SCHEMAS_FEW else set()
    for toolset, count in connection.execute(_MODEL_CALLS).fetchall():
        for schema in toolset_of(toolset).schemas:
            shown[schema] += count
    calls: Counter[tuple[int, int]] = Counter()
    for toolset, tool, validator, count in connection.execute(_CALLS).fetchall():
        seen = toolset_of(toolset).by_tool.get(tool, 0) if toolset is not None else 0
        calls[seen, keys.get(validator, 0)] += count
    used |= shown.keys() | {one for pair in calls for one in pair} - {0}
    connection.executemany(
        "UPDATE schema_calls SET call_count = call_count - ? WHERE shown = ? AND validator = ?",
        [(count, *pair) for pair, count in calls.items()],
    )
    connection.execute("DELETE FROM schema_calls WHERE call_count = 0")
    for schema in used:
        traces = connection.execute(
            f"DELETE FROM schema_traces WHERE schema = ? AND trace IN ({_MARKED})", (schema,)
        ).rowcount
        if traces or shown[schema]:
            connection.execute(
                "UPDATE tool_schema_rows SET trace_count = trace_count - ?, "
                "model_call_count = model_call_count - ? WHERE key = ?",
                (traces, shown[schema], schema),
            )


_MODEL_CALLS: Final = (
    "SELECT s.toolset, count(*) FROM temp.going g CROSS JOIN model_call_rows m "
    "INDEXED BY model_calls_by_trace ON m.trace = g.key "
    "JOIN model_settings s ON s.key = m.settings WHERE s.toolset IS NOT NULL GROUP BY 1"
)
_CALLS: Final = (
    "SELECT s.toolset, c.tool, c.schema_hash, count(*) FROM temp.going g "
    "CROSS JOIN tool_call_rows c INDEXED BY tool_calls_by_trace ON c.trace = g.key "
    "LEFT JOIN model_call_rows m ON m.key = c.model_call AND typeof(c.model_call) = 'integer' "
    "LEFT JOIN model_settings s ON s.key = m.settings GROUP BY 1, 2, 3"
)


# -- replay runs ----------------------------------------------------------------------------------


def _remove_verdicts(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Remove verdicts of these traces; return how many, and how many findings and runs with them.

    A run tells from then on what it found of the traces that are left; one that has none goes.
    """
    verdicts = findings = runs = 0
    for (run,) in connection.execute("SELECT key FROM replay_run_rows").fetchall():
        judged = connection.execute(
            "SELECT v.trace, v.verdict, v.conditional, v.signature, v.model FROM temp.going g "
            "CROSS JOIN call_verdict_rows v INDEXED BY call_verdicts_by_step "
            "ON v.run = ? AND v.trace = g.key",
            (run,),
        ).fetchall()
        if not judged:
            continue
        count = connection.execute(
            f"DELETE FROM call_verdict_rows WHERE run = ? AND trace IN ({_MARKED})", (run,)
        ).rowcount
        _lower_records(connection, "call_verdict", count)
        verdicts += count
        findings += _lower_findings(connection, run, judged)
        runs += _lower_run(connection, run, judged)
    return verdicts, findings, runs


_Judged = tuple[int, str, int | None, str | None, str | None]
"""Of a verdict: its trace, itself, whether it is conditional, its finding, its call's model."""


def _lower_run(connection: sqlite3.Connection, run: int, judged: list[_Judged]) -> int:
    left = connection.execute(
        "SELECT 1 FROM call_verdict_rows WHERE run = ? LIMIT 1", (run,)
    ).fetchone()
    if left is None:
        delete_run(connection, run)
        return 1
    contents = ContentReader(connection)
    row = connection.execute(
        "SELECT trace_count, call_count, conditional_count, verdict_counts FROM replay_run_rows "
        "WHERE key = ?",
        (run,),
    ).fetchone()
    lowered = _lowered(contents.json(row[3]) or {}, (verdict for _, verdict, *_ in judged))
    went = (len({trace for trace, *_ in judged}), len(judged), sum(bool(one[2]) for one in judged))
    connection.execute(
        "UPDATE replay_run_rows SET trace_count = ?, call_count = ?, conditional_count = ?, "
        "verdict_counts = ? WHERE key = ?",
        # NULL is a run that is still going on, or of the default: it stays one.
        (
            *(had and max(0, had - gone) for had, gone in zip(row[:3], went, strict=True)),
            _json_cell(lowered),
            run,
        ),
    )
    return 0


def _lower_findings(connection: sqlite3.Connection, run: int, judged: list[_Judged]) -> int:
    removed = 0
    for signature in {one[3] for one in judged if one[3] is not None}:
        gone = [one for one in judged if one[3] == signature]
        example = connection.execute(
            "SELECT t.id, v.step_number, CASE typeof(v.tool_call) WHEN 'integer' "
            "THEN (SELECT c.id FROM tool_call_rows c WHERE c.key = v.tool_call) "
            "ELSE v.tool_call END FROM call_verdict_rows v JOIN trace_rows t ON t.key = v.trace "
            "WHERE v.run = ? AND v.signature = ? ORDER BY v.key LIMIT 1",
            (run, signature),
        ).fetchone()
        if example is None:
            count = connection.execute(
                "DELETE FROM finding_rows WHERE run = ? AND signature = ?", (run, signature)
            ).rowcount
            _lower_records(connection, "finding", count)
            removed += count
        else:
            _lower_finding(connection, run, signature, gone, example)
    return removed


def _lower_finding(
    connection: sqlite3.Connection,
    run: int,
    signature: str,
    gone: list[_Judged],
    example: tuple[Any, ...],
) -> None:
    row = connection.execute(
        "SELECT key, models, example_trace_id IN "
        f"(SELECT id FROM trace_rows WHERE key IN ({_MARKED})) "
        "FROM finding_rows WHERE run = ? AND signature = ?",
        (run, signature),
    ).fetchone()
    if row is None:
        return
    key, models, is_examples_trace = row
    lowered = _lowered(
        ContentReader(connection).json(models) or {}, (one[4] for one in gone if one[4])
    )
    connection.execute(
        "UPDATE finding_rows SET call_count = max(1, call_count - ?), "
        "first_divergence_count = max(0, first_divergence_count - ?), "
        "trace_count = max(1, trace_count - ?), models = ? WHERE key = ?",
        (
            len(gone),
            sum(not one[2] for one in gone),
            len({one[0] for one in gone}),
            _json_cell(lowered),
            key,
        ),
    )
    if is_examples_trace:
        connection.execute(
            "UPDATE finding_rows SET example_trace_id = ?, example_step_number = ?, "
            "example_tool_call_id = ? WHERE key = ?",
            (*example, key),
        )


def _lowered(counts: Any, gone: Iterable[str]) -> dict[str, int]:
    """Return counts by name less what is gone; a name with none left is not in it."""
    left = Counter(counts)
    left.subtract(Counter(gone))
    return {name: count for name, count in left.items() if count > 0}


def _json_cell(value: dict[str, int]) -> str | None:
    # Always in its row: it can only have become shorter, and a long one is read as well.
    return orjson.dumps(value).decode() if value else None


def _remove_what_ifs(connection: sqlite3.Connection) -> int:
    """Remove the what-ifs of these traces: each holds its trace's answers."""
    rows = connection.execute(
        f"SELECT key, extra FROM replay_run_rows WHERE id GLOB '{WHAT_IF}*'"
    ).fetchall()
    contents = ContentReader(connection)
    count = 0
    for key, extra in rows:
        trace_id = branch_trace_id(contents.json, extra)
        going = connection.execute(
            f"SELECT 1 FROM trace_rows WHERE id = ? AND key IN ({_MARKED})", (trace_id,)
        ).fetchone()
        if going:
            delete_run(connection, key)
            count += 1
    return count


def branch_trace_id(read: Callable[[Any], Any], extra: Any) -> str | None:
    """Return the trace that a what-if is of, from the ``extra`` of its row."""
    branch = (read(extra) or {}).get("branch") or {}
    trace_id = branch.get("trace_id")
    return trace_id if isinstance(trace_id, str) else None
