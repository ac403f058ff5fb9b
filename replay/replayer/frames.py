"""Length-prefixed JSON frames: what a worker and its pool say to each other.

A frame is four bytes of length (big endian) and one JSON value in UTF-8. Nothing else may stand on
the two pipes that carry frames, so whatever isolates a worker (a process, a container, a machine
elsewhere) needs to offer only stdin and stdout.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator

import orjson

from replay.records import JsonObject

_HEADER = struct.Struct(">I")
FRAME_BYTES_MAX = 1 << 30
"""A longer frame is taken for garbage: somebody else wrote on the pipe."""
_READ_BYTES = 1 << 18


class BrokenFrame(Exception):
    """What came out of the pipe is no frame: somebody else wrote on it."""


def frame(message: JsonObject) -> bytes:
    """Return ``message`` as one frame.

    Text that UTF-8 cannot hold (lone surrogates) goes as escapes, and comes back as it was.
    """
    try:
        body = orjson.dumps(message)
    except (TypeError, orjson.JSONEncodeError):
        body = json.dumps(message, default=repr).encode()
    return _HEADER.pack(len(body)) + body


def message_of(body: bytes | memoryview) -> JsonObject:
    """Return the message of one frame's body.

    Raises:
        BrokenFrame: the body is not a JSON object.
    """
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            # A NaN is no JSON: its name is what is kept of it.
            message = json.loads(bytes(body), parse_constant=str)
        except ValueError as error:
            raise BrokenFrame(f"a frame is not JSON: {bytes(body[:80])!r}") from error
    if not isinstance(message, dict):
        raise BrokenFrame(f"a frame holds no object: {bytes(body[:80])!r}")
    return message


class FrameBuffer:
    """Cuts a stream of bytes into the bodies of frames, however the bytes arrive."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        self._bytes += chunk

    def bodies(self) -> Iterator[bytes]:
        """Take every body that is complete by now.

        Raises:
            BrokenFrame: the length is beyond any frame of ours.
        """
        start, held = 0, self._bytes
        try:
            while len(held) - start >= _HEADER.size:
                (size,) = _HEADER.unpack_from(held, start)
                if size > FRAME_BYTES_MAX:
                    raise BrokenFrame(f"a frame claims {size:,} bytes")
                if len(held) - start - _HEADER.size < size:
                    break
                body = bytes(held[start + _HEADER.size : start + _HEADER.size + size])
                start += _HEADER.size + size
                yield body
        finally:
            del held[:start]


def reframe(body: bytes) -> bytes:
    """Return the frame around a body that is already encoded."""
    return _HEADER.pack(len(body)) + body


def write_all(descriptor: int, content: bytes) -> None:
    """Write every byte, however small the pipe's steps are."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def read_some(descriptor: int) -> bytes:
    """Return the bytes that are there now; ``b""`` is the end of the stream."""
    return os.read(descriptor, _READ_BYTES)
