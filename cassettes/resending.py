"""Send a recorded request again, as it was, and return what answers today."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from cassettes.bodies import CODINGS
from cassettes.copies import BODY_BYTES_MAX, within
from cassettes.interaction import Request, Response

_OWN: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect"})
"""Headers that belong to a connection, not to the request; they are made anew."""


def resend(
    request: Request,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 10.0,
    body_bytes_max: int = BODY_BYTES_MAX,
) -> Response:
    """Send ``request`` over a connection of its own; redirects are answers, and not followed.

    ``headers`` stand in the place of the recorded ones of the same name: a key that was masked. Of
    an answer that does not end, the first ``body_bytes_max`` bytes are kept.

    Raises:
        OSError: nobody answers, or not in time.
        http.client.HTTPException: what answers is not HTTP.
        ValueError: the address is none.
    """
    parts = urlsplit(request.uri)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{request.uri!r} is no address to send to.")
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=timeout_s)
    try:
        connection.putrequest(
            request.method,
            f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}",
            skip_accept_encoding=True,
        )
        for name, value in _headers_of(request, headers or {}):
            connection.putheader(name, value)
        if request.body:
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body or None)
        return _read(connection.getresponse(), body_bytes_max)
    finally:
        connection.close()


def _headers_of(request: Request, given: Mapping[str, str]) -> list[tuple[str, str]]:
    replaced = {name.lower() for name in given}
    found = []
    for name, value in request.headers:
        lower = name.lower()
        if lower in _OWN or lower in replaced or name.startswith(":"):
            continue
        # Only what we can unpack here: the answers are to be compared.
        found.append((name, "gzip, deflate" if lower == "accept-encoding" else value))
    return [*found, *given.items()]


def _read(answer: http.client.HTTPResponse, limit: int) -> Response:
    body, cut = within(answer.read(limit + 1), limit)
    response = Response(
        answer.status, answer.reason or "", "HTTP/1.1", list(answer.headers.items()), body
    )
    response.cut = cut
    if cut is None and response.header("content-encoding").lower() in CODINGS:
        response.body = response.plain_body()
        response.packed_as = response.header("content-encoding").lower()
    return response
