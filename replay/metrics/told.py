"""What a model was told, and whether a value of its arguments stands in it.

Values are found as `replay.verdicts.origins` finds them: texts whole, within texts between words,
in other letters; numbers as numbers and as words. Beside that, a name of two or three words counts
as told where each of its words was, and a date where its day and its month were (*May 20th* for
``2026-05-20``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from replay.verdicts.origins import Source, TooCommonError, stands_in
from replay.verdicts.spellings import date_of, number_of

SMALL_NUMBER_MAX: Final = 10
LONG_CHARS_MIN: Final = 1_000_000
"""From so many on a part is looked through as one text: taken apart, it would need fifty times the
memory, and minutes for the calls of one trace."""
WORDS_MAX: Final = 3
CHARS_MAX: Final = 60

Left: TypeAlias = Literal["common", "composed"]
"""Why a value is not looked for: it says nothing, or the model wrote a text of its own."""

_ESCAPED: Final = re.compile(r"\\+u([0-9a-fA-F]{4})")
_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ][\d:.]+(?:Z|[+-][\d:]+)?)?")
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give every value that holds no others, with its path; list places are ``[*]``."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, f"{path}[*]")
    else:
        yield path, value


def left_out(value: Any) -> Left | None:
    """Return why ``value`` is not looked for; None: it is.

    Common are true, false, null, empty and one-letter texts, and whole numbers up to 10: models
    count. Composed are texts of more than three words or 60 characters.
    """
    if value is None or isinstance(value, bool):
        return "common"
    if isinstance(value, (int, float)):
        small = float(value).is_integer() and abs(value) <= SMALL_NUMBER_MAX
        return "common" if small else None
    text = str(value).strip()
    if len(text) < 2 or (
        re.fullmatch(r"-?\d+(\.0+)?", text) and abs(float(text)) <= SMALL_NUMBER_MAX
    ):
        return "common"
    return "composed" if len(text.split()) > WORDS_MAX or len(text) > CHARS_MAX else None


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a model was told."""

    source: Source
    """Of a long part only what kind of message it is."""
    folded: str
    """All its values in small letters: that most values are not in it shows fast."""
    is_long: bool = False
    """Its values are not taken apart: one counts as told where its letters stand in the text."""


def part_of(value: Any) -> Part:
    """Return a message, a response or a definition as a part to look into."""
    if sum(len(leaf) for _, leaf in leaves(value) if isinstance(leaf, str)) > LONG_CHARS_MIN:
        texts = (leaf if isinstance(leaf, str) else json.dumps(leaf) for _, leaf in leaves(value))
        plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), "\n".join(texts))
        return Part(Source(0, "prompt", _kind(value)), plain.casefold(), is_long=True)
    return Part(Source(0, "prompt", value), "\n".join(_texts(value)).casefold())


def _kind(message: Any) -> Any:
    """Return what kind of message it is, without what it says."""
    if not isinstance(message, dict):
        return None
    kind = {name: message[name] for name in ("role", "type") if name in message}
    blocks = message.get("content")
    if isinstance(blocks, list):
        types = [one.get("type") for one in blocks if isinstance(one, dict)]
        kind["content"] = [{"type": one} for one in dict.fromkeys(types)]
    return kind


def _texts(value: Any) -> Iterator[str]:
    """Give every value in ``value`` as a text, those of JSON in texts too."""
    for _, leaf in leaves(value):
        inner = _inner(leaf) if isinstance(leaf, str) else None
        if inner is not None:
            yield from _texts(inner)
        else:
            yield leaf if isinstance(leaf, str) else json.dumps(leaf)


def _inner(text: str) -> Any:
    """Return the object or list that ``text`` is the JSON of, as origins look into it."""
    if text[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def holds(part: Part, value: Any) -> bool:
    """Return whether ``value`` stands in a part."""
    return any(_has(one, value) for one in _likely([part], value))


def _has(part: Part, value: Any) -> bool:
    """Return whether ``value`` stands in a part that has one of its hints."""
    if part.is_long:
        return True
    try:
        return stands_in(value, part.source)
    except TooCommonError:
        return True


def _likely(parts: list[Part], value: Any) -> list[Part]:
    """Return the parts that ``value`` may stand in: most have nothing like it, and that is fast."""
    if isinstance(value, (dict, list)):
        return []
    hints = _hints(value, is_float=isinstance(value, float))
    return [part for part in parts for hint in hints if hint in part.folded]


@lru_cache(maxsize=4_096)
def _hints(value: Any, *, is_float: bool) -> tuple[str, ...]:
    """Return texts of which one stands in every text that ``value`` stands in.

    ``is_float`` keeps 1 and 1.0 apart in the cache.
    """
    if isinstance(value, str):
        day, number = date_of(value), number_of(value)
        if day is not None:
            return (str(day.year),)
        if number is None:
            return (value.strip().casefold(),)
        value = number
    # Whatever separates thousands, the last three digits of the whole stand together.
    return (str(abs(int(value)))[-3:] if abs(value) < 1e15 else "",)


def is_told(value: Any, parts: Iterable[Part]) -> bool:
    """Return whether ``value`` stands in one of ``parts``, or its words or its date do."""
    parts = list(parts)
    if any(_has(part, value) for part in _likely(parts, value)):
        return True
    date = _date_in(value)
    if date is not None and any(_date_is_told(date, part) for part in parts):
        return True
    words = words_of(value)
    return bool(words) and all(any(holds(part, word) for part in parts) for word in words)


def gives(part: Part, value: Any) -> bool:
    """Return whether ``value`` stands in a part, or the day and month of its date do."""
    if holds(part, value):
        return True
    date = _date_in(value)
    return date is not None and _date_is_told(date, part)


def _date_in(value: Any) -> re.Match[str] | None:
    return _DATE.fullmatch(value.strip()) if isinstance(value, str) else None


def words_of(value: Any) -> list[str]:
    """Return the words of a name of several; empty: it is none, or a date."""
    if not isinstance(value, str) or _DATE.fullmatch(value.strip()):
        return []
    words = [word for word in re.split(r"[\s,/]+", value) if len(word) > 1]
    return words if len(words) > 1 else []


def _date_is_told(date: re.Match[str], part: Part) -> bool:
    """Return whether day and month stand in a part without a year: ``May 20th``, ``5/20``."""
    month, day = int(date[2]), int(date[3])
    if not 1 <= month <= 12:
        return False
    name = _MONTHS[month - 1]
    pattern = re.compile(
        rf"\b(?:{name}|{name[:3]}\.?)\s+(?:the\s+)?0?{day}(?:st|nd|rd|th)?\b"
        rf"|\b0?{day}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{name}|{name[:3]})\b"
        rf"|\b0?{month}/0?{day}\b|\b0?{day}\.\s?0?{month}\."
        rf"|{re.escape(date[1])}-{date[2]}-{date[3]}"
    )
    return pattern.search(part.folded) is not None
