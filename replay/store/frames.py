"""The spool's frames: what one acknowledged append looks like on disk.

::

    frame   = length (u32) | checksum (u32) | body
    body    = shape (u8) | flags (u8) | rest
    shape 1 = one or more records: JSON array of objects
    shape 2 = one model call:
              base offset (u64) | prefix length (u32) | head length (u32) | tail length (u32)
              head (JSON of the other fields) | tail (of the messages' JSON) | tools (JSON)

A prompt repeats the whole conversation, so a model call is written as what is new since the frame
at *base offset* of the same spool: its messages are the first *prefix length* bytes of that
frame's messages, then *tail*. Offset 0 means no base. An absent ``tools`` section means: as in the
base frame. A frame is whole when its length fits the file and its checksum holds; a torn one was
never acknowledged. The checksum is the CRC-32 of the body; of one beyond 1 KiB, of its first and
last 512 bytes: the middle is JSON, where a hole would show, and the caller waits for this sum.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from zlib import crc32

MAGIC = b"replay spool 1\n\x00"
"""The first 16 bytes of every spool: offsets start after it, so 0 can mean "no base"."""

HEADER = struct.Struct("<II")
_SHAPES = struct.Struct("<BB")
_MODEL_CALL = struct.Struct("<BBQIII")

RECORDS = 1
MODEL_CALL = 2
EXACT = 1
"""Flag: the JSON must be read by the standard library (big integers, surrogates)."""
SAME_TOOLS = 2
"""Flag: the tools are those of the base frame."""

FRAME_SIZE_MAX = 2**32 - 1

_PLAIN_RECORDS = _SHAPES.pack(RECORDS, 0)
_EXACT_RECORDS = _SHAPES.pack(RECORDS, EXACT)


@dataclass(frozen=True, slots=True)
class RecordsFrame:
    """A JSON array of records, appended together: all or nothing."""

    body: bytes
    exact: bool


@dataclass(frozen=True, slots=True)
class ModelCallFrame:
    """A model call, with its messages relative to an earlier frame."""

    base_offset: int
    """0: no base."""
    prefix_size: int
    head: bytes
    tail: bytes
    tools: bytes | None
    """None: as in the base frame."""
    exact: bool


Frame = RecordsFrame | ModelCallFrame


def records_body(encoded: bytes, *, exact: bool) -> bytes:
    """Return the body of a frame for a JSON array of records."""
    return (_EXACT_RECORDS if exact else _PLAIN_RECORDS) + encoded


def record_body(encoded: bytes, *, exact: bool) -> bytes:
    """Return the body of a frame for one record: an array of it alone."""
    return b"".join((_EXACT_RECORDS if exact else _PLAIN_RECORDS, b"[", encoded, b"]"))


def model_call_body(
    head: bytes,
    tail: bytes,
    tools: bytes | None,
    *,
    base_offset: int,
    prefix_size: int,
    exact: bool,
) -> bytes:
    """Return the body of a model call's frame; the arguments are `ModelCallFrame`'s."""
    flags = (EXACT if exact else 0) | (SAME_TOOLS if tools is None else 0)
    fixed = _MODEL_CALL.pack(MODEL_CALL, flags, base_offset, prefix_size, len(head), len(tail))
    return b"".join((fixed, head, tail, tools or b""))


def header_of(body: bytes) -> bytes:
    """Return what stands before a body in its frame."""
    return HEADER.pack(len(body), _checksum(body))


def frame_at(spool: bytes | memoryview, position: int) -> tuple[Frame, int] | None:
    """Return the frame at ``position`` of the bytes and the position after it.

    None: the bytes end there, or the frame is torn.
    """
    start = position + HEADER.size
    if start > len(spool):
        return None
    size, checksum = HEADER.unpack_from(spool, position)
    end = start + size
    if size < _SHAPES.size or end > len(spool):
        return None
    body = bytes(spool[start:end])
    if _checksum(body) != checksum:
        return None
    return _parsed(body), end


def _parsed(body: bytes) -> Frame:
    shape, flags = _SHAPES.unpack_from(body)
    if shape == RECORDS:
        return RecordsFrame(body[_SHAPES.size :], exact=bool(flags & EXACT))
    _, _, base, prefix_size, head_size, tail_size = _MODEL_CALL.unpack_from(body)
    head_end = _MODEL_CALL.size + head_size
    tail_end = head_end + tail_size
    return ModelCallFrame(
        base_offset=base,
        prefix_size=prefix_size,
        head=body[_MODEL_CALL.size : head_end],
        tail=body[head_end:tail_end],
        tools=None if flags & SAME_TOOLS else body[tail_end:],
        exact=bool(flags & EXACT),
    )


def _checksum(body: bytes) -> int:
    if len(body) <= 1024:  # literals: twice as fast as names of the module here
        return crc32(body)
    return crc32(body[-512:], crc32(body[:512]))
