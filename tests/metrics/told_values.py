"""Where values stand, by a second definition: plain words, numbers and days.

Nothing here is what `replay.metrics` looks values up with.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

MONTHS = "january february march april may june july august september october november december"
NUMBER = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?!\w|\.\d)")
ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ].*)?", re.DOTALL)
NAME = "|".join(f"{month}|{month[:3]}" for month in MONTHS.split())
DAYS = re.compile(
    r"(?P<y1>\d{4})-(?P<m1>\d\d)-(?P<d1>\d\d)"
    rf"|\b(?P<n2>{NAME})t?\.?\s+(?:the\s+)?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s*(?P<y2>\d{{4}}))?"
    rf"|\b(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<n3>{NAME})t?\b(?:,?\s*(?P<y3>\d{{4}}))?"
    r"|\b(?P<m4>\d{1,2})/(?P<d4>\d{1,2})(?:/(?P<y4>\d{4}))?\b"
)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give each innermost value with its path, a list's places being ``[*]``."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[*]")
    else:
        yield path, value


def says_nothing(value: Any) -> bool:
    """Return whether a value is too common to be looked for."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str) and len(value.strip()) < 2:
        return True
    try:
        number = float(value)
    except ValueError:
        return False
    is_written_so = not isinstance(value, str) or re.fullmatch(r"-?\d+(\.0+)?", value.strip())
    return bool(is_written_so) and number == int(number) and -10 <= number <= 10


def is_prose(value: Any) -> bool:
    """Return whether a value is a text of the model's own."""
    return isinstance(value, str) and (len(value.split()) > 3 or len(value.strip()) > 60)


def values_in(value: Any) -> Iterator[Any]:
    """Give each value that a message says; JSON in texts is looked into."""
    for _, leaf in leaves(value):
        inner = None
        if isinstance(leaf, str) and leaf[:1] in ("{", "["):
            try:
                inner = json.loads(leaf)
            except ValueError:
                inner = None
        if inner is not None:
            yield from values_in(inner)
        elif leaf is not None and not isinstance(leaf, bool):
            yield leaf


class Said:
    """What one message says."""

    def __init__(self, value: Any) -> None:
        values = list(values_in(value))
        self.text = "\n".join(one for one in values if isinstance(one, str)).casefold()
        self.numbers = {float(one.replace(",", "")) for one in NUMBER.findall(self.text)}
        self.numbers |= {float(one) for one in values if not isinstance(one, str)}
        self.days = set(_days(self.text))

    def has(self, value: Any) -> bool:
        """Return whether the value stands here, as a word, a number or a day."""
        if isinstance(value, int | float):
            return any(math.isclose(value, one, rel_tol=1e-9) for one in self.numbers)
        text = value.strip().casefold()
        if _has_words(self.text, text):
            return True
        if (day := ISO.fullmatch(value.strip())) is not None:
            year, month, number = map(int, day.groups())
            return bool({(year, month, number), (None, month, number)} & self.days)
        if re.fullmatch(r"[$€]?-?(?!0\d)\d[\d,]*(\.\d+)?", text):
            return float(re.sub("[$€,]", "", text)) in self.numbers
        return False


def _has_words(text: str, wanted: str) -> bool:
    if wanted not in text:
        return False
    return re.search(rf"(?<![\w.]){re.escape(wanted)}(?!\w|\.\d)", text) is not None


def _days(text: str) -> Iterator[tuple[int | None, int, int]]:
    names = MONTHS.split()
    for found in DAYS.finditer(text):
        one = found.groupdict()
        for way in "1234":
            day = one.get(f"d{way}")
            if day is None:
                continue
            name, month = one.get(f"n{way}"), one.get(f"m{way}")
            if name is not None:
                fitting = [at for at, full in enumerate(names, 1) if name in (full, full[:3])]
                month = str(fitting[0]) if fitting else None
            if month is not None:
                year = one.get(f"y{way}")
                yield (None if year is None else int(year)), int(month), int(day)


@lru_cache(maxsize=100_000)
def said(text: str) -> Said:
    """Return what the JSON of a message says."""
    return Said(json.loads(text))


def is_own(message: Any) -> bool:
    """Return whether the model itself said it."""
    own = ("function_call", "custom_tool_call", "reasoning")
    return isinstance(message, dict) and (
        message.get("role") == "assistant" or message.get("type") in own
    )


def is_answer(message: Any) -> bool:
    """Return whether a message tells what a tool answered."""
    return isinstance(message, dict) and (
        message.get("role") == "tool"
        or str(message.get("type", "")).endswith("_output")
        or "tool_result"
        in [one.get("type") for one in message.get("content") or () if isinstance(one, dict)]
    )


def told_to(model: dict[str, Any]) -> list[Said]:
    """Return what a model was told before it answered."""
    messages = [one for one in model["messages"] if not is_own(one)]
    return [said(json.dumps(one)) for one in [*messages, *model["tools"]]]


def was_told(value: Any, parts: Iterable[Said]) -> bool:
    """Return whether a value stands in what was told, whole or word by word."""
    parts = list(parts)
    if any(part.has(value) for part in parts):
        return True
    words = words_of(value)
    return bool(words) and all(any(part.has(word) for part in parts) for word in words)


def words_of(value: Any) -> list[str]:
    """Return the words of a name of several words; empty: it is none."""
    if not isinstance(value, str) or ISO.fullmatch(value.strip()):
        return []
    words = [word for word in re.split(r"[\s,/]+", value) if len(word) > 1]
    return words if len(words) > 1 else []
