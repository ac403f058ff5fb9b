"""Texts and numbers of a JSON Schema, as hypothesis draws them."""

from __future__ import annotations

import math
import re
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from replay.records import JsonObject, JsonValue

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_LETTERS: Final = (
    "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 -_./:,;'\"\\\n\t\x00\x7f<>{}%$"
    "äßéİ漢字ا🙂\u200d\ufeff"
)
"""Of texts: few, for whoever reads an example, and of every kind that is ever read wrongly."""
_NUMBER: Final = 1_000_000


def any_json() -> SearchStrategy[Any]:
    """Return a strategy for small JSON values of every kind."""
    from hypothesis import strategies as st

    plain = st.none() | st.booleans() | st.integers(-_NUMBER, _NUMBER) | numbers({}) | text()
    return st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text(1), inner, max_size=3),
        max_leaves=5,
    )


def text(size_min: int = 0, size_max: int | None = None) -> SearchStrategy[str]:
    """Return a strategy for texts of these lengths; None: somewhat more than the least."""
    from hypothesis import strategies as st

    most = max(size_min + 8, 12) if size_max is None else size_max
    return st.text(_LETTERS, min_size=size_min, max_size=max(most, size_min))


def is_regex(pattern: str) -> bool:
    """Return whether texts can be drawn from a pattern."""
    try:
        re.compile(pattern)
    except re.error:
        return False  # ECMAScript's: nothing here can draw from it
    return True


def texts(schema: JsonObject) -> SearchStrategy[Any]:
    """Return a strategy for the texts of a schema: its pattern, else its format, else any."""
    from hypothesis import strategies as st

    least, most = schema.get("minLength", 0), schema.get("maxLength")
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and is_regex(pattern):
        found = st.from_regex(pattern)
        fits = least > 0 or most is not None
        return found.filter(lambda t: least <= len(t) <= (most or len(t))) if fits else found
    formatted = _formats().get(schema.get("format", ""))
    return text(least, most) if formatted is None else formatted


def _formats() -> dict[str, SearchStrategy[str]]:
    from hypothesis import strategies as st

    words = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
    hosts = words.map(lambda word: f"{word}.example.com")
    return {
        "date": st.dates().map(lambda day: day.isoformat()),
        "date-time": st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
        "time": st.times().map(lambda time: f"{time.isoformat()}Z"),
        "duration": st.integers(0, 1000).map(lambda days: f"P{days}D"),
        "email": words.map(lambda word: f"{word}@example.com"),
        "hostname": hosts,
        "uri": hosts.map(lambda host: f"https://{host}/"),
        "url": hosts.map(lambda host: f"https://{host}/"),
        "uuid": st.uuids().map(str),
        "ipv4": st.ip_addresses(v=4).map(str),
        "ipv6": st.ip_addresses(v=6).map(str),
    }


def _limits(schema: JsonObject) -> tuple[float | None, float | None, bool, bool]:
    """Return the lowest and highest number, and whether each is excluded (draft 4 too)."""
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    no_low, no_high = above is True, below is True
    if _is_number(above) and (low is None or above >= low):
        low, no_low = above, True
    if _is_number(below) and (high is None or below <= high):
        high, no_high = below, True
    return low, high, no_low, no_high


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def integers(schema: JsonObject) -> SearchStrategy[Any]:
    """Return a strategy for the integers of a schema."""
    from hypothesis import strategies as st

    low, high, no_low, no_high = _limits(schema)
    least = -_NUMBER if low is None else math.floor(low) + 1 if no_low else math.ceil(low)
    most = _NUMBER if high is None else math.ceil(high) - 1 if no_high else math.floor(high)
    least = least if low is not None else min(least, most)
    most = most if high is not None else max(least, most)
    step = schema.get("multipleOf")
    if least > most:
        return st.nothing()
    if isinstance(step, int) and step > 0:
        first, last = -(-least // step), most // step
        return st.nothing() if first > last else st.integers(first, last).map(lambda n: n * step)
    return st.integers(least, most)


def numbers(schema: JsonObject) -> SearchStrategy[Any]:
    """Return a strategy for the numbers of a schema, whole ones among them."""
    from hypothesis import strategies as st

    low, high, no_low, no_high = _limits(schema)
    whole = integers(schema)
    step: Any = schema.get("multipleOf")
    if _is_number(step) and step > 0:
        if isinstance(step, int):
            return whole
        first = math.ceil((-_NUMBER if low is None else low) / step)
        last = math.floor((_NUMBER if high is None else high) / step)
        return st.integers(first, max(first, last)).map(lambda number: number * step)
    least = -float(_NUMBER) if low is None else float(low)
    most = float(_NUMBER) if high is None else float(high)
    if low is None:
        least = min(least, most - 1)
    if high is None:
        most = max(most, least + 1)
    if least > most:
        return st.nothing()
    parts = st.floats(least, most, allow_nan=False).filter(
        lambda number: not (no_low and number <= least) and not (no_high and number >= most)
    )
    return whole | parts
