"""Two versions of a schema, and every difference by the rule that names it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from replay.compatibility.bounds import bound_changes
from replay.compatibility.changes import OnPayloads, SchemaChange
from replay.compatibility.defaults import default_changes
from replay.compatibility.enums import enum_changes
from replay.compatibility.items import item_changes
from replay.compatibility.kinds import null_changes, type_changes
from replay.compatibility.openness import openness_changes
from replay.compatibility.pairs import ALWAYS, BREAKS, MAY_BREAK, SAFE, Pair, Presence, too_large
from replay.compatibility.presence import property_changes
from replay.compatibility.reading import JSON_SCHEMA, Reading
from replay.compatibility.restrictions import restriction_changes
from replay.compatibility.unions import union_changes
from replay.compatibility.values import same_value, written
from replay.compatibility.views import Schemas, View
from replay.compatibility.words import order_changes, word_changes
from replay.records import JsonObject, JsonValue
from replay.records.schema_check import schema_errors

_DEPTH_MAX: Final = 60
"""Levels that are looked into: real schemas have up to ten."""
_PAIRS_MAX: Final = 20_000
"""Places that are compared with each other in all."""


def compare_schemas(
    old: JsonObject | bool | None,
    new: JsonObject | bool | None,
    *,
    tool: str = "",
    reading: Reading = JSON_SCHEMA,
) -> list[SchemaChange]:
    """Return how the arguments of ``tool`` changed: payloads of ``old``, read by ``new``.

    None is a schema that takes anything. Changes come in the order of the old schema's properties;
    a place that both versions write otherwise and mean the same is no change. Never raises, however
    odd or deep the schemas are: what cannot be compared is a change of its own.
    """
    before: JsonValue = {} if old is None else old
    now: JsonValue = {} if new is None else new
    text = written(before)
    if text is not None and text == written(now):
        return []
    found = _Comparison(before, now, tool, reading).changes(before, now, ALWAYS)
    if not reading.gates:
        found = [_noted_only(change) for change in found]
    return found


def _noted_only(change: SchemaChange) -> SchemaChange:
    """The tool runs what does not fit: its code may take it, or not."""
    if change.on_payloads is not OnPayloads.BREAKS:
        return change
    said = f"{change.said} (the tool only notes it, and runs)"
    return replace(change, on_payloads=MAY_BREAK, said=said)


class _Comparison:
    """Walks both schemas together; what was compared once is known."""

    def __init__(self, old: JsonValue, new: JsonValue, tool: str, reading: Reading) -> None:
        self._old = Schemas(old)
        self._new = Schemas(new)
        self._tool = tool
        self._reading = reading
        self._known: dict[tuple[int, int, Presence], list[SchemaChange]] = {}
        self._kept: list[JsonValue] = []
        self._depth = 0

    def changes(self, old: JsonValue, new: JsonValue, presence: Presence) -> list[SchemaChange]:
        """Return the changes between two parts; paths are relative to them."""
        key = self._identity(old), self._identity(new), presence
        if key in self._known:
            return self._known[key]
        # What a recursive schema refers back to is being compared already: nothing new there.
        self._known[key] = []
        if self._depth >= _DEPTH_MAX or len(self._known) > _PAIRS_MAX:
            found = [] if same_value(old, new) and old is new else [self._unseen()]
        else:
            self._depth += 1
            try:
                found = list(self._compared(old, new, presence))
            finally:
                self._depth -= 1
        self._known[key] = found
        return found

    def _identity(self, part: JsonValue) -> int:
        if isinstance(part, bool):
            return int(part)
        self._kept.append(part)  # so that no other part gets its identity
        return id(part)

    def _unseen(self) -> SchemaChange:
        return too_large(self._tool)

    def _compared(
        self, old: JsonValue, new: JsonValue, presence: Presence
    ) -> Iterator[SchemaChange]:
        before, now = _exact(self._old, old), _exact(self._new, new)
        if self._reading.from_strict and presence.old_optional:
            before = replace(before, nullable=True)
        if now.fault is not None or before.fault is not None:
            if before.fault is None and now.fault is not None:
                said = f"cannot be read: {now.fault}"
                yield _unread(self._tool, "REFERENCE_BROKEN", BREAKS, said)
            elif now.fault is None and not now.is_anything:
                said = f"could not be read before: {before.fault}"
                yield _unread(self._tool, "REFERENCE_MENDED", MAY_BREAK, said)
            return
        pair = Pair(
            before,
            now,
            old,
            new,
            self._old,
            self._new,
            self._tool,
            self._reading,
            presence,
            self.changes,
        )
        yield from word_changes(pair)
        yield from default_changes(pair)
        yield from _shape_changes(pair)


def _exact(schemas: Schemas, part: JsonValue) -> View:
    """Return the view of ``part`` with null tried where more than a type speaks of it."""
    view = schemas.view(part)
    if not view.nullable or not isinstance(part, dict) or view.node.get("nullable") is True:
        return view
    if _SPEAK_OF_NULL & (part.keys() | view.node.keys()):
        takes = not schema_errors(part, None, root=schemas.root)
        return view if takes else replace(view, nullable=False)
    return view


_SPEAK_OF_NULL: Final = frozenset({"$ref", "allOf", "anyOf", "oneOf", "not", "if"})


def _shape_changes(pair: Pair) -> Iterator[SchemaChange]:
    old, new = pair.old, pair.new
    if old.is_nothing or new.is_anything:
        if new.is_anything and not old.is_anything and not old.is_nothing:
            yield pair.change("TYPE_WIDENED", SAFE, "may be anything now")
        elif old.is_nothing and not new.is_nothing:
            yield pair.change("VALUE_ALLOWED", SAFE, "took no value, and takes some now")
        return
    if new.is_nothing:
        yield pair.change("NOTHING_ALLOWED", BREAKS, "takes no value any more")
        return
    yield from null_changes(pair)
    if not old.kinds:
        if new.kinds:
            verdict = SAFE if new.nullable else BREAKS
            rule = "TYPE_WIDENED" if new.nullable else "TYPE_CHANGED"
            said = "was always null, and may be more now" if new.nullable else "was always null"
            yield pair.change(rule, verdict, said)
        return
    if not old.kinds & new.kinds:
        yield from type_changes(pair)
        return
    if old.variants or new.variants:
        yield from union_changes(pair)
        return
    yield from type_changes(pair)
    yield from enum_changes(pair)
    if old.values is not None:
        return  # each of its values was tried on the new schema
    yield from bound_changes(pair)
    kinds = old.kinds & new.kinds
    if "object" in kinds:
        yield from property_changes(pair)
        yield from openness_changes(pair)
        yield from order_changes(pair)
    if "array" in kinds:
        yield from item_changes(pair)
    yield from restriction_changes(pair)


def _unread(tool: str, rule: str, verdict: OnPayloads, said: str) -> SchemaChange:
    from replay.compatibility.changes import OnModel

    return SchemaChange(rule, tool, "", verdict, OnModel.CHANGED, said)
