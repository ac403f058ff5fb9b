"""Times as the tables keep them: microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WITHOUT_ZONE: Final = datetime(1970, 1, 1)  # noqa: DTZ001 -- isoformat adds no offset to it
_MICROSECOND: Final = timedelta(microseconds=1)


def microseconds(text: str) -> int:
    """Return the microseconds of an ISO 8601 time; one without a zone is UTC.

    Raises:
        ValueError: ``text`` is no such time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def now_text() -> str:
    """Return this moment in the records' form."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def iso_text(moment_us: int) -> str:
    """Return the records' form of a time: ``2026-11-21T09:00:00.000000Z``."""
    moment = _EPOCH_WITHOUT_ZONE + timedelta(microseconds=moment_us)
    return moment.isoformat(timespec="microseconds") + "Z"
