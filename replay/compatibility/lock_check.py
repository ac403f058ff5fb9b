"""Today's tools against the lock: what changed, and whether its version did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from replay.compatibility.changes import OnModel, OnPayloads, SchemaChange
from replay.compatibility.differences import schema_differences
from replay.compatibility.lock import Lock, LockedTool
from replay.records import JsonObject, JsonValue


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
        yield _change(tool, "RUNNING_VERSION", "now this version runs, another did", None, None)


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
    """Return every difference of two versions of a tool, in words.

    Of the arguments first; then the description, how they are judged, the result, and what models
    are shown, where the arguments do not explain it.
    """
    found = schema_differences(old.source, new.source, tool=new.tool)
    is_same_source = _written(old.source) == _written(new.source)
    if not found and not is_same_source:
        found.append(_change(new, "KEYWORD_CHANGED", "the schema is written otherwise", None, None))
    if old.description != new.description:
        said = "the tool's description is another"
        found.append(_change(new, "DESCRIPTION", said, old.description, new.description))
    found += _of_validator(old, new)
    if _written(old.result) != _written(new.result):
        said = "what it returns is another"
        found.append(_change(new, "RESULT_CHANGED", said, old.result, new.result))
    if is_same_source:
        found += [
            _change(new, "SHOWN_OTHERWISE", f"models are shown it otherwise in {dialect}", *pair)
            for dialect, pair in _shown_otherwise(old, new)
        ]
    return found


def _of_validator(old: LockedTool, new: LockedTool) -> Iterator[SchemaChange]:
    for name, said in (
        ("by", "it is validated by {1}, was by {0}"),
        ("strict", "pydantic's strict mode was {0}, is {1}"),
        ("misfits", "what does not fit was {0}, is {1}"),
    ):
        before, now = old.validator.get(name), new.validator.get(name)
        if before != now and not (name == "strict" and None in (before, now)):
            words = said.format(_word(before), _word(now))
            payloads = OnPayloads.MAY_BREAK
            yield SchemaChange(
                "COERCION_CHANGED", new.tool, "", payloads, OnModel.SAME, words, before, now
            )


def _word(value: JsonValue) -> str:
    return (
        {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    )


def _shown_otherwise(
    old: LockedTool, new: LockedTool
) -> Iterator[tuple[str, tuple[JsonValue, JsonValue]]]:
    for dialect in sorted({*old.shown, *new.shown}):
        pair = old.shown.get(dialect), new.shown.get(dialect)
        if None not in pair and _written(pair[0]) != _written(pair[1]):
            yield dialect, pair


def _written(value: JsonValue) -> str:
    """Return a schema's text: the order of properties counts, for a model sees it."""
    import json

    return json.dumps(_in_order(value), ensure_ascii=False)


def _in_order(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        ordered: JsonObject = {}
        for key in sorted(value):
            part = value[key]
            if key == "properties" and isinstance(part, dict):
                ordered[key] = [[name, _in_order(one)] for name, one in part.items()]
            else:
                ordered[key] = _in_order(part)
        return ordered
    return [_in_order(one) for one in value] if isinstance(value, list) else value


def _change(tool: LockedTool, rule: str, said: str, old: JsonValue, new: JsonValue) -> SchemaChange:
    return SchemaChange(rule, tool.tool, "", OnPayloads.SAFE, OnModel.CHANGED, said, old, new)
