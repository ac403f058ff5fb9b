"""Values that tell the time at which a piece of work ran.

In a frozen world the clock starts where it stood when the work was recorded, but not every tick is
the recorded one: a tool that writes the time into its answer or its requests writes another moment
of the same few milliseconds. Such a difference is the clock's, not the code's.
"""

from __future__ import annotations

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


def only_moments(differences: Iterable[Difference], start_s: float, end_s: float) -> bool:
    """Whether every difference is that between two moments of the same piece of work."""
    return all(
        tells_moment(one.recorded, start_s, end_s) and tells_moment(one.replayed, start_s, end_s)
        for one in differences
    )


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
