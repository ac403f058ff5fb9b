"""Two runs of the same calls side by side: which fields differ, and which lines drew them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from replay.records import Change, JsonObject, JsonValue, ReplayedCall
from replay.records.replays import NOT_FROZEN
from replay.replayer.shaking.conditions import FIRST, FIXED, FREE, HELD, LET_GO, SOURCES
from replay.replayer.shaking.running import Shaker, facts
from replay.verdicts.diffing import diff_values
from replay.verdicts.paths import general_path, split

_ADDRESS: Final = re.compile(r"\bat 0x[0-9a-fA-F]{6,16}\b")
"""As verdicts overlook them."""
_HEX: Final = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")
NATIVE: Final = "native code"
"""The label of what differs with everything held: it reads the machine past Python, or races."""
_PLACE: Final = re.compile(r"\(\S+:\d+\)$")
_SITES_MAX: Final = 3
_HEX_DIGITS: Final = 12
"""Of what was drawn, as many digits must stand in a value: a uuid sets others of its own."""


@dataclass(slots=True)
class Field:
    """One field of one tool's results that is not always the same."""

    tool: str
    path: str
    """From the root of the response; ``[*]`` for any element of a list."""
    first: JsonValue
    second: JsonValue
    call_id: str
    """The first call in which it differed."""
    conditions: list[str] = field(default_factory=list)
    """Under which it differed."""
    calls: set[str] = field(default_factory=set)
    sites: list[str] = field(default_factory=list)
    """The lines that may have given the value, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found."""

    call_count: int
    trace_count: int
    run_count: int
    ran: frozenset[str]
    """The calls that could be run; of the others nothing is known."""
    why_not_run: str | None
    """Why the first one could not that could not; None: all could."""
    unstable: list[Field]
    """Differed although a replay held everything."""
    held: list[Field]
    """Differed only when what a replay holds was let go."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `explain` found: by tool, the labels of what its results depend on, and the fields."""

    call_count: int
    run_count: int
    labels: dict[str, list[str]]
    fields: list[Field]


def verify(shaker: Shaker) -> Verification:
    """Run every call again, as a replay holds it and once let go, and compare."""
    first = shaker.run(FIRST)
    unstable = _Fields(shaker.tools)
    for condition in HELD:
        unstable.compare(first, shaker.run(condition), condition.name, addresses_count=False)
    held = _Fields(shaker.tools)
    held.compare(first, shaker.run(LET_GO), LET_GO.name, addresses_count=False)
    not_run = [one for one in first.values() if one.result is None]
    return Verification(
        call_count=len(first),
        trace_count=len(shaker.transcripts),
        run_count=2 + len(HELD),
        ran=frozenset(call_id for call_id, one in first.items() if one.result is not None),
        why_not_run=not_run[0].note if not_run else None,
        unstable=unstable.all(),
        held=[one for one in held.all() if (one.tool, one.path) not in unstable.found],
    )


def explain(shaker: Shaker) -> Explanation:
    """Run every call with one source let go at a time, and label what each tool depends on."""
    first = shaker.run(FIXED)
    # What differs by itself, or by addresses, would differ under each condition that follows.
    native, addresses, fields = (_Fields(shaker.tools) for _ in range(3))
    native.compare(first, shaker.run(FIXED), NATIVE)
    addresses.compare(first, shaker.run(FREE), "addresses", beside=(native,))
    for condition in SOURCES:
        shaken = shaker.run(replace(condition, starter=FIXED.starter))
        fields.compare(first, shaken, condition.name, beside=(native, addresses))
    found = [*native.all(), *addresses.all(), *fields.all()]
    labels: dict[str, list[str]] = {tool: [] for tool in sorted(set(shaker.tools.values()))}
    for one in found:
        labels[one.tool] += [name for name in one.conditions if name not in labels[one.tool]]
    return Explanation(len(first), 3 + len(SOURCES), labels, found)


class _Fields:
    """The fields that differed, by tool and path."""

    def __init__(self, tools: Mapping[str, str]) -> None:
        self._tools = tools
        self.found: dict[tuple[str, str], Field] = {}

    def all(self) -> list[Field]:
        return [self.found[key] for key in sorted(self.found)]

    def compare(
        self,
        first: Mapping[str, ReplayedCall],
        second: Mapping[str, ReplayedCall],
        condition: str,
        *,
        addresses_count: bool = True,
        beside: Sequence[_Fields] = (),
    ) -> None:
        """Take up how ``second`` differs from ``first``, but for what ``beside`` has already."""
        for call_id, before in first.items():
            after = second[call_id]
            old, new = facts(before), facts(after)
            if not addresses_count and _same_but_addresses(old, new):
                continue
            for change in diff_values(old, new):
                path = general_path(change.path.removeprefix("response").removeprefix("."))
                tool = self._tools[call_id]
                if any((tool, path) in other.found for other in beside):
                    continue
                one = self.found.setdefault(
                    (tool, path), Field(tool, path, *_sides(change, old, new), call_id)
                )
                one.calls.add(call_id)
                label = condition
                if condition == NATIVE and _HEX.search(str(one.first)):
                    label = "addresses"  # the kernel fixes where they begin, not what came before
                if label not in one.conditions:
                    one.conditions.append(label)
                if not one.sites:
                    one.sites = _sites(before.sources, change.recorded, condition)
                if not one.sites and not condition.startswith(LET_GO.name):
                    one.sites = _labels(before.note)


def _sides(change: Change, old: JsonValue, new: JsonValue) -> tuple[JsonValue, JsonValue]:
    """Return the two values; of a list in another order, the lists themselves."""
    if change.change != "moved":
        return change.recorded, change.replayed
    for part in split(change.path):
        old, new = old[part], new[part]
    return old, new


def _same_but_addresses(one: JsonObject, other: JsonObject) -> bool:
    return _ADDRESS.sub("0x", repr(one)) == _ADDRESS.sub("0x", repr(other))


def _sites(sources: list[JsonObject], value: JsonValue, condition: str) -> list[str]:
    """Return the lines that may have given ``value``: those whose own value stands in it, or all.

    Nothing for a condition that no line of Python can be seen to read.
    """
    kinds = {LET_GO.name: ("clock", "entropy"), "timezone": ("clock",)}.get(condition, (condition,))
    fitting = [one for one in sources if one["kind"] in kinds]
    exact = [one for one in fitting if _stands_in(one, value)]
    return [f"{one['where']} ({one['kind']})" for one in (exact or fitting)[:_SITES_MAX]]


def _labels(note: str | None) -> list[str]:
    """Return what the frozen world said that it could not hold in a call, with its lines."""
    if note is None or not note.startswith(NOT_FROZEN):
        return []
    acts = note.removeprefix(NOT_FROZEN).split("; ")
    return [act for act in acts if _PLACE.search(act)][:_SITES_MAX]


def _stands_in(source: JsonObject, value: JsonValue) -> bool:
    text = str(value)
    if source["value"] is None:
        return False
    if source["kind"] == "entropy":
        drawn = source["value"]
        return drawn[:_HEX_DIGITS] in text.replace("-", "").lower() or str(int(drawn, 16)) in text
    moment = datetime.fromtimestamp(source["value"], UTC)
    return f"{moment:%Y-%m-%d}" in text or str(int(source["value"])) in text
