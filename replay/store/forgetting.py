"""`replay forget`: every trace that holds one person's value goes, whole.

A trace is not rewritten without the value: what else it says is of the same person. Looked for are
the value itself, in any case and however JSON writes it, and its placeholder, where the key that
made placeholders is known: in a masked database only that is there.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from replay.store.contents import ContentReader
from replay.store.freeing import parts_of
from replay.store.keep_rules import Due
from replay.store.layout import LAYOUTS, Layout
from replay.store.pruning import Pruned, Pruner
from replay.store.removing import branch_trace_id
from replay.store.spool import spool_files, spool_folder

VALUE_SIZE_MIN: Final = 4
"""Shorter values stand in too many others."""

_BY_TRACE: Final = ("trace", "model_call", "tool_call", "feedback", "pin", "call_verdict")
_OTHERS: Final = ("tool_schema", "replay_run", "finding", "approval")


@dataclass(slots=True)
class Forgotten:
    """What `forget` found and removed."""

    pruned: Pruned
    trace_ids: list[str] = field(default_factory=list)
    """Traces that held the value; removed, unless they are in ``pruned.held``."""
    set_aside: int = 0
    """Records that fit no table or belong to no call, and held it: they went."""
    left: list[str] = field(default_factory=list)
    """Where it still stands, and is no trace's: a schema, an approval. For a person to judge."""
    recording: list[int] = field(default_factory=list)
    """Processes that still record: what they wrote stays in their spool until they end."""


class Finder:
    """Finds a value in the rows and contents of one database."""

    def __init__(self, connection: sqlite3.Connection, values: Iterable[str]) -> None:
        """``values``: the value, and its placeholder."""
        self._connection = connection
        self._reader = ContentReader(connection)
        self._needles = sorted({form for value in values for form in _written(value)})
        self.contents: set[int] = set()

    def look(self, tell: Callable[[str, int, int], None]) -> None:
        """Find the contents that hold the value; the other questions stand on it."""
        rows = self._connection.execute("SELECT key, form FROM contents ORDER BY key").fetchall()
        for done, (key, _) in enumerate(rows):
            if not done % 1000:
                tell("texts", done, len(rows))
            if self._holds(self._reader.body(key)[1].decode("utf-8", "replace")):
                self.contents.add(key)
        for key, form in rows:
            if form == "split" and not self.contents.isdisjoint(parts_of(self._reader, key)):
                self.contents.add(key)

    def trace_keys(self, tell: Callable[[str, int, int], None]) -> set[int]:
        """Return the traces that hold it, in any of their records."""
        found = set(self._in_prompts()) | set(self._in_settings())
        for at, kind in enumerate(_BY_TRACE):
            tell("kinds of records", at, len(_BY_TRACE) + 1)
            found.update(self._rows(kind, "r.key" if kind == "trace" else "r.trace"))
        calls = set(self._rows("interaction", "r.tool_call"))
        for call in calls:
            found.update(self._one("SELECT trace FROM tool_call_rows WHERE key = ?", call))
        for call_id in set(self._rows("attempt", "r.call_id")):
            for table in ("tool_call_rows", "model_call_rows"):
                found.update(self._one(f"SELECT trace FROM {table} WHERE id = ?", call_id))
        for trace_id in self._what_ifs():
            found.update(self._one("SELECT key FROM trace_rows WHERE id = ?", trace_id))
        return {key for key in found if isinstance(key, int)}

    def others(self) -> list[str]:
        """Return the records that hold it and belong to no trace."""
        found = []
        for kind in _OTHERS:
            layout = LAYOUTS[kind]
            name = "r.id" if kind in ("tool_schema", "replay_run") else "r.signature"
            named = kind.replace("_", " ")
            found += [f"{named} {one}" for one in self._rows(layout.kind, name)]
        return found

    def remove_set_aside(self) -> int:
        """Remove what fits no table, or belongs to calls that never came, and holds it."""
        going = [
            key
            for key, record in self._connection.execute("SELECT key, record FROM rejected")
            if self._holds(record)
        ]
        self._connection.executemany("DELETE FROM rejected WHERE key = ?", [(k,) for k in going])
        orphans = self._rows("interaction", "r.key", "typeof(r.tool_call) = 'text'")
        count = len(going)
        for key in set(orphans):
            self._connection.execute("DELETE FROM interaction_rows WHERE key = ?", (key,))
            self._connection.execute(
                "UPDATE record_totals SET record_count = record_count - 1 "
                "WHERE kind = 'interaction'"
            )
            count += 1
        return count

    def _rows(self, kind: str, wanted: str, where: str = "1") -> list[Any]:
        layout = LAYOUTS[kind]
        columns = _columns(layout)
        at_contents = {at for at, (_, is_content) in enumerate(columns) if is_content}
        if not columns:
            return []
        chosen = ", ".join(name for name, _ in columns)
        rows = self._connection.execute(
            f"SELECT {wanted}, {chosen} FROM {layout.table} r WHERE {where}"
        )
        found = []
        for named, *cells in rows:
            said = [cell for cell in cells if type(cell) is str]
            if any(cells[at] in self.contents for at in at_contents if type(cells[at]) is int) or (
                said and self._holds("\0".join(said))
            ):
                found.append(named)
        return found

    def _in_prompts(self) -> Iterable[int]:
        for trace, content in self._connection.execute(
            "SELECT trace, content FROM prompt_messages"
        ):
            if content in self.contents:
                yield trace

    def _in_settings(self) -> Iterable[int]:
        toolsets = {
            key
            for key, listed in self._connection.execute("SELECT key, contents FROM toolsets")
            if not self.contents.isdisjoint(json.loads(listed))
        }
        for key, toolset, parameters in self._connection.execute(
            "SELECT key, toolset, parameters FROM model_settings"
        ).fetchall():
            holds = (
                parameters in self.contents
                if type(parameters) is int
                else (isinstance(parameters, str) and self._holds(parameters))
            )
            if holds or toolset in toolsets:
                yield from self._one("SELECT trace FROM model_call_rows WHERE settings = ?", key)

    def _what_ifs(self) -> Iterable[str]:
        rows = self._connection.execute("SELECT extra FROM replay_run_rows").fetchall()
        for (extra,) in rows:
            holds = extra in self.contents if type(extra) is int else self._holds(extra or "")
            trace_id = branch_trace_id(self._reader.json, extra) if holds else None
            if trace_id is not None:
                yield trace_id

    def _one(self, query: str, value: Any) -> list[Any]:
        return [row[0] for row in self._connection.execute(query, (value,))]

    def _holds(self, text: str) -> bool:
        lower = text.casefold()
        return any(needle in lower for needle in self._needles)


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


