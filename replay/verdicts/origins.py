"""Where a value came from: the earlier parts of a trace that carried it.

A value that stands nowhere before the step that has it was made up by the model, computed, or read
from the tools' own world: that is worth knowing too, so nothing found is an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, TypeAlias

from replay.records import JsonValue
from replay.verdicts.paths import join

Place: TypeAlias = Literal["prompt", "output", "payload", "outside", "response"]

_IN_ONE_PART_MAX: Final = 3
_FOUND_MAX: Final = 200
_EXCERPT_BEFORE: Final = 24
_EXCERPT_CHARS: Final = 90


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
    """False: within a longer text, or in other letters (``oslo`` for ``Oslo``)."""


class TooCommonError(ValueError):
    """The value says nothing: true, null, an empty text. The message is for a person."""


def origins(value: JsonValue, sources: Iterable[Source]) -> list[Origin]:
    """Return where ``value`` stands in ``sources``, in their order: at most 200 places.

    Texts are found whole, within texts between words, and in other letters; numbers as numbers
    (``3`` is ``3.0``) and as words of a text; objects and lists only whole.

    Raises:
        TooCommonError: the value stands everywhere, so that finding it says nothing.
    """
    look = _look(value)
    found: list[Origin] = []
    for source in sources:
        for path, excerpt, is_exact in islice(_places(source.value, look), _IN_ONE_PART_MAX):
            found.append(
                Origin(source.step_number, source.place, source.label, path, excerpt, is_exact)
            )
        if len(found) >= _FOUND_MAX:
            break
    return found[:_FOUND_MAX]


@dataclass(frozen=True, slots=True)
class _Look:
    """What is looked for."""

    value: JsonValue
    words: re.Pattern[str] | None
    """It within a text; None: only whole values count."""


def _look(value: JsonValue) -> _Look:
    if value is None or isinstance(value, bool):
        said = "null" if value is None else str(value).lower()
        raise TooCommonError(f"{said} is everywhere: choose another value.")
    if isinstance(value, str):
        text = value.strip()
        if len(text) < 2:
            raise TooCommonError("One letter is everywhere: choose a longer value.")
        return _Look(text, _between_words(re.escape(text)))
    if isinstance(value, (int, float)):
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        written = re.escape(f"{value:,}") + "|" + re.escape(str(value))
        return _Look(value, _between_words(rf"(?:{written})(?:\.0+)?"))
    if not value:
        raise TooCommonError("An empty value is everywhere: choose another one.")
    return _Look(value, None)


def _between_words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.]){pattern}(?!\w|\.\d)", re.IGNORECASE)


def _places(value: JsonValue, look: _Look) -> Iterator[tuple[str, str, bool]]:
    """Give path, excerpt and exactness of every place in ``value``, whatever its depth."""
    waiting: list[tuple[str, JsonValue]] = [("", value)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, str):
            inner = _inner(node)
            if inner is not None:
                waiting.append((path, inner))
                continue
            if (found := _in_text(node, look)) is not None:
                yield (path, *found)
        elif isinstance(node, (dict, list)):
            if node == look.value:
                yield path, _cut(json.dumps(node, ensure_ascii=False)), True
                continue
            members = node.items() if isinstance(node, dict) else enumerate(node)
            waiting += [(join(path, part), item) for part, item in reversed(list(members))]
        elif _same_number(node, look.value):
            yield path, json.dumps(node), True


def _inner(text: str) -> JsonValue:
    """Return the object or list that ``text`` is the JSON of; None: it is only a text."""
    if text[:1] not in ("{", "["):
        return None
    try:
        inner: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return inner


def _in_text(text: str, look: _Look) -> tuple[str, bool] | None:
    if text.strip() == look.value:
        return _cut(text.strip()), True
    match = None if look.words is None else look.words.search(text)
    if match is None:
        return None
    start = max(0, match.start() - _EXCERPT_BEFORE)
    lead = "…" if start else ""
    is_whole = match.group() == str(look.value) and match.group() == text.strip()
    return lead + _cut(" ".join(text[start : start + 4 * _EXCERPT_CHARS].split())), is_whole


def _same_number(one: JsonValue, other: JsonValue) -> bool:
    numbers = all(isinstance(side, (int, float)) for side in (one, other))
    return numbers and not isinstance(one, bool) and one == other


def _cut(text: str) -> str:
    return text if len(text) <= _EXCERPT_CHARS else text[: _EXCERPT_CHARS - 1] + "…"
