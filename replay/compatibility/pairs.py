"""One place in both schemas, as the families of rules get it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from replay.compatibility.changes import OnModel, OnPayloads, SchemaChange
from replay.compatibility.reading import Reading
from replay.compatibility.views import Schemas, View
from replay.records import JsonValue

SEVERITY: Final = {
    OnPayloads.SAFE: 0,
    OnPayloads.SILENT: 1,
    OnPayloads.MAY_BREAK: 2,
    OnPayloads.BREAKS: 3,
}
"""How much a verdict weighs; the worse of two is the larger."""

SAFE, SILENT = OnPayloads.SAFE, OnPayloads.SILENT
MAY_BREAK, BREAKS = OnPayloads.MAY_BREAK, OnPayloads.BREAKS


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether the value at a place may be left out, in the old and in the new version."""

    old_optional: bool = False
    new_optional: bool = False


ALWAYS: Final = Presence()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two views of one place, and the way to look at places beneath it."""

    old: View
    new: View
    old_part: JsonValue
    new_part: JsonValue
    old_schemas: Schemas
    new_schemas: Schemas
    tool: str
    reading: Reading
    presence: Presence
    compare: Callable[[JsonValue, JsonValue, Presence], list[SchemaChange]]
    """Compares two parts of the schemas; paths are relative to them."""

    def change(
        self,
        rule: str,
        on_payloads: OnPayloads,
        said: str,
        *,
        path: str = "",
        old: JsonValue = None,
        new: JsonValue = None,
        on_model: OnModel = OnModel.CHANGED,
    ) -> SchemaChange:
        """Return a change at this place, or at ``path`` beneath it."""
        return SchemaChange(rule, self.tool, path, on_payloads, on_model, said, old, new)

    def beneath(
        self, path: str, old: JsonValue, new: JsonValue, presence: Presence = ALWAYS
    ) -> list[SchemaChange]:
        """Return the changes at ``path`` beneath this place, where the parts are these."""
        found = self.compare(old, new, presence)
        if len(found) > _BENEATH_MAX:
            gravest = sorted(found, key=lambda one: -SEVERITY[one.on_payloads])
            found = [*gravest[:_BENEATH_MAX], too_large(self.tool)]
        return [replace(change, path=joined(path, change.path)) for change in found]


_BENEATH_MAX: Final = 300
"""Changes beneath one place that are told: definitions that refer to others twice each would
double at every level."""


def too_large(tool: str) -> SchemaChange:
    """Return the change that stands for what is not compared, or not told."""
    said = "is too deep or too large to be compared further"
    return SchemaChange("TOO_LARGE_TO_COMPARE", tool, "", MAY_BREAK, OnModel.CHANGED, said)


def joined(path: str, inner: str) -> str:
    """Return the path of ``inner``, a path itself, beneath ``path``."""
    if not path or not inner:
        return path or inner
    return path + inner if inner.startswith("[") else f"{path}.{inner}"


def worst(changes: list[SchemaChange]) -> OnPayloads:
    """Return the gravest verdict on payloads; safe where there is no change."""
    return max((one.on_payloads for one in changes), key=SEVERITY.__getitem__, default=SAFE)
