"""One difference between two versions of a tool, judged for old payloads and for the model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from replay.records import JsonValue


class OnPayloads(StrEnum):
    """What a change does to payloads that models have already written."""

    SAFE = "safe"
    """Every payload that the old version took means the same to the new one."""
    MAY_BREAK = "may_break"
    """Some payloads that the old version took are rejected by the new one."""
    BREAKS = "breaks"
    """Every payload that goes through this place is rejected by the new version."""
    SILENT = "silent"
    """Payloads are taken by both versions and mean something else to the new one."""


class OnModel(StrEnum):
    """What a change does to what models see."""

    SAME = "same"
    CHANGED = "changed"
    """Models are shown something else: they may call the tool otherwise."""
    REFUSED = "refused"
    """A provider rejects the schema, or rewrites it without saying so."""


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One difference, by the rule that names it."""

    rule: str
    """A name of the closed list of rules: ``REQUIRED_PROPERTY_ADDED``."""
    tool: str
    path: str
    """Where in the payload, as verdicts write paths: ``attendees[*].email``; empty: the root."""
    on_payloads: OnPayloads
    on_model: OnModel
    said: str
    """The difference in words, without its place."""
    old: JsonValue = None
    new: JsonValue = None
    """The parts of both schemas that differ; None: absent there."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What captured payloads say of one change, and a witness where none reaches it."""

    change: SchemaChange
    call_count: int
    """Captured calls of the tool that were judged."""
    breaks: int
    """Of these: taken by the old version, rejected by the new one."""
    silent: int
    """Of these: taken by both, and read as something else."""
    same: int
    by_model: dict[str, tuple[int, int]]
    """By model: (calls that break or change silently, calls)."""
    first: tuple[str, int] | None
    """The first affected call: (trace id, step number); None: no call is affected."""
    witness: JsonValue | None
    """A smallest payload that shows the change where no captured one does; None: none was made."""
    reported: int = 0
    """Of these: they do not fit the new version, which only reports it, and runs."""
