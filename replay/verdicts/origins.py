"""Where a value came from: the earlier parts of a trace that carried it.

A value that stands nowhere before the step that has it was made up by the model, computed, or read
from the tools' own world: that is worth knowing too, so nothing found is an answer.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal, TypeAlias

from replay.records import JsonValue
from replay.verdicts.paths import join
from replay.verdicts.spellings import date_of, date_pattern, number_of, number_pattern

Place: TypeAlias = Literal["prompt", "output", "payload", "outside", "response"]

_IN_ONE_PART_MAX: Final = 3
_FOUND_MAX: Final = 200
_LAST_MAX: Final = 50
"""Of more places than fit, so many are the nearest ones; the others are the first."""
_LONG_MIN: Final = 2_000
"""Longer texts are found as they are, in any text that has them: a pattern would take seconds."""
_EXCERPT_BEFORE: Final = 24
_EXCERPT_CHARS: Final = 90
_PARTS_MAX: Final = 40
"""Of a value that stands nowhere whole, so many parts are looked for."""


@dataclass(frozen=True, slots=True)
class Source:
    """One part of a trace that a value may stand in."""

    step_number: int
    place: Place
    value: JsonValue
    """A text that is JSON is looked into as JSON."""
    label: str = ""
    """Whose it is: the tool, or a message's role."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One place where the value stands."""

    step_number: int
    place: Place
    label: str
    path: str
    """Where in that part; empty: the part itself."""
    excerpt: str
    """The value with some of what stands around it."""
    is_exact: bool
    """False: within a longer text, or written otherwise: ``oslo`` for ``Oslo``, ``1,234.50`` for
    1234.5, ``May 5, 2024`` for ``2024-05-05``."""
    found: str = ""
    """It as it is written there."""
    part: str = ""
    """Which part of the value stands here, when not all of it does: its path, of a text itself."""


class TooCommonError(ValueError):
    """The value says nothing: true, null, an empty text. The message is for a person."""


def origins(value: JsonValue, sources: Iterable[Source]) -> list[Origin]:
    """Return where ``value`` stands in ``sources``, in their order: at most 200 places.

    Texts are found whole, within texts between words, and in other letters; numbers as numbers
    (``3`` is ``3.0``) and as they are written in texts; days however they are written. Of objects,
    lists and longer texts that stand nowhere whole, each part is found where it stood first and
    last. Of more places the first ones are kept, and the nearest.

    Raises:
        TooCommonError: the value stands everywhere, so that finding it says nothing.
    """
    whole = _look(value)
    parts = [(path, _look(part)) for path, part in parts_of(value)]
    found = _Kept()
    carried: dict[str, list[tuple[int, Origin]]] = {}
    for number, source in enumerate(sources):
        found.add(islice(_origins_in(source, whole), _IN_ONE_PART_MAX))
        for path, look in () if found.first else parts:
            for one in islice(_origins_in(source, look, path), 1):
                # Where it was first, and where it was last before the value.
                carried.setdefault(path, [])[1:] = [(number, one)]
    if found.first:
        return found.all()
    places = [place for both in carried.values() for place in both]
    return [one for _, one in sorted(places, key=lambda place: place[0])]


def stands_in(value: JsonValue, source: Source) -> bool:
    """Return whether `origins` finds ``value`` whole in ``source``; its parts are not looked for.

    Raises:
        TooCommonError: the value stands everywhere.
    """
    return any(True for _ in _places(source.value, _look(value)))


@dataclass(slots=True)
class _Kept:
    """The first places of a value, and its last ones."""

    first: list[Origin] = field(default_factory=list)
    last: deque[Origin] = field(default_factory=lambda: deque(maxlen=_LAST_MAX))

    def add(self, found: Iterable[Origin]) -> None:
        for one in found:
            kept = self.first if len(self.first) < _FOUND_MAX - _LAST_MAX else self.last
            kept.append(one)

    def all(self) -> list[Origin]:
        return [*self.first, *self.last]


def _origins_in(source: Source, look: _Look, part: str = "") -> Iterator[Origin]:
    where = source.step_number, source.place, source.label
    for path, excerpt, is_exact, written in _places(source.value, look):
        yield Origin(*where, path, excerpt, is_exact, written, part)


@dataclass(frozen=True, slots=True)
class _Look:
    """What is looked for."""

    value: JsonValue
    words: re.Pattern[str] | None
    """It within a text; None: only whole values count."""
    number: float | None = None
    """It as a number, where it is one."""


def _look(value: JsonValue) -> _Look:
    if value is None or isinstance(value, bool):
        said = "null" if value is None else str(value).lower()
        raise TooCommonError(f"{said} is everywhere: choose another value.")
    if isinstance(value, str):
        return _look_for_text(value.strip())
    if isinstance(value, (int, float)):
        return _Look(value, _between_words(number_pattern(value)), value)
    if not value:
        raise TooCommonError("An empty value is everywhere: choose another one.")
    return _Look(value, None)


def _look_for_text(text: str) -> _Look:
    if len(text) < 2:
        raise TooCommonError("One letter is everywhere: choose a longer value.")
    if len(text) > _LONG_MIN:
        return _Look(text, None)
    number, day = number_of(text), date_of(text)
    if number is not None:
        return _Look(text, _between_words(f"{re.escape(text)}|{number_pattern(number)}"), number)
    if day is not None:  # a moment goes on with T and its time
        return _Look(text, _between_words(date_pattern(day), r"(?!\d|[A-SU-Z])"))
    return _Look(text, _between_words(re.escape(text)))


