"""What today's version of a tool does to its captured calls, added up while they stream by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from replay.compatibility.changes import Evidence
from replay.records import Actor, JsonValue


class Effect(StrEnum):
    """What today's tools do to one captured call."""

    SAME = "same"
    """Accepted then and today, and read as it was; or translated to what is accepted today."""
    BREAKS = "breaks"
    """Was accepted, is rejected today."""
    SILENT = "silent"
    """Accepted then and today, and read as something else."""
    MENDED = "mended"
    """Was rejected, is accepted today."""
    STILL_REJECTED = "still_rejected"
    """Was rejected, and is today."""
    REPORTED = "reported"
    """Does not fit today's schema, and runs: the tool only reports what does not fit."""
    UNSAID = "unsaid"
    """Rejected today; the recording does not say whether it was accepted."""


KINDS_MAX: Final = 200
"""Of affected calls of one tool: models invent names without end, and a report has one."""


@dataclass(slots=True)
class AffectedCalls:
    """Captured calls that are affected in one and the same way."""

    effect: Effect
    type: str
    """What the validator calls it (``missing``, ``int_parsing``), how it is read otherwise
    (``added``, ``removed``, ``changed``), or the outcome of a call that has no such errors."""
    path: str
    """The place, indexes and ids as ``*``."""
    said: str
    """The first one's message; empty for what is read otherwise."""
    old: JsonValue = None
    new: JsonValue = None
    """Of the first one: what stood there, and as what it is read today."""
    rule: str | None = None
    """The rule that explains it; None: no difference of the schemas does, or none was compared."""
    call_count: int = 0
    by_model: Counter[str] = field(default_factory=Counter)
    first: tuple[str, int] | None = None


@dataclass(slots=True)
class ToolEvidence:
    """The captured calls of one tool under today's version of it."""

    tool: str
    actor: Actor
    version: str | None
    """The version that takes them today; None: it has none, or there is no such tool."""
    exists: bool = True
    is_compared: bool = False
    """Whether its schemas were compared."""
    call_count: int = 0
    effects: Counter[Effect] = field(default_factory=Counter)
    translated: int = 0
    """Of those that are accepted: came by a translation from the recorded version."""
    distinct: int = 0
    """How many were really judged; the others gave the tool the same as one of these."""
    versions: Counter[str] = field(default_factory=Counter)
    """By recorded version; ``""`` is none."""
    models: Counter[str] = field(default_factory=Counter)
    dialects: Counter[str] = field(default_factory=Counter)
    """By the dialect that the model was shown the tool in; ``""``: the recording does not say."""
    affected_models: Counter[str] = field(default_factory=Counter)
    affected_dialects: Counter[str] = field(default_factory=Counter)
    affected: list[AffectedCalls] = field(default_factory=list)
    """Most calls first; a call with two mistakes is in two of them."""
    others: int = 0
    """Affected calls of more kinds than are kept."""
    evidence: list[Evidence] = field(default_factory=list)
    """For each change of the schemas, and what no change explains."""

    @property
    def breaks(self) -> int:
        """How many captured calls are rejected today that were accepted."""
        return self.effects[Effect.BREAKS]

    @property
    def silent(self) -> int:
        """How many captured calls are read as something else, without a word."""
        return self.effects[Effect.SILENT]

    @property
    def accepted(self) -> int:
        """How many captured calls are accepted today."""
        kinds = (Effect.SAME, Effect.SILENT, Effect.MENDED, Effect.REPORTED)
        return sum(self.effects[kind] for kind in kinds)


def shares(affected: Mapping[str, int], of: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Return, by name, how many are affected of how many; names with most calls first."""
    names = sorted(of, key=lambda name: (-of[name], name))
    return {name: (affected.get(name, 0), of[name]) for name in names}
