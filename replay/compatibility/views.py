"""A schema as the rules read it: references followed, ``allOf`` merged, null set apart.

The same thing can be written in many ways: null as a type in a list, as a branch of ``anyOf``, as
``nullable: true``, as a value of ``enum``; a constant as ``const`` or as an ``enum`` of one. A
``View`` of a part of a schema has one way for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from replay.compatibility.merging import NOTHING, WORDS, merged
from replay.compatibility.values import is_number, kind_of, same_value
from replay.records import JsonObject, JsonValue

KINDS: Final = frozenset(
    {"null", "boolean", "integer", "fraction", "string", "array", "object"},
)
_NUMBER: Final = frozenset({"integer", "fraction"})
_KINDS_OF: Final[dict[str, frozenset[str]]] = {
    **{kind: frozenset({kind}) for kind in KINDS - {"fraction"}},
    "number": _NUMBER,
    # Not JSON Schema, and seen in tool definitions all the same.
    "float": _NUMBER,
    "double": _NUMBER,
    "int": frozenset({"integer"}),
    "bool": frozenset({"boolean"}),
    "str": frozenset({"string"}),
    "dict": frozenset({"object"}),
    "list": frozenset({"array"}),
    "tuple": frozenset({"array"}),
    "any": KINDS,
}
_UNION_KEYWORDS: Final = ("anyOf", "oneOf")
_NAMES_ONLY: Final = (*WORDS, "type", "nullable", "$comment")
_SIBLINGS_IGNORED: Final = ("draft-03", "draft-04", "draft-06", "draft-07")
_REFERENCES_MAX: Final = 100
_STEPS_MAX: Final = 20_000
"""References and ``allOf`` that are followed in one schema: recursive ones can double for ever."""


@dataclass(frozen=True, slots=True)
class View:
    """One part of a schema."""

    node: JsonObject
    """Its keywords; references are followed and ``allOf`` is merged, one level deep."""
    kinds: frozenset[str]
    """The kinds of value it takes, without null; see ``values.kind_of``."""
    nullable: bool
    values: list[JsonValue] | None
    """The only values it takes, without null; None: they are not listed."""
    variants: tuple[JsonValue, ...]
    """The branches of a union, without null; each a schema of its own. Empty: no union."""
    exclusive: bool
    """True: a value must fit exactly one of the variants (``oneOf``)."""
    fault: str | None
    """Why it cannot be read: a reference to nowhere. None: it can."""
    required: frozenset[str] = frozenset()
    """The names that must be there."""

    @property
    def is_nothing(self) -> bool:
        """Whether no value fits."""
        return not self.kinds and not self.nullable

    @property
    def is_anything(self) -> bool:
        """Whether every value fits."""
        return (
            self.kinds == KINDS - {"null"}
            and self.nullable
            and not self.variants
            and self.values is None
            and all(keyword in _NAMES_ONLY or keyword.startswith("$") for keyword in self.node)
        )

    def properties(self) -> dict[str, JsonValue]:
        """Return the schemas of the properties that it names."""
        named = self.node.get("properties")
        return named if isinstance(named, dict) else {}

    def others(self) -> JsonValue:
        """Return the schema of properties that it does not name; False: there can be none."""
        said = self.node.get("additionalProperties", self.node.get("unevaluatedProperties", True))
        return said if isinstance(said, dict | bool) else True


class Schemas:
    """One whole schema, and views of its parts."""

    def __init__(self, root: JsonValue) -> None:
        self.root = root
        draft = root.get("$schema") if isinstance(root, dict) else None
        self._ignores_siblings = isinstance(draft, str) and any(
            name in draft for name in _SIBLINGS_IGNORED
        )
        # By identity: parts are looked at many times, and are not hashable. The part is kept with
        # its view so that no other can get its identity.
        self._views: dict[int, tuple[JsonValue, View]] = {}
        self._depth = 0
        self._steps = 0

    def view(self, part: JsonValue) -> View:
        """Return how the rules read ``part``, a part of this schema."""
        known = self._views.get(id(part))
        if known is not None:
            return known[1]
        view = self._viewed(part)
        self._views[id(part)] = (part, view)
        return view

    def _viewed(self, part: JsonValue) -> View:
        self._depth += 1
        try:
            if self._depth > _REFERENCES_MAX:
                raise _Unreadable("A union that is its own branch")
            return self._union(self._resolved(part, ()))
        except _Unreadable as fault:
            return View({}, KINDS - {"null"}, True, None, (), False, str(fault))
        finally:
            self._depth -= 1

    def _resolved(self, part: JsonValue, seen: tuple[int, ...]) -> JsonObject:
        """Return the keywords of ``part`` with references followed and ``allOf`` merged."""
        if part is True:
            return {}
        if part is False:
            return NOTHING
        if not isinstance(part, dict):
            raise _Unreadable(f"{str(part)[:40]!r} is no schema")
        if "$ref" not in part and "allOf" not in part:
            return NOTHING if part.get("not") in ({}, True) else part
        self._steps += 1
        if self._steps > _STEPS_MAX:
            raise _Unreadable("It grows without end as its parts are merged")
        if id(part) in seen or len(seen) > _REFERENCES_MAX:
            raise _Unreadable(f"{part.get('$ref', 'allOf')!r} refers to itself for ever")
        seen = (*seen, id(part))
        node = {key: value for key, value in part.items() if key not in ("$ref", "allOf")}
        held: JsonObject = {}
        if "$ref" in part:
            held = self._resolved(self._target(part["$ref"]), seen)
            if self._ignores_siblings:
                return merged(held, {key: node[key] for key in node if key in WORDS})
        pieces = part.get("allOf", [])
        for piece in pieces if isinstance(pieces, list) else []:
            held = merged(held, self._resolved(piece, seen))
        return merged(held, node)

    def _target(self, reference: JsonValue) -> JsonValue:
        """Return what ``reference`` refers to.

        Raises:
            _Unreadable: nothing that this schema holds.
        """
        if reference == "#" or (isinstance(self.root, dict) and reference == self.root.get("$id")):
            return self.root
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise _Unreadable(f"{reference!r} is not in the schema")
        if not reference.startswith("#/"):
            return self._anchored(reference[1:])
        node: Any = self.root
        for name in reference[2:].split("/"):
            name = _unescaped(name)
            try:
                node = node[int(name)] if isinstance(node, list) else node[name]
            except (KeyError, IndexError, ValueError, TypeError):
                raise _Unreadable(f"{reference!r} is not in the schema") from None
        return node

    def _anchored(self, name: str) -> JsonValue:
        definitions = self.root if isinstance(self.root, dict) else {}
        for keyword in ("$defs", "definitions"):
            held = definitions.get(keyword)
            for part in held.values() if isinstance(held, dict) else ():
                if isinstance(part, dict) and (
                    part.get("$anchor") == name or part.get("$id") == f"#{name}"
                ):
                    return part
        raise _Unreadable(f"'#{name}' is not in the schema")

    def _union(self, node: JsonObject) -> View:
        keyword = next((one for one in _UNION_KEYWORDS if _is_filled(node.get(one))), None)
        if keyword is None:
            return _plain(node)
        words = {key: value for key, value in node.items() if key in WORDS}
        beside = {
            key: value
            for key, value in node.items()
            if key not in (keyword, "discriminator", *WORDS)
        }
        branches = [merged(part, beside) for part in self._branches(node[keyword], keyword, ())]
        views = [self.view(branch) for branch in branches]
        nullable = any(view.nullable for view in views) or node.get("nullable") is True
        variants = [
            branch for branch, view in zip(branches, views, strict=True) if view.kinds or view.fault
        ]
        if not variants:
            return View(words, frozenset(), nullable, None, (), False, None)
        # The one branch beside null: its keywords are the place's own.
        one = variants[0] if len(variants) == 1 else _as_one(variants, keyword)
        if one is not None:
            view = self.view(one)
            return replace(view, node={**view.node, **words}, nullable=nullable)
        kinds: frozenset[str] = frozenset().union(*(view.kinds for view in views))
        exclusive = keyword == "oneOf"
        return View(node, kinds, nullable, None, tuple(variants), exclusive, None)

    def _branches(
        self, parts: list[JsonValue], keyword: str, seen: tuple[int, ...]
    ) -> Iterator[JsonObject]:
        """Yield the branches; those of a branch that is itself only a union as well."""
        if id(parts) in seen:
            raise _Unreadable("A union that is its own branch")
        for part in parts:
            try:
                node = self._resolved(part, ())
            except _Unreadable:
                yield part if isinstance(part, dict) else {"$ref": None}
                continue
            inner = node.get(keyword)
            is_union_only = isinstance(inner, list) and not (node.keys() - {keyword, *WORDS})
            if keyword == "anyOf" and is_union_only:
                yield from self._branches(inner, keyword, (*seen, id(parts)))  # type: ignore[arg-type]  # a list: asked above
            else:
                yield node


class _Unreadable(Exception):
    """A part of a schema that cannot be read."""


def _unescaped(name: str) -> str:
    from urllib.parse import unquote

    return unquote(name).replace("~1", "/").replace("~0", "~")


def _kinds(node: JsonObject) -> frozenset[str]:
    """Return the kinds that the keywords ``type`` and ``not`` of ``node`` leave."""
    if node.get("not") in ({}, True):
        return frozenset()
    said = node.get("type")
    if said is None:
        return KINDS
    names = said if isinstance(said, list) else [said]
    return frozenset().union(*(_KINDS_OF.get(str(name), {str(name)}) for name in names))


def _plain(node: JsonObject) -> View:
    """Return the view of a schema without a union."""
    kinds = _kinds(node)
    nullable = "null" in kinds or (node.get("nullable") is True and bool(kinds))
    values = _values(node)
    if values is not None:
        nullable = nullable and any(value is None for value in values)
        values = [value for value in values if value is not None and kind_of(value) in kinds]
        kinds = frozenset(kind_of(value) for value in values)
    names = node.get("required")
    required = frozenset(filter(_is_text, names) if isinstance(names, list) else ())
    return View(node, kinds - {"null"}, nullable, values, (), False, None, required)


def _is_text(value: JsonValue) -> bool:
    return isinstance(value, str)


def _is_filled(value: JsonValue) -> bool:
    return isinstance(value, list) and bool(value)


def _values(node: JsonObject) -> list[JsonValue] | None:
    if "const" in node:
        listed = node.get("enum")
        if isinstance(listed, list) and not any(same_value(node["const"], v) for v in listed):
            return []
        return [node["const"]]
    listed = node.get("enum")
    return listed if isinstance(listed, list) else None


def _as_one(variants: list[JsonObject], keyword: str) -> JsonObject | None:
    """Return a union of plain types, or of listed values, as one schema; None: it is neither."""
    listed = [_values(variant) for variant in variants]
    if all(values is not None for values in listed):
        every = [value for values in listed for value in values or ()]
        return {"enum": every} if keyword == "anyOf" or not _repeats(every) else None
    if all(variant.keys() <= {"type", *WORDS} and "type" in variant for variant in variants):
        names = [name for one in variants for name in _names(one["type"])]
        overlap = keyword == "oneOf" and {"integer", "number"} <= set(map(str, names))
        if len(set(map(str, names))) == len(names) and not overlap:
            return {"type": names}
    return None


def _names(said: JsonValue) -> list[Any]:
    return said if isinstance(said, list) else [said]


def _repeats(values: list[JsonValue]) -> bool:
    return any(
        same_value(value, other) for index, value in enumerate(values) for other in values[:index]
    )


def limit_of(view: View, keyword: str) -> int | float | None:
    """Return the number that ``keyword`` limits by; None: it says none."""
    said = view.node.get(keyword)
    return said if is_number(said) else None
