"""Conditions on a step: `payload.total > 1000 and response.status == 'lost'`.

A small language of its own over plain data: nothing of the user's is run, nothing is imported, no
attribute of an object is ever looked up. ::

    condition   one and one, one or one, not one, (one)
    comparison  == != < <= > >=   in ['a', 'b']   not in   contains   like 'book_*'
    value       'text', 12.5, true, false, null, a path, len(path), count(path), exists(path),
                lower(path)
    path        response.items[0].price, payload.guests[*].age, world.orders['W1'].status, [-1], .*

A path that is not there gives no value, and no value fits a comparison; a path with ``*`` gives
several, of which one has to fit. A text that is a number counts as one beside a number; a text that
is JSON is looked into.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Protocol, TypeAlias

from replay.records import JsonValue

Values: TypeAlias = list[JsonValue]
"""What an expression gives at a step: nothing, one value, or several."""


class Facts(Protocol):
    """What is known of one step, by name."""

    def values_of(self, name: str) -> Values:
        """Return what ``name`` is here; nothing: the step has no such thing."""


class Expression(Protocol):
    """One node of a condition."""

    def values(self, facts: Facts) -> Values:
        """Return what it gives at a step."""

    def names(self) -> Iterator[str]:
        """Give the facts that it looks at."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it is written."""

    value: JsonValue

    def values(self, facts: Facts) -> Values:
        """Return it."""
        return [self.value]

    def names(self) -> Iterator[str]:
        """Give nothing."""
        yield from ()


@dataclass(frozen=True, slots=True)
class AnyPart:
    """``[*]``: every item of a list, every value of an object."""


Part: TypeAlias = str | int | AnyPart


@dataclass(frozen=True, slots=True)
class Path:
    """A fact, and a way into it."""

    name: str
    parts: tuple[Part, ...]

    def values(self, facts: Facts) -> Values:
        """Return what stands there."""
        found = facts.values_of(self.name)
        for part in self.parts:
            found = [item for value in found for item in _beneath(value, part)]
        return found

    def names(self) -> Iterator[str]:
        """Give the fact."""
        yield self.name


@dataclass(frozen=True, slots=True)
class Compared:
    """Two sides and a sign; holds where any value of the left fits any of the right."""

    left: Expression
    sign: str
    right: Expression

    def values(self, facts: Facts) -> Values:
        """Return whether it holds."""
        left, right = self.left.values(facts), self.right.values(facts)
        fits = _FITS[self.sign]
        return [any(fits(one, other) for one in left for other in right)]

    def names(self) -> Iterator[str]:
        """Give those of both sides."""
        yield from self.left.names()
        yield from self.right.names()


@dataclass(frozen=True, slots=True)
class Joined:
    """``and`` and ``or``; what decides is asked first."""

    word: str
    parts: tuple[Expression, ...]

    def values(self, facts: Facts) -> Values:
        """Return whether it holds."""
        join = all if self.word == "and" else any
        return [join(is_true(one.values(facts)) for one in self.parts)]

    def names(self) -> Iterator[str]:
        """Give those of all parts."""
        for one in self.parts:
            yield from one.names()


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where its part does not."""

    part: Expression

    def values(self, facts: Facts) -> Values:
        """Return whether it holds."""
        return [not is_true(self.part.values(facts))]

    def names(self) -> Iterator[str]:
        """Give those of the part."""
        return self.part.names()


@dataclass(frozen=True, slots=True)
class Called:
    """``len(path)`` and its like."""

    function: str
    part: Expression

    def values(self, facts: Facts) -> Values:
        """Return what the function makes of the values."""
        return FUNCTIONS[self.function](self.part.values(facts))

    def names(self) -> Iterator[str]:
        """Give those of what it is given."""
        return self.part.names()


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression as it was typed, ready to be asked of steps."""

    text: str
    root: Expression
    names: frozenset[str]
    """The facts it looks at."""

    def holds(self, facts: Facts) -> bool:
        """Return whether a step fits."""
        return is_true(self.root.values(facts))

    def values(self, facts: Facts) -> Values:
        """Return what a watch on it shows at a step; nothing: it is not there."""
        return self.root.values(facts)

    def required(self, name: str) -> frozenset[str] | None:
        """Return the texts one of which the fact ``name`` has wherever this holds; None: any."""
        return _required(self.root, name)


