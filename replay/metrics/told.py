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
from typing import Any, Final, Literal, TypeAlias

from replay.verdicts.origins import Source, TooCommonError, origins

SMALL_NUMBER_MAX: Final = 10
WORDS_MAX: Final = 3
CHARS_MAX: Final = 60

Left: TypeAlias = Literal["common", "composed"]
"""Why a value is not looked for: it says nothing, or the model wrote a text of its own."""

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
    folded: str
    """Its text in small letters: most values are not in it, which is quickly seen."""
    is_whole: bool
    """False: values may be spelled otherwise in ``folded``, so its not having one says nothing."""


def part_of(value: Any) -> Part:
    """Return a message, a response or a definition as a part to look into."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Part(Source(0, "prompt", value), text.casefold(), "\\" not in text)


def holds(part: Part, value: Any) -> bool:
    """Return whether ``value`` stands in a part."""
    if part.is_whole and not any(one in part.folded for one in _spellings(value)):
        return False
    try:
        return bool(origins(value, [part.source]))
    except TooCommonError:
        return True


def _spellings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value.strip().casefold()]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return [str(value).casefold(), f"{value:,}", json.dumps(value)]


def is_told(value: Any, parts: Iterable[Part]) -> bool:
    """Return whether ``value`` stands in one of ``parts``, or its words or its date do."""
    parts = list(parts)
    if any(holds(part, value) for part in parts):
        return True
    if not isinstance(value, str):
        return False
    date = _DATE.fullmatch(value.strip())
    if date is not None:
        return _date_is_told(date, parts)
    number = _number(value)
    if number is not None:
        return any(holds(part, number) for part in parts)
    words = [word for word in re.split(r"[\s,/]+", value) if len(word) > 1]
    return len(words) > 1 and all(any(holds(part, word) for part in parts) for word in words)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number - number == 0 else None


def _date_is_told(date: re.Match[str], parts: list[Part]) -> bool:
    """Return whether day and month stand in one part: ``May 20th``, ``20 May``, ``5/20``."""
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
    return any(pattern.search(part.folded) for part in parts)