def _between_words(pattern: str, end: str = r"(?!\w|\.\d)") -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.])(?:{pattern}){end}", re.IGNORECASE)


_NAMES_A_THING: Final = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+"  # somebody@example.com
    r"|\d{4}-\d{2}-\d{2}"
    r"|#?(?=\w*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9][\w-]{2,}"  # W1023, gift_card_61
    r"|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d{3,}"
)
"""What of a text may be followed for itself: addresses, days, ids, numbers that say something."""


def parts_of(value: JsonValue) -> list[tuple[str, JsonValue]]:
    """Return the parts of ``value`` that may have come from elsewhere, each with its path.

    Of objects and lists the values in them, of texts their ids, numbers and days; what says nothing
    (true, null, one digit) is left out. Of anything else nothing.
    """
    if isinstance(value, str):
        inner = _inner(value)
        if inner is None:
            if date_of(value) is not None or number_of(value) is not None:
                return []
            return [(name, name) for name in _names_in(value)]
        value = inner
    if not isinstance(value, (dict, list)):
        return []
    found: dict[str, tuple[str, JsonValue]] = {}
    waiting: list[tuple[str, JsonValue]] = [("", value)]
    while waiting and len(found) < _PARTS_MAX:
        path, node = waiting.pop()
        if isinstance(node, (dict, list)):
            members = node.items() if isinstance(node, dict) else enumerate(node)
            waiting += [(join(path, part), item) for part, item in reversed(list(members))]
        elif _says_something(node):
            found.setdefault(json.dumps(node), (path, node))
    return list(found.values())


def _names_in(text: str) -> list[str]:
    """Return the first different names in a text; it may have a hundred thousand."""
    whole = text.strip()
    names: dict[str, None] = {}
    for match in _NAMES_A_THING.finditer(text):
        if match.group() != whole:
            names[match.group()] = None
        if len(names) >= _PARTS_MAX:
            break
    return list(names)


def _says_something(value: JsonValue) -> bool:
    if isinstance(value, str):
        return len(value.strip()) >= 2
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) >= 10


def _places(value: JsonValue, look: _Look) -> Iterator[tuple[str, str, bool, str]]:
    """Give path, excerpt, exactness and spelling of every place in ``value``, at any depth."""
    waiting: list[tuple[str, JsonValue]] = [("", value)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, str):
            if _cannot_hold(node, look):
                continue
            inner = _inner(node)
            if inner is not None:
                waiting.append((path, inner))
                continue
            if (found := _in_text(node, look)) is not None:
                yield (path, *found)
        elif isinstance(node, (dict, list)):
            if node == look.value:
                text = json.dumps(node, ensure_ascii=False)
                yield path, _cut(text), True, _spelling(text)
                continue
            members = node.items() if isinstance(node, dict) else enumerate(node)
            waiting += [(join(path, part), item) for part, item in reversed(list(members))]
        elif _same_number(node, look.number):
            yield path, json.dumps(node), not isinstance(look.value, str), json.dumps(node)


def _cannot_hold(text: str, look: _Look) -> bool:
    """Say of a text that is JSON, without reading it, that the value is not in it.

    A backslash may be an escape that hides it.
    """
    if text[:1] not in ("{", "[") or "\\" in text:
        return False
    if look.words is None:
        return isinstance(look.value, str) and look.value not in text
    return look.words.search(text) is None and not (
        look.number is not None and _EXPONENT.search(text)
    )


_EXPONENT: Final = re.compile(r"\d[eE][+-]?\d")


def _inner(text: str) -> JsonValue:
    """Return the object or list that ``text`` is the JSON of; None: it is only a text."""
    if text[:1] not in ("{", "["):
        return None
    try:
        inner: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return inner


def _in_text(text: str, look: _Look) -> tuple[str, bool, str] | None:
    whole = text.strip()
    if whole == look.value:
        return _cut(whole), True, _spelling(whole)
    if look.words is None:
        at = text.find(look.value) if isinstance(look.value, str) else -1
        return None if at < 0 else (_excerpt(text, at), False, "")
    match = look.words.search(text)
    if match is None:
        return None
    is_exact = match.group() == str(look.value) == whole
    return _excerpt(text, match.start()), is_exact, match.group()


def _excerpt(text: str, at: int) -> str:
    start = max(0, at - _EXCERPT_BEFORE)
    lead = "…" if start else ""
    return lead + _cut(" ".join(text[start : start + 4 * _EXCERPT_CHARS].split()))


def _spelling(text: str) -> str:
    """Return how a value is written, for who looks for it there; what is long nobody finds so."""
    return text if len(text) <= _LONG_MIN else ""


def _same_number(one: JsonValue, other: float | None) -> bool:
    if other is None or isinstance(one, bool) or not isinstance(one, (int, float)):
        return False
    return one == other or (abs(one - other) <= 1e-9 * max(abs(one), abs(other)))


def _cut(text: str) -> str:
    return text if len(text) <= _EXCERPT_CHARS else text[: _EXCERPT_CHARS - 1] + "…"
