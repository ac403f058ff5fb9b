"""What is known of tools' schemas: which there are, what each was for, and how often."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from replay.errors import SelectionError, StoreError
from replay.store.schema_checks import is_counted
from replay.store.selecting import Conditions
from replay.store.times import iso_text

SOURCE: Final = "source"
"""What the code says: pydantic's JSON Schema of the annotations, or the one that was given."""
SHOWN: Final = "shown"
"""What a model was shown: SDKs rewrite the source."""
VALIDATOR: Final = "validator"
"""What judged arguments before the tool got them."""
ROLES: Final = (SOURCE, SHOWN, VALIDATOR)

MARKED_SCHEMA: Final = "r.extra IS NOT NULL AND content_text(r.extra) LIKE '%\"sensitive\"%'"
"""Of rows ``r`` of schemas: those that may say that their tool marks something as sensitive."""


@dataclass(frozen=True, slots=True)
class KnownSchema:
    """One schema of one tool, and what it was used for."""

    id: str
    tool: str
    versions: tuple[str, ...]
    """The tool's versions that ran with it; a toolbox says it, and a model never sees it."""
    dialect: str
    roles: tuple[str, ...]
    first_seen_at: str | None
    last_seen_at: str | None
    trace_count: int
    """Traces in which a model was shown it, or a call was validated by it."""
    model_call_count: int
    """Model calls that were shown it."""
    call_count: int
    """Calls of the tool that a model made after seeing it, or that it validated."""


@dataclass(frozen=True, slots=True)
class Registry:
    """The schemas of a database, by tool, then when they were first seen."""

    schemas: list[KnownSchema] = field(default_factory=list)
    bare_calls: dict[str, int] = field(default_factory=dict)
    """Calls, by tool, of which no schema is known: nobody recorded what the model was shown."""


def read_registry(
    connection: sqlite3.Connection, tools: Sequence[str], dialects: Sequence[str]
) -> Registry:
    """Return the schemas of these tools and dialects; of all where none are named."""
    _refuse_older(connection)
    wanted = Conditions()
    wanted.any_of("r.tool", list(tools))
    wanted.any_of("r.dialect", list(dialects))
    rows = connection.execute(
        "SELECT r.key, r.id, r.tool, r.tool_version, r.dialect, r.extra IS NOT NULL, "
        "r.first_seen_us, r.last_seen_us, r.trace_count, r.model_call_count "
        f"FROM tool_schema_rows r WHERE {wanted.sql} ORDER BY r.tool, r.first_seen_us, r.key",
        wanted.values,
    ).fetchall()
    pairs = connection.execute(
        "SELECT c.shown, c.validator, c.call_count, v.tool_version, coalesce(v.tool, s.tool) "
        "FROM schema_calls c LEFT JOIN tool_schema_rows v ON v.key = c.validator "
        "LEFT JOIN tool_schema_rows s ON s.key = c.shown"
    ).fetchall()
    return Registry(_schemas(rows, pairs), _bare_calls(connection, tools, pairs))


def read_trace_keys(connection: sqlite3.Connection, schema_id: str, limit: int) -> list[int]:
    """Return the keys of traces that used a schema, those stored last first.

    Raises:
        SelectionError: there is no such schema.
    """
    _refuse_older(connection)
    row = connection.execute(
        "SELECT key FROM tool_schema_rows WHERE id = ?", (schema_id,)
    ).fetchone()
    if row is None:
        raise SelectionError(
            f"There is no tool schema {schema_id!r}.", hint="`replay schema list` shows them."
        )
    found = connection.execute(
        "SELECT trace FROM schema_traces WHERE schema = ? ORDER BY trace DESC LIMIT ?",
        (row[0], limit),
    )
    return [trace for (trace,) in found]


def _schemas(rows: list[Any], pairs: list[Any]) -> list[KnownSchema]:
    calls: dict[int, int] = {}
    versions: dict[int, set[str]] = {}
    validators = {validator for _, validator, *_ in pairs}
    for shown, validator, count, version, _ in pairs:
        for key in {shown, validator}:
            calls[key] = calls.get(key, 0) + count
            if version is not None and count:
                versions.setdefault(key, set()).add(version)
    found = []
    for key, identity, tool, version, dialect, judges, first, last, traces, model_calls in rows:
        of_key = versions.get(key, set()) | ({version} - {None})
        is_validator = dialect == "pydantic" or judges or key in validators or not model_calls
        roles = (SOURCE, VALIDATOR) if is_validator else ()
        found.append(
            KnownSchema(
                id=identity,
                tool=tool,
                versions=tuple(sorted(of_key, key=version_order)),
                dialect=dialect,
                roles=tuple(r for r in ROLES if r in roles or (r == SHOWN and model_calls)),
                first_seen_at=None if first is None else iso_text(first),
                last_seen_at=None if last is None else iso_text(last),
                trace_count=traces,
                model_call_count=model_calls,
                call_count=calls.get(key, 0),
            )
        )
    return found


def _bare_calls(
    connection: sqlite3.Connection, tools: Sequence[str], pairs: list[Any]
) -> dict[str, int]:
    wanted = Conditions()
    wanted.any_of("tool", list(tools))
    totals = connection.execute(
        f"SELECT tool, sum(call_count) FROM tool_totals WHERE {wanted.sql} GROUP BY tool",
        wanted.values,
    ).fetchall()
    covered: dict[str, int] = {}
    for _, _, count, _, tool in pairs:
        covered[tool] = covered.get(tool, 0) + count
    return {tool: left for tool, total in totals if (left := total - covered.get(tool, 0)) > 0}


def version_order(version: str | None) -> tuple[tuple[int, int, str], ...]:
    """Return what versions are sorted by: numbers in them as numbers, no version first."""
    parts = (version or "").replace("-", ".").split(".") if version else []
    return tuple((1, int(part), "") if part.isdecimal() else (2, 0, part) for part in parts)


def _refuse_older(connection: sqlite3.Connection) -> None:
    if not is_counted(connection):
        raise StoreError(
            "This database was written before schemas were counted, and cannot be brought up to "
            "date here: it is read-only.",
            hint="Copy it to a folder that can be written, and ask there.",
        )