def forget(
    pruner: Pruner, path: Path, values: Iterable[str], *, dry_run: bool, command: str
) -> Forgotten:
    """Remove every trace that holds one of ``values``, and leave nothing of it in the file.

    Held traces stay and are named; pinned ones go and are named. ``pruner`` is an open
    `replay.store.pruning.pruning_of`.
    """
    from replay.store import audit, database

    connection = pruner.connection
    connection.execute("PRAGMA secure_delete=ON")
    finder = Finder(connection, values)
    finder.look(pruner.tell)
    keys = finder.trace_keys(pruner.tell)
    rows = connection.execute(
        "SELECT key, id, started_us, tool_call_count + model_call_count FROM trace_rows "
        "ORDER BY started_us, id"
    ).fetchall()
    due = [
        Due(key, name, at_us, count, "forgotten") for key, name, at_us, count in rows if key in keys
    ]
    done = Forgotten(pruner.pruned, [one.id for one in due])
    going = pruner.may_go(due, with_pinned=True)
    done.recording = sorted(
        {int(one.stem.partition("-")[0]) for one in spool_files(spool_folder(path))}
    )
    if dry_run:
        pruner.note(going)
        done.left = finder.others()
        return done
    pruner.remove(going)

    def remove_the_rest() -> None:
        done.set_aside = finder.remove_set_aside()
        audit.note_act(connection, command, "removed", f"{len(going)} traces of one person")

    database.transaction(connection, remove_the_rest)
    pruner.free()
    connection.execute("VACUUM")  # also what older versions of SQLite's pages had in their gaps
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    after = Finder(connection, values)
    after.look(pruner.tell)
    done.left = after.others()
    return done
