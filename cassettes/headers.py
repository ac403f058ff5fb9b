"""Headers that mean something to the other side, compared.

Requests are matched without their headers: clients add their own, and many carry times and ids.
But a tenant, an idempotency key or a credential that is no longer sent is another request all the
same. So those that an application sets on purpose are compared once a request has its answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cassettes.interaction import Request
from cassettes.matching import Difference
from cassettes.placeholders import PLACEHOLDER

_BY_PRESENCE: Final = frozenset(
    ("authorization", "proxy-authorization", "idempotency-key", "x-api-key", "x-idempotency-key")
)
"""Their values are secret, or made anew for each request: whether they are sent is what counts."""

_BY_VALUE: Final = frozenset(
    ("accept-language", "if-match", "if-none-match", "prefer", "range", "x-http-method-override")
)

_OWN: Final = re.compile(
    r"x-[a-z0-9-]+"
    r"|(?:[a-z0-9]+-)*(?:tenant|account|organi[sz]ation|project|workspace|region|api-version)"
)
"""Names that applications make up, or set to say whom they ask for."""

_OF_ANY_CLIENT: Final = frozenset(("*/*", "application/json", "application/json, text/plain, */*"))
"""What clients say in ``Accept`` by themselves; the media type of an API is said on purpose."""

_MADE_ANEW: Final = re.compile(
    r"x-(?:.*(?:request|correlation|trace|span|session|transaction)-?id|trace.*|b3-.*|amz-.*"
    r"|amzn-.*|goog-.*|ms-.*|cloud-trace-.*|datadog-.*|sentry-.*|stainless-.*|forwarded-.*"
    r"|real-ip|.*(?:date|time|timestamp|nonce|signature|token|secret|client|version|retry).*)"
)
"""Such names whose values differ from request to request, or with the client's version."""


def compare_headers(recorded: Request, asked: Request) -> Iterator[Difference]:
    """Give the headers that an application sets on purpose, and that differ.

    None where the recording kept no headers at all. Names in any case; what one side masks is
    taken for equal.
    """
    if not recorded.headers:
        return
    old, new = _told(recorded), _told(asked)
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        is_masked = PLACEHOLDER.search(before or "") or PLACEHOLDER.search(after or "")
        if before == after or (is_masked and before and after):
            continue
        if name == "content-type" and (before is None or after is None):
            continue  # a client's own doing; what it says of the body is seen in the body
        yield Difference(f"headers.{name}", before, after)


def _told(request: Request) -> dict[str, str]:
    told: dict[str, str] = {}
    for line, value in request.headers:
        name = line.lower()
        if name in _BY_PRESENCE:
            told[name] = "(sent)"
        elif name == "content-type":
            told[name] = value.partition(";")[0].strip().lower()
        elif name == "accept":
            if value not in _OF_ANY_CLIENT:
                told[name] = value
        elif name in _BY_VALUE or (_OWN.fullmatch(name) and not _MADE_ANEW.fullmatch(name)):
            told[name] = f"{told[name]}, {value}" if name in told else value
    return told
