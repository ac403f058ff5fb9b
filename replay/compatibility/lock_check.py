"""Today's tools against the lock: what changed, and whether its version did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from replay.compatibility.changes import OnPayloads, SchemaChange
from replay.compatibility.lock import Lock, LockedTool
from replay.compatibility.rules import RULES
from replay.compatibility.tools import compare_tool
from replay.compatibility.values import written
from replay.records import JsonValue


class Drift(StrEnum):
    """How a tool of today stands to the lock."""

    CHANGED = "changed"
    """Its schema is another under the same version: what was recorded is read wrongly."""
    REMOVED = "removed"
    """No version of it is there any more."""
    NEW_VERSION = "new_version"
    """A version that the lock does not have, of a tool that it has."""
    ADDED = "added"
    """A tool that the lock does not have."""
    VERSION_GONE = "version_gone"
    """A locked version that is no longer there; another one is."""


FAILING = frozenset((Drift.CHANGED, Drift.REMOVED))
"""What a check does not let pass."""

_WHOLE = frozenset(("tool", "result"))
"""Families of rules that say nothing of the arguments' schema."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """One difference between the lock and today."""

    drift: Drift
    tool: str
    version: str | None
    actor: str
    changes: list[SchemaChange] = field(default_factory=list)
    """In words; of a new version against the locked one that ran before."""
    against: str | None = None
    """The locked version that it is compared with; None: the same one, or none."""

    @property
    def fails(self) -> bool:
        """Whether a check ends with 1 for it."""
        return self.drift in FAILING


def drifted(locked: Lock, today: Lock) -> list[Drifted]:
    """Return what differs, by tool and version; an empty list: nothing does."""
    found = [*_of_today(locked, today), *_gone(locked, today)]
    return sorted(found, key=lambda one: (one.tool, one.actor, one.version or ""))


def _of_today(locked: Lock, today: Lock) -> Iterator[Drifted]:
    known = {one.key: one for one in locked.tools}
    for tool in today.tools:
        before = known.get(tool.key)
        if before is not None:
            changes = [*changes_between(before, tool), *_of_running(before, tool, locked, today)]
            if changes:
                yield _drifted(Drift.CHANGED, tool, changes)
            continue
        older = _running(locked.tools, tool)
        if older is None:
            yield _drifted(Drift.ADDED, tool)
        else:
            against = older.version or "without a version"
            changes = changes_between(older, tool)
            yield _drifted(Drift.NEW_VERSION, tool, changes, against)


def _of_running(
    before: LockedTool, tool: LockedTool, locked: Lock, today: Lock
) -> Iterator[SchemaChange]:
    """Tell when another of the same versions runs now, and is what models are shown."""
    versions = [
        {one.version for one in tools if (one.actor, one.tool) == (tool.actor, tool.tool)}
        for tools in (locked.tools, today.tools)
    ]
    if versions[0] == versions[1] and tool.runs and not before.runs:
        yield _change(
            tool, "RUNNING_VERSION_CHANGED", "now this version runs, another did", None, None
        )


def _gone(locked: Lock, today: Lock) -> Iterator[Drifted]:
    there = {one.key for one in today.tools}
    for tool in locked.tools:
        if tool.key not in there:
            is_left = _running(today.tools, tool) is not None
            yield _drifted(Drift.VERSION_GONE if is_left else Drift.REMOVED, tool)


def _running(tools: Sequence[LockedTool], like: LockedTool) -> LockedTool | None:
    """Return the version that runs of the same tool of the same actor."""
    same = [one for one in tools if (one.actor, one.tool) == (like.actor, like.tool)]
    return next((one for one in same if one.runs), same[-1] if same else None)


def _drifted(
    drift: Drift,
    tool: LockedTool,
    changes: list[SchemaChange] | None = None,
    against: str | None = None,
) -> Drifted:
    return Drifted(drift, tool.tool, tool.version, tool.actor, changes or [], against)


def changes_between(old: LockedTool, new: LockedTool) -> list[SchemaChange]:
    """Return every difference of two versions of a tool, by the rule that names it.

    What no rule of the arguments or the result speaks of is told all the same: a model sees it. And
    so is what models are shown, where the arguments do not explain it.
    """
    found = compare_tool(old.compared, new.compared)
    of_result = [one for one in found if RULES[one.rule].family == "result"]
    is_same_source = written(old.source) == written(new.source)
    if not is_same_source and not any(RULES[one.rule].family not in _WHOLE for one in found):
        said = "its schema means the same, and is written otherwise"
        found.append(_change(new, "WRITTEN_OTHERWISE", said, old.source, new.source))
    if written(old.result) != written(new.result) and not of_result:
        said = "the schema of what it returns means the same, and is written otherwise"
        found.append(_change(new, "WRITTEN_OTHERWISE", said, old.result, new.result))
    if is_same_source:
        found += [
            _change(new, "SHOWN_OTHERWISE", f"models are shown it otherwise in {dialect}", *pair)
            for dialect, pair in _shown_otherwise(old, new)
        ]
    return found


def _shown_otherwise(
    old: LockedTool, new: LockedTool
) -> Iterator[tuple[str, tuple[JsonValue, JsonValue]]]:
    for dialect in sorted({*old.shown, *new.shown}):
        pair = old.shown.get(dialect), new.shown.get(dialect)
        if None not in pair and written(pair[0]) != written(pair[1]):
            yield dialect, pair


def _change(tool: LockedTool, rule: str, said: str, old: JsonValue, new: JsonValue) -> SchemaChange:
    on_model = RULES[rule].on_model
    return SchemaChange(rule, tool.tool, "", OnPayloads.SAFE, on_model, said, old, new)
