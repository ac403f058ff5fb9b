"""Which calls are counted: plain values, so that the terminal UI can make one without the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True, slots=True)
class Scope:
    """Every given condition must hold; within one any of its values will do."""

    tools: tuple[str, ...] = ()
    tool_versions: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """The model that answered, else the one that was asked; ``*`` globs."""
    actors: tuple[str, ...] = ()
    """``assistant``, ``user``: who made the call."""
    since_us: int | None = None
    """Microseconds since 1970, UTC: calls that *started* then or later."""
    until_us: int | None = None
    """Calls that started before."""
    traces_sql: str = ""
    """A condition on a row ``r`` of ``trace_rows``; empty: every trace."""
    traces_values: tuple[Any, ...] = field(default=())

    def covers(self, tool: str, version: str | None, model: str | None, actor: str) -> bool:
        """Return whether calls of this tool, version, model and actor are counted."""
        return (
            (not self.tools or tool in self.tools)
            and (not self.tool_versions or version in self.tool_versions)
            and (not self.models or any(fnmatchcase(model or "", name) for name in self.models))
            and (not self.actors or actor in self.actors)
        )

    def moments(self, column: str) -> tuple[str, list[Any]]:
        """Return the SQL condition that ``column`` lies in the window, and its values."""
        texts, values = ["1"], []
        if self.since_us is not None:
            texts.append(f"{column} >= ?")
            values.append(self.since_us)
        if self.until_us is not None:
            texts.append(f"{column} < ?")
            values.append(self.until_us)
        return " AND ".join(texts), values

    def traces(self, column: str) -> tuple[str, list[Any]]:
        """Return the SQL condition that the trace of key ``column`` counts, and its values."""
        if not self.traces_sql:
            return "1", []
        found = f"{column} IN (SELECT r.key FROM trace_rows r WHERE {self.traces_sql})"
        return found, list(self.traces_values)
