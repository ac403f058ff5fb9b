"""One question to the outside world and its answer, in memory and as JSON.

In memory everything is as the client had it: wire bytes, header pairs in order. The JSON form is
plain, readable and stable: ``from_json(to_json(x)).to_json() == to_json(x)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit

from cassettes.bodies import (
    body_from_json,
    body_to_json,
    canonical_body,
    pack,
    response_body_from_json,
    unpack,
)
from cassettes.copies import BodyCopy, Cut, body_hash, within
from cassettes.errors import InteractionFormatError
from cassettes.failures import Failure

Pairs: TypeAlias = list[tuple[str, str]]
"""Header lines in order, as name and value."""

Key: TypeAlias = tuple[str, str, bytes]
"""What requests are matched by: method, canonical URI, canonical body."""

_PORTS = {"http": 80, "https": 443}
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)
class Request:
    """What was asked. For ``@external`` the method is ``CALL`` and the URI ``external://name``."""

    method: str
    uri: str
    headers: Pairs = field(default_factory=list)
    body: bytes = b""
    cut: Cut | None = None
    """Set where the body was over the limit of its cassette: ``body`` is its first bytes."""

    @property
    def line(self) -> str:
        """The request in one line: ``POST https://api.example.com/refunds``."""
        return f"{self.method} {self.uri}"

    @property
    def is_write(self) -> bool:
        """Whether it may change something: by its method, or by what ``@external`` says of it."""
        if self.method == "CALL":
            return self.header("x-effect") == "write"
        return self.method.upper() not in _READS

    def header(self, name: str) -> str:
        """Return the first header called ``name`` in any case, or ""."""
        return _header(self.headers, name)

    def key(self) -> Key:
        """Return what this request is matched by. Headers do not count."""
        if self.cut is not None:
            return self.hash_key()
        body = self.body
        canonical = canonical_body(body, self.header("content-type")) if body else b""
        return (self.method.upper(), canonical_uri(self.uri), canonical)

    def hash_key(self) -> Key:
        """Return what this request is matched by where only the hash of its body was kept."""
        known = self.cut.hash if self.cut is not None else body_hash(self.body)
        return (self.method.upper(), canonical_uri(self.uri), known.encode())

    def sent(self, copy: BodyCopy) -> None:
        """Take over what was sent."""
        self.body, self.cut = copy.take()


@dataclass(slots=True)
class Response:
    """What came back. A compressed body stays so, unless ``packed_as`` says it was unpacked."""

    status: int
    reason: str = ""
    http_version: str = "HTTP/1.1"
    headers: Pairs = field(default_factory=list)
    body: bytes = b""
    closed_early: bool = False
    """True when the application closed the response before its end: the body is what it saw."""
    packed_as: str = ""
    """Set where ``body`` is unpacked already: the content encoding it had on the wire."""
    cut: Cut | None = None
    """Set where the body was over the limit of its cassette: ``body`` is its first bytes, and the
    response is never played."""

    def wire_body(self) -> bytes:
        """Return the body as it was on the wire."""
        return pack(self.body, self.packed_as) if self.packed_as else self.body

    def plain_body(self) -> bytes:
        """Return the body without its content encoding, where that can be undone."""
        coding = self.header("content-encoding").strip().lower()
        if self.packed_as or not coding:
            return self.body
        plain = unpack(self.body, coding)
        return self.body if plain is None else plain

    def header(self, name: str) -> str:
        """Return the first header called ``name`` in any case, or ""."""
        return _header(self.headers, name)


