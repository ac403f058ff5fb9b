"""Requests as findings name them: ``GET http://127.0.0.1:8000/orders/A1`` is ``GET /orders/*``.

What varies from call to call is taken out, so that one change of the code is one finding: segments
that look like ids, segments that are one of the call's own arguments, query strings and ports.
Words stay, and so do versions (``/v2``): other endpoints are other findings.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final
from urllib.parse import unquote

from replay.records import CallVerdict, InteractionChange, JsonValue
from replay.verdicts.paths import is_id_key

_VERSION: Final = re.compile(r"v\d+([._-]?\d+)*((alpha|beta|rc)\d*)?", re.I)
"""``/v2/``, ``/v1beta1/``: what an address says of its interface."""

_ID_SEGMENT: Final = re.compile(
    r"(?=.*\d)[A-Z0-9_.:-]{2,}"  # A1, R-A2
    r"|[A-Za-z]+([_-][A-Za-z]+)*[_-](?=\w*\d)\w+"  # ord_8f2, item-7
    r"|(?=.*\d[A-Za-z]+\d)[A-Za-z0-9]{6,}"  # 5f3a9c, 1k2j3h
)

_FILE: Final = re.compile(r"(?P<stem>.+)\.(?P<kind>[A-Za-z]{1,5})")
_PORT: Final = re.compile(r":\d+$")


def general_request(request: str, arguments: Collection[str] = ()) -> str:
    """Return ``request`` without what varies: ``GET http://api.example.com/orders/*``.

    ``arguments`` are the values that the call was given: a segment that is one of them is a
    wildcard too, but for the first, which names what is asked for.
    """
    method, origin, segments = _parts(request)
    general: list[str] = []
    for segment in segments:
        named = any(not _VERSION.fullmatch(before) for before in general)
        is_argument = named and unquote(segment) in arguments
        general.append("*" if is_argument else _general_segment(segment))
    return f"{method} {_PORT.sub(':*', origin)}{'/'.join(['', *general]) if segments else ''}"


def short_request(request: str) -> str:
    """Return a generalised request without its host: ``GET /orders/*``."""
    method, origin, segments = _parts(request)
    if not origin.startswith(("http://", "https://")):
        return request
    return f"{method} /{'/'.join(segments)}"


def argument_values(verdict: CallVerdict) -> frozenset[str]:
    """Return the single values that the call was given, as an address spells them."""
    payload = verdict.replayed.payload if verdict.replayed else None
    return frozenset(_single_values(payload))


def is_miss(change: InteractionChange) -> bool:
    """Return whether no cassette answered the request."""
    return change.change == "unanswered"


def has_miss(changes: Iterable[InteractionChange]) -> bool:
    """Return whether one of ``changes`` is a request that no cassette answered."""
    return any(is_miss(change) for change in changes)


def is_changed_request(change: InteractionChange) -> bool:
    """Return whether a recorded request is known to be sent otherwise, or more often."""
    return change.field is not None and change.change in ("changed", "unanswered")


def _single_values(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for child in value:
            yield from _single_values(child)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
        yield str(value)


def _parts(request: str) -> tuple[str, str, list[str]]:
    method, _, uri = request.partition(" ")
    uri = uri.split("?", 1)[0].split("#", 1)[0]
    scheme, separator, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    origin = f"{scheme}{separator}{host}"
    return method, origin, path.split("/") if slash else []


def _general_segment(segment: str) -> str:
    plain = unquote(segment)
    if _VERSION.fullmatch(plain):
        return segment
    if is_id_key(plain) or _ID_SEGMENT.fullmatch(plain):
        return "*"
    file = _FILE.fullmatch(plain)
    if file is not None and (is_id_key(file["stem"]) or _ID_SEGMENT.fullmatch(file["stem"])):
        return f"*.{file['kind']}"
    return segment