def _required(node: Expression, name: str) -> frozenset[str] | None:
    if isinstance(node, Joined):
        found = [_required(one, name) for one in node.parts]
        known = [one for one in found if one is not None]
        if node.word == "and":
            return frozenset.intersection(*known) if known else None
        return frozenset.union(*known) if len(known) == len(found) else None
    if not isinstance(node, Compared) or not isinstance(node.right, Literal):
        return None
    if node.left != Path(name, ()):
        return None
    value = node.right.value
    if node.sign == "==" and isinstance(value, str):
        return frozenset((value,))
    if node.sign == "in" and isinstance(value, list):
        return frozenset(one for one in value if isinstance(one, str))
    return None


def is_true(values: Values) -> bool:
    """Return whether what an expression gives counts as yes: something that is not empty."""
    return any(
        value not in (None, False, "", 0) and value != [] and value != {} for value in values
    )


# -- ways into a value ----------------------------------------------------------------------------


def _beneath(value: JsonValue, part: Part) -> Values:
    if isinstance(value, str):
        value = looked_into(value)
    if isinstance(part, AnyPart):
        if isinstance(value, dict):
            return list(value.values())
        return list(value) if isinstance(value, list) else []
    if isinstance(part, str):
        return [value[part]] if isinstance(value, dict) and part in value else []
    if isinstance(value, list):
        return [value[part]] if -len(value) <= part < len(value) else []
    return [value[str(part)]] if isinstance(value, dict) and str(part) in value else []


def looked_into(text: str) -> JsonValue:
    """Return the object or list that ``text`` is the JSON of, or ``text`` itself."""
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        inner: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return inner


# -- comparing ------------------------------------------------------------------------------------

_NUMBER: Final = re.compile(r"\s*[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\s*")


def _number(value: JsonValue) -> float | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and len(value) < 40 and _NUMBER.fullmatch(value):
        return float(value) if not value.strip().lstrip("+-").isdigit() else int(value)
    return None


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _pair(one: JsonValue, other: JsonValue) -> tuple[float, float] | None:
    """Both as numbers, where one of them is written as one; else None."""
    if not (_is_number(one) or _is_number(other)):
        return None
    left, right = _number(one), _number(other)
    return None if left is None or right is None else (left, right)


def _equal(one: JsonValue, other: JsonValue) -> bool:
    pair = _pair(one, other)
    if pair is not None:
        return pair[0] == pair[1]
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _ordered(test: Callable[[float, float], bool]) -> Callable[[JsonValue, JsonValue], bool]:
    def fits(one: JsonValue, other: JsonValue) -> bool:
        pair = _pair(one, other)
        if pair is not None:
            return test(*pair)
        if isinstance(one, str) and isinstance(other, str):
            order = (one > other) - (one < other)
            return test(order, 0)
        return False

    return fits


def _contains(one: JsonValue, other: JsonValue) -> bool:
    if isinstance(one, str):
        return isinstance(other, str) and other.casefold() in one.casefold()
    if isinstance(one, list):
        return any(_equal(item, other) for item in one)
    return isinstance(one, dict) and isinstance(other, str) and other in one


def _like(one: JsonValue, other: JsonValue) -> bool:
    return isinstance(one, str) and isinstance(other, str) and fnmatchcase(one, other)


_FITS: Final[Mapping[str, Callable[[JsonValue, JsonValue], bool]]] = {
    "==": _equal,
    "!=": lambda one, other: not _equal(one, other),
    "<": _ordered(lambda one, other: one < other),
    "<=": _ordered(lambda one, other: one <= other),
    ">": _ordered(lambda one, other: one > other),
    ">=": _ordered(lambda one, other: one >= other),
    "in": lambda one, other: _contains(other, one),
    "not in": lambda one, other: not _contains(other, one),
    "contains": _contains,
    "like": _like,
}


# -- functions ------------------------------------------------------------------------------------


def _lengths(values: Values) -> Values:
    return [len(value) for value in values if isinstance(value, (str, list, dict))]


def _lower(values: Values) -> Values:
    return [value.lower() if isinstance(value, str) else value for value in values]


FUNCTIONS: Final[Mapping[str, Callable[[Values], Values]]] = {
    "len": _lengths,
    "lower": _lower,
    "count": lambda values: [len(values)],
    "exists": lambda values: [bool(values)],
}
"""What a function makes of the values it is given."""
