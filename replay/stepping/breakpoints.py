"""Breakpoints: conditions that stepping stops at, some of them only at some of their hits.

What is stepped through is recorded, so the hits of a breakpoint are known before anybody goes
there: the third one is the third one from either side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from replay.errors import ReplayError
from replay.records import JsonObject
from replay.stepping.conditions import Condition, Facts
from replay.stepping.parsing import parse

_HITS: Final = re.compile(r"(?P<sign>|>=|%)\s*(?P<number>[1-9]\d{0,8})")


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """One condition, and whether it counts."""

    condition: Condition
    is_enabled: bool = True
    hits: str = ""
    """Which hits of a trace it stops at: ``""`` each, ``3`` the third, ``>=3`` from it on, ``%10``
    every tenth."""

    @classmethod
    def of(cls, text: str, *, hits: str = "", is_enabled: bool = True) -> Self:
        """Return the breakpoint that ``text`` and ``hits`` say.

        Raises:
            ConditionError: ``text`` is no condition.
            ReplayError: ``hits`` says no hits.
        """
        return cls(parse(text), is_enabled, checked_hits(hits))

    def stops_at(self, number: int) -> bool:
        """Return whether it stops at its hit ``number``, from 1."""
        match = _HITS.fullmatch(self.hits)
        if match is None:
            return True
        wanted = int(match["number"])
        if match["sign"] == ">=":
            return number >= wanted
        return number % wanted == 0 if match["sign"] == "%" else number == wanted

    def changed(self, **fields: object) -> Breakpoint:
        """Return it with other fields."""
        return replace(self, **fields)  # type: ignore[arg-type]  # of this very class

    def to_json(self) -> JsonObject:
        """Return it as it is kept."""
        return {"condition": self.condition.text, "enabled": self.is_enabled, "hits": self.hits}

    @classmethod
    def from_json(cls, kept: JsonObject) -> Self:
        """Return what `to_json` gave.

        Raises:
            ReplayError: it is no breakpoint of this version.
        """
        text, hits = kept.get("condition"), kept.get("hits", "")
        if not isinstance(text, str) or not isinstance(hits, str):
            raise ReplayError(f"{kept!r} is no breakpoint.")
        is_enabled = kept.get("enabled") is not False
        return cls(parse(text, is_kept=True), is_enabled, checked_hits(hits))


def checked_hits(text: str) -> str:
    """Return ``text`` as it is kept.

    Raises:
        ReplayError: it says no hits.
    """
    text = "".join(text.split())
    if text and _HITS.fullmatch(text) is None:
        raise ReplayError(
            f"{text!r} says no hits.", hint="Write 3, >=3, %10 (every tenth), or nothing for each."
        )
    return text


def tool_condition(tool: str) -> str:
    """Return the condition that stops at every call of ``tool``."""
    return f"tool == {quoted(tool)}"


def quoted(text: str) -> str:
    """Return ``text`` as a condition writes it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + "'"


class HitCounter:
    """Which breakpoints stop at a step, for steps that are asked about in their order."""

    def __init__(self, breakpoints: Sequence[Breakpoint]) -> None:
        """Counts from the first step on."""
        self._breakpoints = [(at, one) for at, one in enumerate(breakpoints) if one.is_enabled]
        self._counts = [0] * len(breakpoints)

    def stops(self, facts: Facts) -> tuple[int, ...]:
        """Return the places of those that stop at the next step."""
        return tuple(at for at, one in self._breakpoints if self._hits(at, one, facts))

    def _hits(self, at: int, one: Breakpoint, facts: Facts) -> bool:
        if not one.condition.holds(facts):
            return False
        self._counts[at] += 1
        return one.stops_at(self._counts[at])


def names_of(breakpoints: Iterable[Breakpoint]) -> frozenset[str]:
    """Return the facts that enabled breakpoints look at."""
    return frozenset(name for one in breakpoints if one.is_enabled for name in one.condition.names)
