"""Times as files spell them, to the one spelling of the records: UTC, ISO 8601, microseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from replay.records import JsonValue

UNKNOWN_TIME: Final = "1970-01-01T00:00:00.000000Z"
"""Where a file says no time. A constant: two imports of one file must be the same."""

_SHORT_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?")


def utc(value: JsonValue) -> str | None:
    """Return ``value`` in UTC, or None when it is no time.

    Takes ISO 8601 text (a year or a month alone is its first moment; without an offset it is
    taken as UTC) and seconds or milliseconds since 1970.
    """
    try:
        if isinstance(value, str):
            return _spelled(_from_text(value))
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 1e8:
            seconds = value / 1000 if value > 1e11 else value
            return _spelled(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _from_text(text: str) -> datetime:
    short = _SHORT_DATE.fullmatch(text.strip())
    if short:
        return datetime(int(short[1]), int(short[2] or 1), 1, tzinfo=UTC)
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _spelled(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "Z"


def utc_ns(time_ns: int) -> str:
    """Return nanoseconds since 1970 in the records' spelling."""
    return _spelled(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=time_ns // 1000))


def ns_of(value: JsonValue) -> int | None:
    """Return a time as files spell it in nanoseconds since 1970, or None when it is no time."""
    text = utc(value)
    if text is None:
        return None
    moment = datetime.fromisoformat(text.removesuffix("Z") + "+00:00")
    since = moment - datetime.fromtimestamp(0, UTC)
    return (since // timedelta(microseconds=1)) * 1000