@dataclass(slots=True)
class Interaction:
    """A request with its response, its failure, or both (a response that broke off)."""

    request: Request
    response: Response | None = None
    failure: Failure | None = None
    sequence: int = 0
    """Place among the cassette's requests by their start, from 0."""
    via: str = ""
    """The client library that asked: ``httpx``, ``urllib3``, ..., ``external``."""
    offset_ms: float = 0.0
    """Start, from the moment the cassette was entered."""
    duration_ms: float = 0.0
    """Until the body was read to its end, closed, or broken off."""
    head_ms: float | None = None
    """Until the response began; None where that was not seen apart from its end."""

    @property
    def ended_ms(self) -> float:
        """The end, from the moment the cassette was entered."""
        return self.offset_ms + self.duration_ms

    @property
    def answered_at_ms(self) -> float:
        """When the response began, from the moment the cassette was entered."""
        return self.ended_ms if self.head_ms is None else self.offset_ms + self.head_ms

    @property
    def is_cut(self) -> bool:
        """Whether one of its bodies was over the limit of its cassette."""
        response = self.response
        return self.request.cut is not None or (response is not None and response.cut is not None)

    def keep_within(self, limit: int) -> None:
        """Cut bodies over ``limit`` bytes that no copy has cut already."""
        for part in (self.request, self.response):
            if part is not None and part.cut is None and len(part.body) > limit:
                part.body, part.cut = within(part.body, limit)

    @property
    def protocol(self) -> str:
        """``http`` or ``external``."""
        return "external" if self.request.method == "CALL" else "http"

    def to_json(self) -> dict[str, Any]:
        """Return the interaction as plain JSON values."""
        request, response = self.request, self.response
        return {
            "protocol": self.protocol,
            "via": self.via,
            "sequence": self.sequence,
            "offset_ms": self.offset_ms,
            "duration_ms": self.duration_ms,
            "head_ms": self.head_ms,
            "request": {
                "method": request.method,
                "uri": request.uri,
                "headers": _grouped(request.headers),
                "body": body_to_json(request.body, cut=request.cut),
            },
            "response": None if response is None else _response_to_json(response),
            "failure": None if self.failure is None else self.failure.to_json(),
        }

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Interaction:
        """Return the interaction that ``form`` describes.

        Raises:
            InteractionFormatError: A field is missing or of the wrong kind.
        """
        try:
            request, response, failure = form["request"], form["response"], form["failure"]
            return cls(
                request=Request(
                    str(request["method"]),
                    str(request["uri"]),
                    _pairs(request["headers"]),
                    body_from_json(request["body"]),
                    _cut(request["body"]),
                ),
                response=None if response is None else _response_from_json(response),
                failure=None if failure is None else Failure.from_json(failure),
                sequence=int(form["sequence"]),
                via=str(form["via"]),
                offset_ms=float(form["offset_ms"]),
                duration_ms=float(form["duration_ms"]),
                head_ms=None if form.get("head_ms") is None else float(form["head_ms"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InteractionFormatError(
                f"This is not an interaction: {type(error).__name__} {error}. "
                "Expected the fields request, response, failure, sequence, via, offset_ms and "
                "duration_ms, as Interaction.to_json writes them."
            ) from error


def _response_to_json(response: Response) -> dict[str, Any]:
    return {
        "status": response.status,
        "reason": response.reason,
        "http_version": response.http_version,
        "headers": _grouped(response.headers),
        "body": _body_of(response),
        "closed_early": response.closed_early,
    }


def _cut(body: Any) -> Cut | None:
    return None if body is None else Cut.from_json(body.get("cut"))


def _body_of(response: Response) -> dict[str, Any] | None:
    if response.cut is not None:
        return body_to_json(response.body, cut=response.cut)
    if response.packed_as and response.body:
        return {**(body_to_json(response.body) or {}), "encoding": response.packed_as}
    return body_to_json(response.body, response.header("content-encoding"))


def _response_from_json(form: Mapping[str, Any]) -> Response:
    body, packed_as = response_body_from_json(form["body"])
    return Response(
        status=int(form["status"]),
        reason=str(form["reason"]),
        http_version=str(form["http_version"]),
        headers=_pairs(form["headers"]),
        body=body,
        closed_early=bool(form["closed_early"]),
        packed_as=packed_as,
        cut=_cut(form["body"]),
    )


def header_bytes(text: str) -> bytes:
    """Return a header's name or value as it was on the wire; here each of its bytes is a letter."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


def _header(headers: Pairs, name: str) -> str:
    for key, value in headers:
        if key.lower() == name:
            return value
    return ""


def _grouped(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name, []).append(value)
    return grouped


def _pairs(headers: Mapping[str, Any]) -> Pairs:
    return [(str(name), str(value)) for name, values in headers.items() for value in values]


@lru_cache(maxsize=8192)
def canonical_uri(uri: str) -> str:
    """Return ``uri`` as it is matched: default ports, query order and spelling do not count.

    A text that is no URI (a command line, the address of a socket) is matched as it is.
    """
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return uri
    host = (parts.hostname or "").lower()
    if port is not None and port != _PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    path = "/".join(quote(unquote_to_bytes(part), safe="") for part in parts.path.split("/"))
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    return f"{parts.scheme}://{host}{path or '/'}?{query}"
