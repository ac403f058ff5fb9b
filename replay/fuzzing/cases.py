"""The cases of one tool: captured payloads changed, one after the other, all from one seed."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from replay.evidence.generating import is_installed
from replay.fuzzing.captured import Captured
from replay.fuzzing.from_schema import payloads_from
from replay.fuzzing.mutated import Mutated, Setting
from replay.fuzzing.mutations import MUTATIONS
from replay.records import JsonObject
from replay.replayer.questions.asking import DescribedTool

_FROM_SCHEMA_EVERY: Final = 5
"""Every so many cases one is made from the schema alone, where hypothesis is there."""
_TWICE: Final = 0.15
"""How often a payload is changed at two places."""
_TRIES_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Case:
    """One text of arguments for one tool, and the captured call in whose place it is run."""

    tool: str
    arguments: str
    said: str
    """What was done to the captured payload."""
    captured: Captured = field(repr=False)
    number: int = 0
    """Among the cases of its tool, from 1; 0: a kept case."""

    @property
    def values(self) -> Any:
        """The arguments as a value; None where they are no JSON object."""
        try:
            found = json.loads(self.arguments)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


def cases_of(
    tool: DescribedTool, captured: Sequence[Captured], count: int, seed: int
) -> list[Case]:
    """Return ``count`` cases, no two with the same arguments; fewer where there are no more.

    The same tool, captured calls and seed give the same cases.
    """
    made = _from_schema(tool, captured, count, seed) if is_installed() else []
    found: dict[str, Case] = {}
    for number in range(1, count + 1):
        rng = random.Random(f"{seed}\0{tool.name}\0{number}")
        case = None
        while made and case is None and number % _FROM_SCHEMA_EVERY == 0:
            one = made.pop(0)
            case = None if one.arguments in found else one
        case = case or _mutated(tool, captured, number, seed, rng, found)
        if case is not None:
            found[case.arguments] = case
    return [
        Case(one.tool, one.arguments, one.said, one.captured, number)
        for number, one in enumerate(found.values(), start=1)
    ]


def _mutated(
    tool: DescribedTool,
    captured: Sequence[Captured],
    number: int,
    seed: int,
    rng: random.Random,
    known: dict[str, Case],
) -> Case | None:
    """Return a case that is not ``known``; each number begins with the next kind of change."""
    others = [one.values for one in captured]
    for attempt in range(_TRIES_MAX):
        base = rng.choice(captured)
        mutation = MUTATIONS[(number + attempt) % len(MUTATIONS)]
        turn = seed + (number + attempt) // len(MUTATIONS)
        mutated = mutation(Setting(rng, tool.parameters, base.values, others, turn))
        if mutated is not None and mutated.values is not None and rng.random() < _TWICE:
            mutated = _again(mutated, tool.parameters, others, rng)
        if mutated is not None and mutated.arguments not in known:
            return Case(tool.name, mutated.arguments, mutated.said, base)
    return None


def _again(
    mutated: Mutated, schema: JsonObject, others: Sequence[JsonObject], rng: random.Random
) -> Mutated:
    if mutated.text is not None or not isinstance(mutated.values, dict):
        return mutated
    more = rng.choice(MUTATIONS)(Setting(rng, schema, mutated.values, others))
    if more is None:
        return mutated
    return Mutated(f"{mutated.said}; {more.said}", more.values, more.text)


def _from_schema(
    tool: DescribedTool, captured: Sequence[Captured], count: int, seed: int
) -> list[Case]:
    payloads = payloads_from(
        tool.parameters, count // _FROM_SCHEMA_EVERY, f"{seed}\0{tool.name}\0schema"
    )
    rng = random.Random(f"{seed}\0{tool.name}\0schema")
    return [
        Case(tool.name, json.dumps(one), "made from the schema", rng.choice(captured))
        for one in payloads
    ]
