"""One request of http.client as it is assembled: from what the connection sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cassettes.copies import BodyCopy, Dechunker, dechunked
from cassettes.interaction import Interaction, Request
from cassettes.scope import Scope

_BLOCK_BYTES: Final = 65536


class Exchange:
    """One request of a connection, from ``putrequest`` to ``getresponse``."""

    __slots__ = ("_body", "_framing", "interaction", "scope", "sent")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.sent = bytearray()
        """All of it in a replay, where it may have to be sent after all; else the head."""
        self.interaction: Interaction | None = None
        self._body: BodyCopy | None = None
        self._framing: Dechunker | None = None

    def record(self, wire: bytes, limit: int) -> None:
        """Copy what is being sent: the head whole, the body within ``limit``."""
        if self._body is None:
            self.sent += wire
            head, end, wire = bytes(self.sent).partition(b"\r\n\r\n")
            if not end:
                return
            self.sent = bytearray(head + end)
            self._body = BodyCopy(limit)
            if b"\r\ntransfer-encoding: chunked" in head.lower():
                self._framing = Dechunker(self._body)
        (self._framing or self._body).append(wire)

    def request(self, conn: Any) -> Request:
        """Return the request as far as it was sent."""
        head, _, body = bytes(self.sent).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, _, rest = first.partition(" ")
        headers = []
        for line in lines:
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
        request = Request(method, absolute(conn, rest.rpartition(" ")[0]), headers, body)
        if self._body is not None:
            request.sent(self._body)
        elif request.header("transfer-encoding").lower() == "chunked":
            request.sent(dechunked(body))
        return request


def pieces(data: Any) -> Iterator[bytes]:
    """Yield what ``send`` was given as http.client sends it: a file block by block."""
    if isinstance(data, (bytes, bytearray, memoryview)):
        yield bytes(data)
    elif hasattr(data, "read"):
        while block := data.read(_BLOCK_BYTES):
            yield block.encode("iso-8859-1") if isinstance(block, str) else bytes(block)
    else:
        yield from map(bytes, data)


def absolute(conn: Any, url: str) -> str:
    """Return the whole address that ``conn`` asks with ``url``."""
    if "://" in url[:8]:
        return url
    secure = conn.default_port == 443
    host = getattr(conn, "_tunnel_host", None) or conn.host
    port = conn._tunnel_port if getattr(conn, "_tunnel_host", None) else conn.port
    named = f"[{host}]" if ":" in host else host
    suffix = "" if port in (None, 443 if secure else 80) else f":{port}"
    return f"{'https' if secure else 'http'}://{named}{suffix}{url}"
