"""Values that tell the time at which a piece of work ran.

In a frozen world the clock starts where it stood when the work was recorded, but not every tick is
the recorded one: a tool that writes the time into its answer or its requests writes another moment
of the same few milliseconds. Such a difference is the clock's, not the code's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from cassettes.interaction import Interaction, Request, canonical_uri
from cassettes.matching import Difference, compare_requests

_SLACK_S: Final = 1.0
"""Texts often tell whole seconds only."""

_UNITS: Final = ((1e9, 1e11, 1.0), (1e12, 1e14, 1e3), (1e15, 1e17, 1e6), (1e18, 1e20, 1e9))
"""From which number to which one it may be a time, and how many make a second: epoch seconds,
milli-, micro- and nanoseconds, each from 2001 on."""

_ZONE_STEP_S: Final = 900.0
_ZONE_MAX_S: Final = 14 * 3600.0
"""Zones are at most 14 hours from UTC, in quarters of an hour."""


def tells_moment(value: Any, start_s: float, end_s: float) -> bool:
    """Whether ``value`` tells a time between the two, given in UTC epoch seconds.

    Epoch numbers (also as texts), ISO 8601 and the dates of HTTP and mail. A time without a zone
    may be of any.
    """
    if isinstance(value, str):
        return _text_tells(value, start_s, end_s)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return any(
        low <= value < high and _is_within(value / unit, start_s, end_s)
        for low, high, unit in _UNITS
    )


def tell_one_moment(recorded: Any, replayed: Any, start_s: float, end_s: float) -> bool:
    """Whether both tell a time between the two, and tell it in one form.

    Seconds that became milliseconds, or a time that lost its zone, are no doing of a clock. Which
    zone it is, is the machine's.
    """
    sides = (recorded, replayed)
    return all(tells_moment(side, start_s, end_s) for side in sides) and (
        _form(recorded) == _form(replayed)
    )


_DRIFT_S_MAX: Final = 0.25
"""A replay's clock follows the recorded answers: between two of them only work of the processor's
own is left. A change of the code by less is taken for the clock's, one by a second never."""
_EDGE_S: Final = 0.002
"""A recorded call's end is noted a little after its tool's."""
_MOMENT: Final = re.compile(
    r"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2}\b)?"
)


_ZONE: Final = re.compile(r"[+-]\d{2}:?\d{2}$")


def same_reckoning(recorded: Any, replayed: Any, start_s: float, end_s: float) -> bool:
    """Whether both tell what was reckoned from the clock of one piece of work: in an hour, say.

    Then they are as far apart as two of its moments: at most a quarter of a second, and no longer
    than it took (it ran from ``start_s`` to ``end_s``, UTC epoch seconds). Texts may tell moments
    among other words, which are the same in both.
    """
    took_s = end_s - start_s
    if isinstance(recorded, str) and isinstance(replayed, str):
        if _parsed(recorded) is None or _parsed(replayed) is None:
            return _same_words(recorded, replayed, start_s, end_s)
        if _layout(recorded) != _layout(replayed):
            return False
        return _reckoned(_reading(recorded), _reading(replayed), start_s, took_s)
    if type(recorded) is not type(replayed) or not isinstance(recorded, int | float):
        return False
    return any(
        all(low <= one < high for one in (recorded, replayed))
        and _reckoned(_counted(recorded, unit), _counted(replayed, unit), start_s, took_s)
        for low, high, unit in _UNITS
    )


_AT_THE_END: Final = re.compile(r"(?:Z|GMT|UTC|[+-]\d{2}:?\d{2})$")
_WRITTEN: Final = ((re.compile(r"[.,]\d+"), ""), (re.compile(r"[A-Za-z]+"), "a"))
"""Not at every moment is there a fraction, and months have names."""


def _form(value: Any) -> tuple[str, object]:
    """Return how a moment is told: as which type, in which unit, or in what layout."""
    if not isinstance(value, str):
        return type(value).__name__, _unit_of(value)
    if value.replace(".", "", 1).isdigit():
        return ("text of a float" if "." in value else "text of an int"), _unit_of(float(value))
    written = _AT_THE_END.sub("+00:00", value)
    for pattern, plain in _WRITTEN:
        written = pattern.sub(plain, written)
    return "text", re.sub(r"\d", "0", written)


