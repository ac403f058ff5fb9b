"""Which traces and calls a command is about: one form for list, run, export and the TUI."""

from __future__ import annotations

from pydantic import Field

from replay.records.base import Record
from replay.records.codes import Outcome


class Selection(Record):
    """Every given condition must hold; within one condition any of its values will do.

    The default selects everything.
    """

    trace_ids: list[str] = Field(default_factory=list)
    """Whole ids or unique prefixes."""
    tools: list[str] = Field(default_factory=list)
    models: list[str] = Field(default_factory=list)
    """Requested or answering model; ``*`` globs."""
    tool_versions: list[str] = Field(default_factory=list)
    outcomes: list[Outcome] = Field(default_factory=list)
    apps: list[str] = Field(default_factory=list)
    sources: list[str] = Field(default_factory=list)
    labels: dict[str, str] = Field(default_factory=dict)
    since: str | None = None
    """UTC ISO 8601; traces that started at or after it."""
    until: str | None = None
    """UTC ISO 8601; traces that started before it."""
    text: str | None = None
    """Substring of an argument or response, any case."""
    limit: int | None = None
    """At most this many traces, newest first; None is all."""
