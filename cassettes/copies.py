"""Copies of bodies made while they pass, with a limit on what one copy may hold.

A body over the limit goes on to whoever reads or sends it; of its copy only the size, the hash
and the first bytes remain. That is enough to recognise a request, and to say by name that an
answer cannot be played; it is never played in part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

BODY_BYTES_MAX: Final = 8 * 1024 * 1024
"""What a cassette keeps of one body whole, unless it is made with another ``body_bytes_max``."""

HEAD_BYTES: Final = 4096
"""What is kept of a body over the limit, from its start."""


@dataclass(slots=True, frozen=True)
class Cut:
    """What is known of a body that was over the limit, beside its first bytes."""

    size_bytes: int
    hash: str
    """``b2-16:`` and 32 hex digits: of the bytes as they were on the wire, without framing."""
    why: str = ""
    """Why the body was not kept, in words; empty: it was over the limit."""

    def __str__(self) -> str:
        return f"{self.size_bytes} bytes, {self.hash}"

    def to_json(self) -> dict[str, Any]:
        """Return its JSON form."""
        form: dict[str, Any] = {"size_bytes": self.size_bytes, "hash": self.hash}
        return {**form, "why": self.why} if self.why else form

    @classmethod
    def from_json(cls, form: Any) -> Cut | None:
        """Return the cut that ``form`` describes; None for None."""
        if form is None:
            return None
        return cls(int(form["size_bytes"]), str(form["hash"]), str(form.get("why", "")))


def body_hash(body: bytes) -> str:
    """Return the hash that a :class:`Cut` has of ``body``."""
    return _named(hashlib.blake2b(body, digest_size=16))


def _named(digest: hashlib.blake2b) -> str:
    return f"b2-16:{digest.hexdigest()}"


def within(body: bytes, limit: int) -> tuple[bytes, Cut | None]:
    """Return ``body`` and None, or its head and its cut if it is over ``limit`` bytes."""
    if len(body) <= limit:
        return body, None
    return body[:HEAD_BYTES], Cut(len(body), body_hash(body))


class BodyCopy:
    """The copy of one body, growing as the body passes; it never holds more than its limit."""

    __slots__ = ("_chunks", "_digest", "_head", "_limit", "size_bytes")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.clear()

    def clear(self) -> None:
        """Start again, as a body does that is sent once more."""
        self._chunks: list[bytes] = []
        self._digest: hashlib.blake2b | None = None
        self._head = b""
        self.size_bytes = 0

    def append(self, chunk: bytes) -> None:
        """Take the next piece."""
        self.size_bytes += len(chunk)
        if self._digest is not None:
            self._digest.update(chunk)
            return
        self._chunks.append(chunk)
        if self.size_bytes > self._limit:
            whole = b"".join(self._chunks)
            self._digest = hashlib.blake2b(whole, digest_size=16)
            self._head = whole[:HEAD_BYTES]
            self._chunks = []

    def extend(self, chunks: Iterable[bytes]) -> None:
        """Take the next pieces."""
        for chunk in chunks:
            self.append(chunk)

    def take(self) -> tuple[bytes, Cut | None]:
        """Return the body and None, or its head and its cut."""
        if self._digest is not None:
            return self._head, Cut(self.size_bytes, _named(self._digest))
        return b"".join(self._chunks), None


class Dechunker:
    """Undoes chunked framing piece by piece, and passes what it frames on to a copy."""

    __slots__ = ("_copy", "_line", "_missing", "_skip", "is_complete")

    def __init__(self, copy: BodyCopy) -> None:
        self._copy = copy
        self._line = b""
        self._missing = 0
        self._skip = 0
        self.is_complete = False
        """Whether the last chunk was there."""

    def append(self, wire: bytes) -> None:
        """Take the next piece of the wire; what stands behind the last chunk is no body."""
        at = 0
        while at < len(wire) and not self.is_complete:
            if self._missing:
                part = wire[at : at + self._missing]
                self._copy.append(bytes(part))
                self._missing -= len(part)
                at += len(part)
            elif self._skip:
                step = min(self._skip, len(wire) - at)
                self._skip -= step
                at += step
            else:
                at = self._read_size(wire, at)

    def _read_size(self, wire: bytes, at: int) -> int:
        end = wire.find(b"\n", at)
        if end < 0:
            self._line += wire[at:]
            return len(wire)
        line = (self._line + wire[at:end]).split(b";")[0].strip()
        self._line = b""
        try:
            size = int(line or b"0", 16)
        except ValueError:
            size = 0  # no framing: the client that reads it raises
        self.is_complete = size == 0
        self._missing = size
        self._skip = 2  # the line end behind the chunk
        return end + 1


def dechunked(wire: bytes) -> BodyCopy:
    """Return the payload of chunked framing that is in memory already."""
    copy = BodyCopy(len(wire))
    Dechunker(copy).append(wire)
    return copy
