"""A `Selection` as SQL: which traces, which tool calls.

A trace is selected when its own facts fit and, where tools, versions, outcomes or text are asked
for, one and the same tool call of it fits all of these.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any, Final

from replay.errors import SelectionError
from replay.records import Selection
from replay.records.replays import WHAT_IF
from replay.store.database import format_of
from replay.store.layout import LAYOUTS
from replay.store.times import microseconds

FEW: Final = 20_000
"""Up to so many fitting rows are found first; beyond, the newest rows are looked through, where a
page is soon full."""

HANDFUL: Final = 2_000
"""Up to so many fitting calls, their traces are fetched and sorted."""


IS_KNOWN: Final = "(r.seen OR r.tool_call_count OR r.model_call_count)"
"""Whether a row ``r`` of trace_rows is a trace: of others only feedback or verdicts have come.

These may be stored before their trace, or name one that never comes."""


@dataclass(slots=True)
class Conditions:
    """SQL conditions with their values, joined by AND."""

    texts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    is_rare: bool = False
    """Few rows fit: start from these, not from the newest row on."""

    def add(self, text: str, *values: Any) -> None:
        """Add one condition."""
        self.texts.append(text)
        self.values.extend(values)

    def any_of(self, column: str, wanted: list[str]) -> None:
        """Add ``column IN (wanted)`` where something is wanted."""
        if wanted:
            self.add(f"{column} IN ({', '.join('?' * len(wanted))})", *wanted)

    @property
    def sql(self) -> str:
        """The whole condition."""
        return " AND ".join(self.texts) or "1"

    @property
    def newest_first(self) -> str:
        """The order of traces ``r``, the newest first."""
        # The sign keeps SQLite from walking through all traces for the few that fit.
        return f"{'+' if self.is_rare else ''}r.started_us DESC, r.id DESC"


def selected_traces(
    connection: sqlite3.Connection, selection: Selection, *, even_unknown: bool = False
) -> Conditions:
    """Return the conditions on a row ``r`` of trace_rows: all that ``selection`` asks for.

    ``even_unknown``: also what is no trace (yet), but has feedback; named ones always are.
    """
    found = trace_conditions(connection, selection)
    if not even_unknown and not selection.trace_ids:
        found.add(IS_KNOWN)
    on_call = call_conditions(connection, selection)
    if on_call.is_rare:
        # The traces of a handful are fetched and sorted. For more the newest are looked through,
        # with a set of those that fit at hand: where all of them are old, that is still the index.
        is_handful = fitting_call_count(connection, selection) <= HANDFUL
        found.is_rare = found.is_rare or is_handful
        found.add(
            f"{'' if is_handful else '+'}r.key IN "
            f"(SELECT c.trace FROM tool_call_rows c WHERE {on_call.sql})",
            *on_call.values,
        )
    elif on_call.texts:
        found.add(
            "EXISTS (SELECT 1 FROM tool_call_rows c INDEXED BY tool_calls_by_trace "
            f"WHERE c.trace = +r.key AND {on_call.sql})",
            *on_call.values,
        )
    return found


def trace_conditions(connection: sqlite3.Connection, selection: Selection) -> Conditions:
    """Return the conditions on a row ``r`` of trace_rows, calls not looked at."""
    found = Conditions()
    if selection.trace_ids:
        keys = [trace_key(connection, wanted) for wanted in selection.trace_ids]
        found.add(f"r.key IN ({', '.join('?' * len(keys))})", *keys)
    found.any_of("r.app", selection.apps)
    found.any_of("r.source", selection.sources)
    if "recorded" in selection.sources:
        found.texts[-1] = f"(r.source IS NULL OR {found.texts[-1]})"
    for name, value in selection.labels.items():
        found.add(
            "EXISTS (SELECT 1 FROM json_each(content_text(r.labels)) l "
            "WHERE l.key = ? AND l.value = ?)",
            name,
            value,
        )
    if selection.since is not None:
        found.add("r.started_us >= ?", _moment(selection.since, "since"))
    if selection.until is not None:
        found.add("r.started_us < ?", _moment(selection.until, "until"))
    if selection.pinned:
        # A file of an older format, that nobody may write, has no pins.
        has_pins = format_of(connection) >= LAYOUTS["pin"].since
        found.add("r.key IN (SELECT p.trace FROM pin_rows p)" if has_pins else "0")
        found.is_rare = True
    if selection.models:
        _add_models(connection, selection, found)
    return found


def _add_models(connection: sqlite3.Connection, selection: Selection, found: Conditions) -> None:
    models = model_names(connection, selection.models)
    of_models = f"trace_models tm WHERE tm.model IN ({', '.join('?' * len(models))})"
    count = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {of_models} LIMIT ?)", (*models, FEW + 1)
    ).fetchone()[0]
    if count <= FEW:  # as for calls
        is_handful = count <= HANDFUL
        found.is_rare = found.is_rare or is_handful
        sign = "" if is_handful else "+"
        found.add(f"{sign}r.key IN (SELECT tm.trace FROM {of_models})", *models)
    else:
        found.add(f"EXISTS (SELECT 1 FROM {of_models} AND tm.trace = r.key)", *models)


def call_conditions(connection: sqlite3.Connection, selection: Selection) -> Conditions:
    """Return the conditions on a row ``c`` of tool_call_rows, its trace not looked at."""
    found = Conditions()
    by_facts = selection.tools or selection.tool_versions or selection.outcomes
    found.is_rare = bool(by_facts) and fitting_call_count(connection, selection) <= FEW
    # The sign keeps SQLite from an index that would have it fetch and sort millions of rows.
    c = "c" if found.is_rare else "+c"
    found.any_of(f"{c}.tool", selection.tools)
    found.any_of("c.tool_version", selection.tool_versions)
    outcomes = [str(outcome) for outcome in selection.outcomes]
    found.any_of(f"{c}.outcome", outcomes)
    if outcomes and "ok" not in outcomes:
        found.add(f"{c}.outcome <> 'ok'")  # allows the partial index of what went wrong
    if selection.text:
        found.add("shows_text(c.key, c.arguments, c.response, ?)", selection.text)
    return found


def fitting_call_count(connection: sqlite3.Connection, selection: Selection) -> int:
    """Return how many tool calls fit the tools, versions and outcomes, from the kept totals."""
    found = Conditions()
    found.any_of("tool", selection.tools)
    found.any_of("tool_version", selection.tool_versions)
    found.any_of("outcome", [str(outcome) for outcome in selection.outcomes])
    row = connection.execute(
        f"SELECT total(call_count) FROM tool_totals WHERE {found.sql}", found.values
    ).fetchone()
    return int(row[0])


def trace_key(connection: sqlite3.Connection, wanted: str) -> int:
    """Return the key of the trace with this id or unique prefix.

    Raises:
        SelectionError: there is none, or more than one.
    """
    return _key(connection, "trace_rows", "trace", wanted)


def run_key(connection: sqlite3.Connection, wanted: str) -> int:
    """Return the key of the replay run with this id, unique prefix, or ``latest``.

    The latest is never a what-if.

    Raises:
        SelectionError: no run, or several, have that id.
    """
    if wanted == "latest":
        row = connection.execute(
            f"SELECT key FROM replay_run_rows WHERE id NOT GLOB '{WHAT_IF}*' "
            "ORDER BY started_us DESC, key DESC LIMIT 1"
        ).fetchone()
        if row is None:
            raise SelectionError("There is no replay run yet.", hint="`replay run` makes one.")
        return int(row[0])
    return _key(connection, "replay_run_rows", "replay run", wanted)


def _key(connection: sqlite3.Connection, table: str, noun: str, wanted: str) -> int:
    exact = connection.execute(f"SELECT key FROM {table} WHERE id = ?", (wanted,)).fetchone()
    if exact is not None:
        return int(exact[0])
    wanted = wanted.removesuffix("…")  # as `replay list` shows a beginning
    rows = []
    if wanted:
        rows = connection.execute(
            f"SELECT key, id FROM {table} WHERE id >= ? AND id < ? ORDER BY id LIMIT 4",
            (wanted, wanted + "\U0010ffff"),
        ).fetchall()
    if len(rows) == 1:
        return int(rows[0][0])
    if rows:
        raise SelectionError(
            f"Several {noun}s start with {wanted!r}.",
            nearest=", ".join(row[1] for row in rows[:3]) + (", ..." if len(rows) > 3 else ""),
            hint="Give more of the id.",
        )
    raise SelectionError(
        f"There is no {noun} {wanted!r}.",
        nearest=nearest_id(connection, table, wanted),
        hint=f"`replay {'list' if noun == 'trace' else 'runs'}` shows what there is.",
    )


def nearest_id(connection: sqlite3.Connection, table: str, wanted: str) -> str | None:
    """Return the id most like ``wanted`` among its neighbours and the newest, or None."""
    from difflib import get_close_matches

    rows = connection.execute(
        f"SELECT id FROM (SELECT id FROM {table} WHERE id >= ? ORDER BY id LIMIT 20) UNION "
        f"SELECT id FROM (SELECT id FROM {table} WHERE id < ? ORDER BY id DESC LIMIT 20) UNION "
        f"SELECT id FROM (SELECT id FROM {table} ORDER BY key DESC LIMIT 100)",
        (wanted, wanted),
    ).fetchall()
    close = get_close_matches(wanted, [str(row[0]) for row in rows], n=1, cutoff=0.5)
    return close[0] if close else None


def model_names(connection: sqlite3.Connection, patterns: list[str]) -> list[str]:
    """Return the recorded model names that fit any of the patterns (``*`` globs)."""
    from fnmatch import fnmatchcase

    names = distinct_models(connection)
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def distinct_models(connection: sqlite3.Connection) -> list[str]:
    """Return every model name once; jumps from name to name, so a few reads however many rows."""
    names: list[str] = []
    row = connection.execute("SELECT min(model) FROM trace_models").fetchone()
    while row[0] is not None:
        names.append(row[0])
        row = connection.execute(
            "SELECT min(model) FROM trace_models WHERE model > ?", (row[0],)
        ).fetchone()
    return names


def _moment(text: str, name: str) -> int:
    try:
        return microseconds(text)
    except ValueError as error:
        raise SelectionError(
            f"{name}={text!r} is no time.", hint="Write it as 2026-11-21T09:00:00Z."
        ) from error
