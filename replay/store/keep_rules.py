"""How long a trace is kept: its own say, else the shortest rule that fits it, else the default.

Age counts from a trace's last step, so a conversation that goes on is never cut in the middle.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from replay.records.lengths import seconds_kept
from replay.store.contents import ContentReader

ATTRIBUTE: Final = "keep"
"""The attribute of a trace that says how long this one is kept: ``7d``, ``forever``."""


@dataclass(frozen=True, slots=True)
class KeepRules:
    """What ``[tool.replay.keep]`` says; names may have ``*`` globs."""

    default: str | None = None
    """How long a trace is kept that no rule fits; None: for ever."""
    apps: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    """By ``key=value``, or ``key`` for any value."""
    tools: Mapping[str, str] = field(default_factory=dict)
    """Of traces that called it."""


@dataclass(frozen=True, slots=True)
class Due:
    """A trace whose time is over."""

    key: int
    id: str
    started_us: int
    call_count: int
    rule: str
    """``default 30d``, ``app shop 7d``, ``its own 1d``."""


class Judge:
    """Says of traces whether their time is over."""

    def __init__(self, connection: sqlite3.Connection, rules: KeepRules, now_us: int) -> None:
        """``connection`` is the caller's; what it has seen may change between questions."""
        self._connection = connection
        self._contents = ContentReader(connection)
        self._rules = rules
        self._now_us = now_us
        names = connection.execute("SELECT DISTINCT tool FROM tool_totals").fetchall()
        self._tools = [
            (name, f"tool {name} {kept}", kept)
            for (name,) in names
            for pattern, kept in rules.tools.items()
            if fnmatchcase(name, pattern)
        ]

    def due(self, row: tuple[Any, ...]) -> Due | None:
        """Return why a trace is to go: ``row`` is one of `TRACE_COLUMNS`. None: it is not."""
        key, trace_id, app, started_us, ended_us, labels, attributes, calls, model_calls = row
        if started_us >= self._now_us:
            return None
        said = self._said(key, app, labels, attributes)
        if said is None:
            return None
        rule, seconds = said
        cutoff_us = self._now_us - seconds * 1_000_000
        if started_us >= cutoff_us or (ended_us or 0) >= cutoff_us:
            return None
        if last_step_us(self._connection, key) >= cutoff_us:
            return None
        return Due(key, trace_id, started_us, calls + model_calls, rule)

    def _said(
        self, key: int, app: str | None, labels: Any, attributes: Any
    ) -> tuple[str, int] | None:
        """Return the rule for a trace and its seconds; None: it is kept for ever."""
        own = self._own(attributes)
        if own is not None:
            return _timed(f"its own {own}", own)
        fitting = self._fitting(key, app, labels)
        if not fitting and self._rules.default is not None:
            fitting = [(f"default {self._rules.default}", self._rules.default)]
        timed = [one for one in (_timed(rule, kept) for rule, kept in fitting) if one is not None]
        return min(timed, key=lambda one: one[1], default=None)

    def is_forever(self, row: tuple[Any, ...]) -> bool:
        """Say whether a trace itself, or every rule that fits it, says ``forever``.

        ``row`` is one of `TRACE_COLUMNS`. What only the default says is said of no trace.
        """
        key, _, app, _, _, labels, attributes, *_ = row
        own = self._own(attributes)
        kept = [own] if own is not None else [one for _, one in self._fitting(key, app, labels)]
        return bool(kept) and all(seconds_kept(one) is None for one in kept)

    def _fitting(self, key: int, app: str | None, labels: Any) -> list[tuple[str, str]]:
        """Return the rules for a trace's app, labels and tools, each with how long it says."""
        fitting = [
            (f"app {name} {kept}", kept)
            for name, kept in self._rules.apps.items()
            if app is not None and fnmatchcase(app, name)
        ]
        if self._rules.labels and labels is not None:
            carried = self._contents.json(labels) or {}
            fitting += [
                (f"label {name} {kept}", kept)
                for name, kept in self._rules.labels.items()
                if _carries(carried, name)
            ]
        fitting += [(rule, kept) for name, rule, kept in self._tools if self._calls_tool(key, name)]
        return fitting

    def _own(self, attributes: Any) -> str | None:
        if attributes is None or (isinstance(attributes, str) and '"keep"' not in attributes):
            return None
        said = (self._contents.json(attributes) or {}).get(ATTRIBUTE)
        try:
            return said if isinstance(said, str) and seconds_kept(said) != 0 else None
        except ValueError:  # an attribute of the application's own that is called so
            return None

    def _calls_tool(self, key: int, tool: str) -> bool:
        found = self._connection.execute(
            "SELECT 1 FROM tool_call_rows INDEXED BY tool_calls_by_tool "
            "WHERE tool = ? AND trace = ? LIMIT 1",
            (tool, key),
        ).fetchone()
        return found is not None


TRACE_COLUMNS: Final = (
    "r.key, r.id, r.app, r.started_us, r.ended_us, r.labels, r.attributes, "
    "r.tool_call_count, r.model_call_count"
)


def last_step_us(connection: sqlite3.Connection, trace: int) -> int:
    """Return when the last step of a trace started; 0: it has none."""
    row = connection.execute(
        "SELECT max((SELECT coalesce(max(started_us), 0) FROM tool_call_rows WHERE trace = :key), "
        "(SELECT coalesce(max(started_us), 0) FROM model_call_rows WHERE trace = :key))",
        {"key": trace},
    ).fetchone()
    return int(row[0])


def _timed(rule: str, kept: str) -> tuple[str, int] | None:
    seconds = seconds_kept(kept)
    return None if seconds is None else (rule, seconds)


def _carries(labels: Any, wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    if name not in labels:
        return False
    return not equals or fnmatchcase(str(labels[name]), value)