def _unit_of(value: float) -> float | None:
    return next((unit for low, high, unit in _UNITS if low <= value < high), None)


def _layout(text: str) -> str:
    """Return how a moment is written, with its zone: two zones of one moment are two texts."""
    zone = _ZONE.search(text)
    written = text[: zone.start()] if zone else text
    return re.sub(r"\d", "0", re.sub(r"[.,]\d+", "", written)) + (zone[0] if zone else "")


def _same_words(recorded: str, replayed: str, start_s: float, end_s: float) -> bool:
    old, new = _MOMENT.findall(recorded), _MOMENT.findall(replayed)
    if not old or len(old) != len(new) or _MOMENT.split(recorded) != _MOMENT.split(replayed):
        return False
    return all(
        one == other
        or tell_one_moment(one, other, start_s, end_s)
        or same_reckoning(one, other, start_s, end_s)
        for one, other in zip(old, new, strict=True)
    )


def _reckoned(
    recorded: tuple[float, float], replayed: tuple[float, float], start_s: float, took_s: float
) -> bool:
    """Whether two moments, each with the step in which it is told, are two readings of one."""
    (old_s, step_s), (new_s, _) = recorded, replayed
    apart_s = abs(old_s - new_s)
    if apart_s <= min(took_s + _EDGE_S, _DRIFT_S_MAX):
        return True
    # Told in whole seconds or minutes, a millisecond may be the one that makes it the next.
    turns = (start_s + took_s + _EDGE_S) // step_s != start_s // step_s if step_s else False
    return turns and apart_s == step_s and took_s <= _DRIFT_S_MAX


def _reading(text: str) -> tuple[float, float]:
    moment = _parsed(text)
    assert moment is not None
    in_utc = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    if moment.microsecond:
        return in_utc.timestamp(), 0.0
    return in_utc.timestamp(), 60.0 if text.count(":") == 1 else 1.0


def _counted(value: float, unit: float) -> tuple[float, float]:
    return value / unit, 1.0 if isinstance(value, int) and unit == 1.0 else 0.0


def only_moments(differences: Iterable[Difference], start_s: float, end_s: float) -> bool:
    """Whether every difference is that between two moments of the same piece of work."""
    return all(tell_one_moment(one.recorded, one.replayed, start_s, end_s) for one in differences)


def asks_at_another_moment(recorded: Interaction, asked: Request, at: float) -> bool:
    """Whether ``asked`` is what was recorded, but for the time that it tells.

    ``at`` is when the work started, in UTC epoch seconds.
    """
    old = recorded.request
    if old.method.upper() != asked.method.upper() or _path(old) != _path(asked):
        return False
    differences = compare_requests(old, asked)
    return bool(differences) and only_moments(differences, at, at + recorded.ended_ms / 1000)


def _path(request: Request) -> str:
    return canonical_uri(request.uri).partition("?")[0]


def _text_tells(text: str, start_s: float, end_s: float) -> bool:
    if not 10 <= len(text) <= 40:
        return False
    if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit():
        return tells_moment(float(text), start_s, end_s)
    moment = _parsed(text)
    if moment is None:
        return False
    if moment.tzinfo is not None:
        return _is_within(moment.timestamp(), start_s, end_s)
    apart_s = moment.replace(tzinfo=UTC).timestamp() - start_s
    zone_s = round(apart_s / _ZONE_STEP_S) * _ZONE_STEP_S
    return abs(zone_s) <= _ZONE_MAX_S and _is_within(start_s + apart_s - zone_s, start_s, end_s)


def _parsed(text: str) -> datetime | None:
    if ":" not in text and "T" not in text:
        return None  # a date alone tells no moment
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    from email.utils import parsedate_to_datetime  # as long to load as all else here together

    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None


def _is_within(moment_s: float, start_s: float, end_s: float) -> bool:
    return start_s - _SLACK_S <= moment_s <= end_s + _SLACK_S
