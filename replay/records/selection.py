"""Which traces and calls a command is about: one form for list, run, export and the TUI."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from replay.records.base import Record
from replay.records.codes import Outcome

Trait: TypeAlias = Literal["tool", "model", "outcome"]
"""What kinds of calls are told apart by."""


class Sample(Record):
    """Some of the selected traces: the same ones each time, as long as the traces are the same."""

    count: int = Field(gt=0)
    """At most this many traces."""
    newest: bool = False
    """True: the newest ones (of each kind); False: drawn by ``seed``."""
    stratify: list[Trait] = Field(default_factory=list)
    """Every kind of call that differs in one of these is to be in the sample, the rarest first."""
    seed: int = 0
    """Another seed draws others; a trace that is added changes only few of those drawn."""


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
    pinned: bool = False
    """Only traces that are pinned, whole or by a step."""
    limit: int | None = None
    """At most this many traces, newest first; None is all."""
    sample: Sample | None = None
    """Of all these traces only a sample; None is all."""
