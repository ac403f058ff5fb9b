"""The old side that today's tools are compared with, and how they differ: one answer for all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from replay.compatibility.changes import SchemaChange
from replay.compatibility.sides import (
    Side,
    compare_sides,
    definition_side,
    described_side,
    recorded_side,
)
from replay.errors import ToolboxError
from replay.records import JsonObject
from replay.replayer.questions.asking import Asking, DescribedToolbox
from replay.replayer.written_for import WrittenFor
from replay.store import Store
from replay.tools.translations import UNVERSIONED


@dataclass(frozen=True, slots=True)
class OldSides:
    """What today's tools are compared with."""

    named: str
    sides: list[Side]
    asking: Asking | None = None
    """A worker that holds the old tools; None: only their schemas are known."""
    in_order: bool = True
    """Whether they stand in the order in which models were shown them."""
    together: Sequence[set[str]] = ()
    """The names that were shown in one prompt; empty: not known."""

    def parameters(self) -> dict[str, JsonObject]:
        """Return, by tool, the schema of its arguments: of the version that ran."""
        return {side.tool.name: side.tool.parameters or {} for side in self.sides if side.runs}

    def foreign(self, today: DescribedToolbox) -> set[str]:
        """Return the tools that models were only ever shown beside none of today's.

        A database may hold the traces of several agents: the tools of another one are not gone.
        None are foreign where nothing was shown together with a tool of today's.
        """
        known = {tool.name for tool in today.tools}
        own: set[str] = set().union(*(names for names in self.together if names & known))
        return set().union(*self.together) - own if own else set()


def recorded_sides(store: Store, named: str = "the traces") -> OldSides:
    """Return the tools as they were recorded, the newest schema of each last.

    What validated a tool's calls counts, where anything did, else what models were shown: imported
    transcripts have that alone.
    """
    schemas, toolsets = store.tool_schemas(), store.toolsets()
    ordered = sorted(schemas, key=lambda one: (one.tool, one.last_seen_at or ""))
    sides = [side for schema in ordered if (side := recorded_side(schema)) is not None]
    validated = {side.tool.name for side in sides if side.dialect is None}
    shown = _newest_shown(sides)
    kept = [_with_shown(side, shown) for side in sides if side.dialect is None]
    kept += [side for side in sides if side.dialect and side.tool.name not in validated]
    kept += _shown_only(toolsets, {side.tool.name for side in kept})
    together = [{_name_of(definition) for definition in toolset} for toolset in toolsets]
    return OldSides(named, kept, in_order=False, together=together)


def _newest_shown(sides: Sequence[Side]) -> dict[str, dict[str, JsonObject]]:
    """Return, by tool, the newest definition in each dialect."""
    found: dict[str, dict[str, JsonObject]] = {}
    for side in sides:
        found.setdefault(side.tool.name, {}).update(side.shown)
    return found


def _with_shown(side: Side, shown: dict[str, dict[str, JsonObject]]) -> Side:
    """Return what validated calls with what models were shown of it: providers have limits."""
    return replace(side, shown=shown[side.tool.name])


def _shown_only(toolsets: Sequence[Sequence[Any]], known: set[str]) -> list[Side]:
    """Return the tools that prompts show and no schema is stored of: old databases have such."""
    found: dict[str, Side] = {}
    for definition in (one for toolset in toolsets for one in toolset):
        if _name_of(definition) in known | {""}:
            continue
        with suppress(ToolboxError):  # a form that nobody knows: there is nothing to compare
            found[_name_of(definition)] = definition_side(definition)
    return list(found.values())


def _name_of(definition: Any) -> str:
    inner = definition.get("function", definition) if isinstance(definition, dict) else None
    return str(inner.get("name", "")) if isinstance(inner, dict) else ""


def described_sides(asking: Asking, named: str = "the old tools") -> OldSides:
    """Return the tools that a worker holds."""
    return OldSides(named, [described_side(tool) for tool in asking.toolbox.tools], asking)


def changes_between(
    old: OldSides, today: DescribedToolbox, written_for: WrittenFor | None = None
) -> list[SchemaChange]:
    """Return how today's tools differ from the old ones, as what payloads meet.

    Where the toolbox translates an old version, what the schemas say is safe for its payloads;
    ``written_for`` knows the version of schemas that were recorded without one.
    """
    foreign = old.foreign(today)
    return compare_sides(
        [
            side if written_for is None else _with_version(side, written_for)
            for side in old.sides
            if side.tool.name not in foreign
        ],
        [described_side(tool) for tool in today.tools],
        in_order=old.in_order,
        steps=[
            (step.tool, step.old or UNVERSIONED, step.new)
            for step in today.translations
            if step.to == step.tool and step.new is not None
        ],
    )


def _with_version(side: Side, written_for: WrittenFor) -> Side:
    if side.tool.version is not None:
        return side
    version = written_for.version_with(side.tool.name, side.tool.parameters or {})
    return replace(side, tool=replace(side.tool, version=version))


class OfVersions:
    """Says which changes are of the version that a call was made for: others do not concern it."""

    def __init__(
        self, old: OldSides, today: DescribedToolbox, written_for: WrittenFor | None = None
    ) -> None:
        self._today = [described_side(tool) for tool in today.tools]
        self._sides = [
            side if written_for is None else _with_version(side, written_for) for side in old.sides
        ]
        self._known: dict[tuple[str, str], frozenset[tuple[str, str]] | None] = {}

    def concerns(self, change: SchemaChange, version: str) -> bool:
        """Return whether ``change`` is one from ``version``, too; so are all where it is unknown.

        ``version``: empty for none.
        """
        key = change.tool, version
        if key not in self._known:
            self._known[key] = self._changes_of(*key)
        known = self._known[key]
        return known is None or (change.rule, change.path) in known

    def _changes_of(self, tool: str, version: str) -> frozenset[tuple[str, str]] | None:
        mine = [one for one in self._sides if one.tool.name == tool]
        mine = [one for one in mine if (one.tool.version or "") == version]
        if not mine:
            return None
        today = [one for one in self._today if one.tool.name == tool]
        found = [change for side in mine for change in compare_sides([side], today)]
        return frozenset((one.rule, one.path) for one in found)
