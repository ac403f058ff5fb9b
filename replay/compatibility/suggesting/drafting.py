"""Two schemas and some captured payloads side by side: the edits from one to the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from replay.compatibility.suggesting.additions import filled, gone, kept_default
from replay.compatibility.suggesting.edits import Edit, Here, text
from replay.compatibility.suggesting.enums import spelled_otherwise
from replay.compatibility.suggesting.fields import Field, field_of, fields_of
from replay.compatibility.suggesting.names import says_enough, text_likeness
from replay.compatibility.suggesting.nesting import moved_in, moved_out
from replay.compatibility.suggesting.renames import pairs_of, renamed
from replay.compatibility.suggesting.types import retyped
from replay.compatibility.suggesting.units import unit_question
from replay.records import JsonObject, JsonValue
from replay.tools.translations import ToolVersion

_LIKE_MIN: Final = 0.15
_DEPTH_MAX: Final = 4
"""Objects inside objects that are followed so far."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A translation as far as it can be written without guessing."""

    old: ToolVersion
    new: ToolVersion
    edits: list[Edit] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What it is a draft of: ``create_event, version 1 to 2``."""
        if self.old.tool != self.new.tool:
            return f"{self.old} to {self.new}"
        then = "no version" if self.old.version is None else f"version {self.old.version}"
        return f"{self.old.tool}, {then} to {self.new.version}"

    @property
    def questions(self) -> list[Edit]:
        """What is left to a person; where it matters the code raises."""
        return [edit for edit in self.edits if not edit.is_sure]

    @property
    def drops(self) -> list[str]:
        """Fields of the old payload that are left out on purpose."""
        return [path for edit in self.edits for path in edit.drops]


def draft(
    old: ToolVersion,
    new: ToolVersion,
    old_schema: JsonObject,
    new_schema: JsonObject,
    *,
    captured: Sequence[JsonObject] = (),
    captured_new: Sequence[JsonObject] = (),
) -> Draft:
    """Return the draft from the one version to the other.

    ``captured`` are payloads that models wrote for the old version, ``captured_new`` for the new
    one: their values tell fields apart that the schemas do not.
    """
    drafting = _Drafting((old.tool, new.tool))
    edits = drafting.object(
        Here(),
        field_of("", old_schema, old_schema),
        field_of("", new_schema, new_schema),
        captured,
        captured_new,
        0,
    )
    return Draft(old, new, edits)


class _Drafting:
    """One draft under way."""

    def __init__(self, tools: tuple[str, str]) -> None:
        self.tools = tools

    def object(
        self,
        here: Here,
        old: Field,
        new: Field,
        before: Sequence[JsonObject],
        after: Sequence[JsonObject],
        depth: int,
    ) -> list[Edit]:
        """Return the edits of one object: fields that stay, move, are new, are gone."""
        olds, news = old.fields(), new.fields()
        values, new_values = _by_field(before), _by_field(after)
        edits: list[Edit] = []
        for name in (name for name in olds if name in news):
            edits += self.kept(here, olds[name], news[name], values.get(name, []), depth)
        removed = [one for name, one in olds.items() if name not in news]
        added = [one for name, one in news.items() if name not in olds]
        sure, possible = pairs_of(removed, added, values, new_values)
        for pair in sure:
            edits.append(renamed(here, pair))
            edits += self.kept(here, pair.old, pair.new, values.get(pair.old.name, []), depth)
        removed = _without(removed, {pair.old.name for pair in sure})
        added = _without(added, {pair.new.name for pair in sure})
        for moving in (moved_in, moved_out):
            moved = moving(here, removed, added)
            edits += moved.edits
            removed, added = _without(removed, moved.old), _without(added, moved.new)
        left = {one.name for one in added}
        for one in removed:
            pairs = [pair for pair in possible if pair.old is one and pair.new.name in left]
            edits.append(gone(here, one, pairs, values.get(one.name, []), len(before)))
            if pairs and one.is_required:
                added = _without(added, {pairs[0].new.name})  # one question is enough
        strict = _is_strict(new)
        found = [filled(here, one, tools=self.tools, is_strict=strict) for one in added]
        return edits + [edit for edit in found if edit is not None]

    def kept(
        self, here: Here, old: Field, new: Field, values: Sequence[JsonValue], depth: int
    ) -> list[Edit]:
        """Return the edits of one field that both versions have."""
        asked = unit_question(here, old, new)
        if asked is not None:
            return [asked]
        edits = _described_otherwise(here, old, new)
        if not old.is_like(new):
            retypes = retyped(here, old, new, values)
            edits += retypes
            if all(edit.is_sure for edit in retypes):
                edits += spelled_otherwise(here, old, new, values)
            if depth < _DEPTH_MAX:
                edits += self.inside(here, old, new, values, depth)
        default = kept_default(here, old, new)
        if default is not None:
            edits.append(default)
        elif new.is_required and not old.is_required:
            edits += _now_required(here, old, new, values, self.tools)
        return edits

    def inside(
        self, here: Here, old: Field, new: Field, values: Sequence[JsonValue], depth: int
    ) -> list[Edit]:
        """Return the edits of the object, or of the objects of the list, that a field holds."""
        item, variable = here.item(new.name), f"{here.variable}_{_word(new.name)}"
        if old.fields() and new.fields():
            inner = Here(variable, here.at(new.name))
            given = [one for one in values if isinstance(one, dict)]
            edits = self.object(inner, old, new, given, (), depth + 1)
            head = [
                f"if isinstance({here.variable}.get({text(new.name)}), dict):",
                f"    {variable} = {item}",
            ]
            return [_within(edit, head) for edit in edits]
        olds, news = old.items, new.items
        if olds is not None and news is not None and olds.fields() and news.fields():
            inner = Here(variable, here.at(new.name) + "[*]")
            given = [one for each in values if isinstance(each, list) for one in each]
            dicts = [one for one in given if isinstance(one, dict)]
            edits = self.object(inner, olds, news, dicts, (), depth + 1)
            head = [f"for {variable} in {here.variable}.get({text(new.name)}) or []:"]
            return [_within(edit, head) for edit in edits]
        return []


def _described_otherwise(here: Here, old: Field, new: Field) -> list[Edit]:
    """Return what a person should know of a field that keeps its name and not its description."""
    likeness = text_likeness(old.description, new.description)
    enough = says_enough(old.description) and says_enough(new.description)
    if likeness is None or likeness >= _LIKE_MIN or not enough:
        return []
    said = "it is described in other words now, and taken for what it was; read both"
    return [Edit("same", here.at(new.name), said, confidence=likeness)]


def _now_required(
    here: Here, old: Field, new: Field, values: Sequence[JsonValue], tools: tuple[str, str]
) -> list[Edit]:
    """Return what stands for a field that could be left out, and cannot any more."""
    found = filled(here, new, tools=(tools[1], tools[1]), is_strict=new.is_nullable)
    return [] if found is None else [found]


def _within(edit: Edit, head: list[str]) -> Edit:
    lines = [f"    {line}" for line in edit.code]
    hint = [f"    {line}" for line in edit.hint]
    return replace(edit, code=[*head, *lines], hint=[*head, *hint] if hint else [])


def _without(fields: Sequence[Field], names: Any) -> list[Field]:
    return [one for one in fields if one.name not in names]


def _by_field(payloads: Sequence[JsonObject]) -> dict[str, list[JsonValue]]:
    found: dict[str, list[JsonValue]] = {}
    for payload in payloads:
        for name, value in payload.items():
            found.setdefault(name, []).append(value)
    return found


def _is_strict(new: Field) -> bool:
    fields = fields_of(new.schema, new.root)
    closed = new.schema.get("additionalProperties") is False
    return closed and bool(fields) and all(one.is_required for one in fields.values())


def _word(name: str) -> str:
    return "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in name)
