"""The arguments that a tool's schema names, and which of them calls have reached.

The schema is walked once, when a tool is first called; each call then only marks what it gave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from replay.records import JsonObject, JsonValue
from replay.verdicts.canonical import canonical_bytes

_DEPTH_MAX: Final = 6
"""Arguments nested deeper than this are not followed."""

_NOTHING: Final = object()


@dataclass(slots=True)
class Argument:
    """One argument that a schema names, with the arguments inside it."""

    path: str
    """``guests[*].name``: where it is, from the root of the arguments."""
    is_required: bool
    values: list[JsonValue] | None
    """The values of its enum; None where it has none."""
    default: JsonValue
    is_list: bool
    """Whether ``inner`` is of its elements."""
    inner: dict[str, Argument]
    is_used: bool = False
    sent: set[bytes] = field(default_factory=set)
    """Values of the enum that calls gave, or left to the default, in canonical form."""
    _texts: set[str] = field(default_factory=set)

    def take(self, given: JsonValue) -> None:
        """Note that a call gave this argument with this value."""
        self.is_used = True
        if self.values is not None:
            self._take_value(given)
        if self.inner:
            for item in given if self.is_list and isinstance(given, list) else (given,):
                if isinstance(item, dict) and isinstance(given, list) is self.is_list:
                    mark(self.inner, item)

    def take_default(self) -> None:
        """Note that a call left this argument to its default."""
        if self.default is not _NOTHING:
            self.sent.add(canonical_bytes(self.default))

    def unsent(self) -> list[JsonValue]:
        """Return the values of the enum that no call used."""
        return [value for value in self.values or () if canonical_bytes(value) not in self.sent]

    def _take_value(self, given: JsonValue) -> None:
        if type(given) is str:  # nearly all enums are of texts: the canonical form only once
            if given in self._texts:
                return
            self._texts.add(given)
        self.sent.add(canonical_bytes(given))


def arguments_of(schema: JsonObject) -> dict[str, Argument]:
    """Return the arguments of a tool's schema by name; none where it names none."""
    return _arguments(schema, schema, "", 0)


def mark(arguments: Mapping[str, Argument], given: JsonObject) -> None:
    """Note what one call gave of ``arguments``."""
    for name, argument in arguments.items():
        value = given.get(name, _NOTHING)
        if value is _NOTHING:
            argument.take_default()
        else:
            argument.take(value)


def walked(arguments: Mapping[str, Argument]) -> Iterator[Argument]:
    """Return every argument, each before those inside it."""
    for argument in arguments.values():
        yield argument
        yield from walked(argument.inner)


def _arguments(root: JsonObject, schema: JsonObject, path: str, depth: int) -> dict[str, Argument]:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or depth >= _DEPTH_MAX:
        return {}
    required = schema.get("required") or ()
    found = {}
    for name, raw in properties.items():
        here = f"{path}.{name}" if path else str(name)
        node = _resolved(root, raw)
        is_list = "items" in node
        inner = _resolved(root, node["items"]) if is_list else node
        found[name] = Argument(
            path=here,
            is_required=name in required,
            values=node.get("enum"),
            default=raw["default"] if isinstance(raw, dict) and "default" in raw else _NOTHING,
            is_list=is_list,
            inner=_arguments(root, inner, here + ("[*]" if is_list else ""), depth + 1),
        )
    return found


def _resolved(root: JsonObject, node: Any) -> JsonObject:
    """Follow ``$ref`` and step into ``anyOf [X, null]``: the way optional arguments are written."""
    for _ in range(_DEPTH_MAX):
        if not isinstance(node, dict):
            return {}
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            node = _at(root, reference)
            continue
        if reference == "#":
            return root
        choices = [
            choice
            for choice in node.get("anyOf", ())
            if isinstance(choice, dict) and choice.get("type") != "null"
        ]
        if len(choices) != 1:
            return node
        node = choices[0]
    return node if isinstance(node, dict) else {}


def _at(root: JsonObject, reference: str) -> Any:
    node: Any = root
    for part in reference[2:].split("/"):
        node = node.get(part) if isinstance(node, dict) else None
    return node
