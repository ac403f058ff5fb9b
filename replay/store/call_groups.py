"""Which calls are alike for metrics: a number for each, beside an index of when and how long.

Counting a million calls by tool, model and outcome would read every row of them, and the row of
each one's model call. With its group in the row, one narrow index (``tool_calls_by_group``) has all
that is counted; rows that are deleted or changed take their entries with them, so nothing can
drift. Calls that an older version wrote have no group until `group_calls` gives them theirs.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Final

from replay.store.problems import CHANGED, Problem

COLUMNS: Final = ("tool", "tool_version", "schema_hash", "model", "actor", "toolset", "outcome")
"""Of ``call_groups``. The model is the one that answered, else the one that was asked; actor and
tool version as in the call's row."""

_REMEMBERED_MAX: Final = 20_000

_OF_CALL: Final = (
    "c.tool",
    "c.tool_version",
    "c.schema_hash",
    "coalesce(s.response_model, s.model)",
    "c.actor",
    "s.toolset",
    "c.outcome",
)
_CALLS: Final = (
    "tool_call_rows c "
    "LEFT JOIN model_call_rows m ON m.key = c.model_call AND typeof(c.model_call) = 'integer' "
    "LEFT JOIN model_settings s ON s.key = m.settings"
)

_Name = tuple[Any, ...]
_NOBODY: Final = (None, None)


class CallGroups:
    """Numbers the groups of calls as they are written. Not thread-safe."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """``connection`` is the drain's own."""
        self._connection = connection
        self._keys: OrderedDict[_Name, int] = OrderedDict()
        self._asked: OrderedDict[int, tuple[str | None, int | None]] = OrderedDict()

    def forget(self) -> None:
        """Forget what was remembered of the database: somebody else wrote, or we rolled back."""
        self._keys.clear()
        self._asked.clear()

    def of(self, row: dict[str, Any]) -> int:
        """Return the group of a tool call's row, which is numbered where it is a new one."""
        model, toolset = self._asked_by(row["model_call"])
        return self._key(
            (
                *(row["tool"], row["tool_version"], row["schema_hash"]),
                *(model, row["actor"], toolset, row["outcome"]),
            )
        )

    def regroup(self, trace: int, model_call: int) -> None:
        """Group the calls of a model output anew: its record was replaced."""
        self._asked.pop(model_call, None)
        rows = self._connection.execute(
            "SELECT key, tool, tool_version, schema_hash, actor, outcome, model_call, call_group "
            "FROM tool_call_rows WHERE trace = ? AND model_call = ?",
            (trace, model_call),
        ).fetchall()
        names = ("tool", "tool_version", "schema_hash", "actor", "outcome", "model_call")
        for key, *values, before in rows:
            group = self.of(dict(zip(names, values, strict=True)))
            if group != before:
                self._connection.execute(
                    "UPDATE tool_call_rows SET call_group = ? WHERE key = ?", (group, key)
                )

    def _asked_by(self, model_call: int | str | None) -> tuple[str | None, int | None]:
        """Return the model of a model call and the toolset it had; None each: not known."""
        if not isinstance(model_call, int):
            return _NOBODY
        if model_call not in self._asked:
            row = self._connection.execute(
                "SELECT coalesce(s.response_model, s.model), s.toolset FROM model_call_rows m "
                "JOIN model_settings s ON s.key = m.settings WHERE m.key = ?",
                (model_call,),
            ).fetchone()
            self._asked[model_call] = row or _NOBODY
            if len(self._asked) > _REMEMBERED_MAX:
                self._asked.popitem(last=False)
        return self._asked[model_call]

    def _key(self, name: _Name) -> int:
        key = self._keys.get(name)
        if key is None:
            same = " AND ".join(f"{column} IS ?" for column in COLUMNS)
            row = self._connection.execute(
                f"SELECT key FROM call_groups WHERE {same}", name
            ).fetchone()
            row = (
                row
                or self._connection.execute(
                    f"INSERT INTO call_groups ({', '.join(COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?) "
                    "RETURNING key",
                    name,
                ).fetchone()
            )
            key = self._keys[name] = int(row[0])
            if len(self._keys) > _REMEMBERED_MAX:
                self._keys.popitem(last=False)
        return key


def ungrouped(connection: sqlite3.Connection) -> bool:
    """Say whether there are calls without a group: an older version wrote them."""
    row = connection.execute(
        "SELECT 1 FROM tool_call_rows INDEXED BY tool_calls_by_group "
        "WHERE call_group IS NULL LIMIT 1"
    ).fetchone()
    return row is not None


def group_calls(connection: sqlite3.Connection) -> None:
    """Give every call without a group its own, in one's transaction; 5 s for a million calls."""
    connection.execute(
        f"INSERT INTO call_groups ({', '.join(COLUMNS)}) "
        f"SELECT DISTINCT {', '.join(_OF_CALL)} FROM {_CALLS} WHERE c.call_group IS NULL "
        f"EXCEPT SELECT {', '.join(COLUMNS)} FROM call_groups"
    )
    same = " AND ".join(
        f"g.{column} IS {value}" for column, value in zip(COLUMNS, _OF_CALL, strict=True)
    )
    connection.execute(
        "UPDATE tool_call_rows SET call_group = (SELECT g.key FROM "
        f"{_CALLS} JOIN call_groups g ON {same} WHERE c.key = tool_call_rows.key) "
        "WHERE call_group IS NULL"
    )


def misplaced(connection: sqlite3.Connection) -> Iterator[tuple[str, Problem]]:
    """Find calls whose group says something else than their row."""
    differs = " OR ".join(
        f"g.{column} IS NOT {value}" for column, value in zip(COLUMNS, _OF_CALL, strict=True)
    )
    for (call,) in connection.execute(
        f"SELECT c.id FROM {_CALLS} LEFT JOIN call_groups g ON g.key = c.call_group "
        f"WHERE c.call_group IS NOT NULL AND ({differs})"
    ):
        what = "A call is counted under another tool, model or outcome than its own"
        yield what, Problem(what, f"tool call {call}", CHANGED)
