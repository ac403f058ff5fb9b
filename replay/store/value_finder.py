"""Where a person's value stands: contents are read page by page, rows some thousands at a time.

A million calls are a gigabyte of texts. Most pages and rows hold nothing of one person, so each is
first asked as a whole, in one piece; only what does hold something is looked at one by one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from replay.store.contents import ContentReader
from replay.store.freeing import parts_of
from replay.store.keep_rules import Due
from replay.store.layout import LAYOUTS, Layout
from replay.store.number_forms import NumberForms
from replay.store.removing import branch_trace_id

_BY_TRACE: Final = ("trace", "model_call", "tool_call", "feedback", "pin", "call_verdict")
_BY_CALL: Final = ("interaction", "attempt")
_OTHERS: Final = ("tool_schema", "replay_run", "finding", "approval")
_ROWS: Final = 4_096
"""Rows that are asked as a whole."""

Tell = Callable[[str, int, int], None]


class ValueFinder:
    """Finds a value in the rows and contents of one database."""

    def __init__(self, connection: sqlite3.Connection, values: Iterable[str], tell: Tell) -> None:
        """``values``: the value, and its placeholder."""
        self._connection = connection
        self._reader = ContentReader(connection)
        values = tuple(values)
        self._needles = sorted({form for value in values for form in _written(value)})
        self._numbers = NumberForms(values)
        self._tell = tell
        self._looked_at = 0
        self._holding: set[int] = set()
        """Contents that hold it."""

    def traces(self) -> list[Due]:
        """Return the traces that hold it in a record of theirs, as of one moment; oldest first."""
        self._connection.execute("BEGIN")
        try:
            self._look_into_contents()
            self._teach()
            rows = [
                self._connection.execute(
                    "SELECT started_us, id, key, tool_call_count + model_call_count "
                    "FROM trace_rows WHERE key = ?",
                    (key,),
                ).fetchone()
                for key in self._trace_keys()
            ]
        finally:
            self._connection.execute("COMMIT")
        found = sorted(row for row in rows if row is not None)
        return [Due(key, name, at_us, count, "forgotten") for at_us, name, key, count in found]

    def others(self) -> list[str]:
        """Return what holds it and belongs to no trace; ask `traces` first."""
        self._teach()
        found = []
        for kind in _OTHERS:
            name = "r.id" if kind in ("tool_schema", "replay_run") else "r.signature"
            named = kind.replace("_", " ")
            found += [f"{named} {one}" for one in self._rows(kind, name)]
        for trace_id, *said in self._connection.execute(
            "SELECT trace_id, reason, held_by FROM holds"
        ):
            if self._hold(said):
                found.append(f"hold of trace {trace_id}")
        return found

    def remove_set_aside(self) -> int:
        """Remove what fits no table, or belongs to calls that never came, and holds it."""
        self._teach()
        going = [
            key
            for key, record in self._connection.execute("SELECT key, record FROM rejected")
            if self._holds(record)
        ]
        self._connection.executemany("DELETE FROM rejected WHERE key = ?", [(k,) for k in going])
        orphans = set(self._rows("interaction", "r.key", "typeof(r.tool_call) = 'text'"))
        for key in orphans:
            self._connection.execute("DELETE FROM interaction_rows WHERE key = ?", (key,))
            self._connection.execute(
                "UPDATE record_totals SET record_count = record_count - 1 "
                "WHERE kind = 'interaction'"
            )
        return len(going) + len(orphans)

    # -- contents ---------------------------------------------------------------------------------

    def _look_into_contents(self) -> None:
        """Note the contents that hold it; when asked again, only new ones are read."""
        self._reader.forget()  # others may have written pages anew since
        first = self._looked_at
        total = self._connection.execute(
            "SELECT count(*) FROM contents WHERE key > ?", (first,)
        ).fetchone()[0]
        rows = self._connection.execute(
            "SELECT page, key, start, size FROM contents WHERE key > ? ORDER BY key", (first,)
        )
        holding: dict[int, bool] = {}
        done = 0
        found = []
        for page, of_page in groupby(rows, key=lambda row: row[0]):
            body = self._reader.page(page)
            if page not in holding:
                holding[page] = self._holds(body.decode("utf-8", "replace"))
            pieces = list(of_page)
            done += len(pieces)
            self._looked_at = pieces[-1][1]
            self._tell("texts", done, total)
            if holding[page]:
                found += [
                    key
                    for _, key, start, size in pieces
                    if self._holds(body[start : start + size].decode("utf-8", "replace"))
                ]
        self._holding.update(found)
        if not self._holding:
            return
        rows = self._connection.execute(
            "SELECT key FROM contents WHERE form = 'split' AND key > ? ORDER BY key", (first,)
        )
        standing = [k for (k,) in rows if not self._holding.isdisjoint(parts_of(self._reader, k))]
        self._holding.update(standing)

    def _teach(self) -> None:
        """Let SQL ask for the contents that hold it; a VACUUM in between has let it forget."""
        for statement in (
            "CREATE TEMP TABLE IF NOT EXISTS holding (content INTEGER PRIMARY KEY)",
            "DELETE FROM temp.holding",
        ):
            self._connection.execute(statement)
        self._connection.executemany(
            "INSERT INTO temp.holding VALUES (?)", [(key,) for key in self._holding]
        )

    # -- rows -------------------------------------------------------------------------------------

    def _trace_keys(self) -> set[int]:
        found = set(self._in_prompts()) | set(self._in_settings())
        for kind in _BY_TRACE:
            found.update(self._rows(kind, "r.key" if kind == "trace" else "r.trace"))
        for call in set(self._rows("interaction", "r.tool_call")):
            found.update(self._one("SELECT trace FROM tool_call_rows WHERE key = ?", call))
        for call_id in set(self._rows("attempt", "r.call_id")):
            for table in ("tool_call_rows", "model_call_rows"):
                found.update(self._one(f"SELECT trace FROM {table} WHERE id = ?", call_id))
        for trace_id in self._what_ifs():
            found.update(self._one("SELECT key FROM trace_rows WHERE id = ?", trace_id))
        return {key for key in found if isinstance(key, int)}

    def _rows(self, kind: str, wanted: str, where: str = "1") -> Iterator[Any]:
        """Yield ``wanted`` of each row of a kind that holds it."""
        layout = LAYOUTS[kind]
        ends = self._connection.execute(f"SELECT min(key), max(key) FROM {layout.table}").fetchone()
        if ends[1] is None:
            return
        columns = _columns(layout)
        names = ", ".join(name for name, _ in columns)
        # A column at a time: what is NULL, which is most, costs nothing.
        together = ", ".join(f"group_concat({name})" for name, _ in columns)
        in_contents = " OR ".join(
            f"{name} IN (SELECT content FROM temp.holding)"
            for name, is_content in columns
            if is_content
        )
        some = f"FROM {layout.table} r WHERE r.key BETWEEN ? AND ? AND {where}"
        for first in range(ends[0], ends[1] + 1, _ROWS):
            span = (first, first + _ROWS - 1)
            self._tell(f"rows of {layout.view}", first - ends[0], ends[1] - ends[0] + 1)
            if self._holding:
                yield from self._one(f"SELECT {wanted} {some} AND ({in_contents})", *span)
            [whole] = self._connection.execute(f"SELECT {together} {some}", span).fetchall()
            if self._hold(whole):
                rows = self._connection.execute(f"SELECT {wanted}, {names} {some}", span)
                yield from (one for one, *cells in rows.fetchall() if self._hold(cells))

    def _in_prompts(self) -> Iterable[int]:
        return self._one(
            "SELECT DISTINCT trace FROM prompt_messages "
            "WHERE content IN (SELECT content FROM temp.holding)"
        )

    def _in_settings(self) -> Iterable[int]:
        held = self._holding
        toolsets = {
            key
            for key, listed in self._connection.execute("SELECT key, contents FROM toolsets")
            if not held.isdisjoint(json.loads(listed))
        }
        for key, toolset, parameters in self._connection.execute(
            "SELECT key, toolset, parameters FROM model_settings"
        ).fetchall():
            holds = (
                parameters in held
                if type(parameters) is int
                else (isinstance(parameters, str) and self._holds(parameters))
            )
            if holds or toolset in toolsets:
                yield from self._one("SELECT trace FROM model_call_rows WHERE settings = ?", key)

    def _what_ifs(self) -> Iterable[str]:
        held = self._holding
        rows = self._connection.execute("SELECT extra FROM replay_run_rows").fetchall()
        for (extra,) in rows:
            holds = extra in held if type(extra) is int else self._holds(extra or "")
            trace_id = branch_trace_id(self._reader.json, extra) if holds else None
            if trace_id is not None:
                yield trace_id

    def _one(self, query: str, *values: Any) -> list[Any]:
        return [row[0] for row in self._connection.execute(query, values)]

    def _hold(self, cells: Iterable[Any]) -> bool:
        return self._holds("\0".join(cell for cell in cells if type(cell) is str))

    def _holds(self, text: str) -> bool:
        lower = text.casefold()
        return any(needle in lower for needle in self._needles) or self._numbers.in_text(lower)


def _columns(layout: Layout) -> list[tuple[str, bool]]:
    """Return the columns that can hold a text, and whether a number in one names a content."""
    found = [
        (f"r.{column.name}", column.form in ("text", "json"))
        for column in layout.columns
        if column.form in ("text", "json", "plain") and not column.shared
    ]
    more = [("r.first_user_text", False)] if layout.kind == "trace" else []
    return [*found, ("r.extra", True), *more]


def _written(value: str) -> set[str]:
    """Return how a value stands in JSON, and in JSON inside of texts, in lower case."""
    forms = {value}
    for _ in range(2):
        forms |= {
            json.dumps(form, ensure_ascii=ascii_only)[1:-1]
            for form in tuple(forms)
            for ascii_only in (True, False)
        }
    return {form.casefold() for form in forms}
