"""The spool's frames: what one acknowledged append looks like on disk.

::

    frame   = length (u32) | checksum (u32) | body
    body    = shape (u8) | flags (u8) | rest
    shape 1 = one or more records: JSON array of objects
    shape 2 = one model call:
              base offset (u64) | prefix length (u32) | head length (u32) | tail length (u32)
              head (JSON of the other fields) | tail (of the messages' JSON) | tools (JSON)
    shape 3 = one tool call: JSON object without its kind

A prompt repeats the whole conversation, so a model call is written as what is new since the frame
at *base offset* of the same spool: its messages are the first *prefix length* bytes of that
frame's messages, then *tail*. Offset 0 means no base. An absent ``tools`` section means: as in the
base frame. A frame is whole when its length fits the file, its checksum holds and its JSON has no
zero byte, as a page that never reached the disk has; a torn one was never acknowledged. The
checksum is CRC-32, begun with shape + 256 * flags: in shape 1 of *rest*, or of its first and last
64 bytes when it is longer than 128; in shape 2 of the offset and the lengths. In shape 3 it is 0:
all of that is one JSON object, and a sum takes a tenth of an append.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zlib import crc32

import orjson

if TYPE_CHECKING:
    from replay.records.base import JsonObject

MAGIC: Final = b"replay spool 1\n\x00"
"""The first 16 bytes of every spool: offsets start after it, so 0 can mean "no base"."""

HEADER: Final = struct.Struct("<II")
BEGINNING: Final = struct.Struct("<IIBB")
"""Length, checksum, shape and flags: all before *rest*."""
MODEL_CALL_SIZES: Final = struct.Struct("<QIII")

RECORDS: Final = 1
MODEL_CALL: Final = 2
TOOL_CALL: Final = 3
EXACT: Final = 1
"""Flag: the JSON must be read by the standard library (big integers, surrogates)."""
SAME_TOOLS: Final = 2
"""Flag: the tools are those of the base frame."""

SHAPE_SIZE: Final = BEGINNING.size - HEADER.size
"""Bytes of a body before its *rest*."""


@dataclass(frozen=True, slots=True)
class RecordsFrame:
    """A JSON array of records, appended together: all or nothing."""

    body: bytes
    exact: bool


@dataclass(frozen=True, slots=True)
class ToolCallFrame:
    """A tool call on its own."""

    fields: JsonObject


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


Frame = RecordsFrame | ModelCallFrame | ToolCallFrame


def frame_at(spool: bytes | memoryview, position: int) -> tuple[Frame, int] | None:
    """Return the frame at ``position`` of the bytes and the position after it.

    None: the bytes end there, or the frame is torn.
    """
    start = position + BEGINNING.size
    if start > len(spool):
        return None
    size, checksum, shape, flags = BEGINNING.unpack_from(spool, position)
    end = position + HEADER.size + size
    if size < SHAPE_SIZE or end > len(spool):
        return None
    rest = bytes(spool[start:end])
    if shape == TOOL_CALL:
        try:
            return ToolCallFrame(orjson.loads(rest)), end
        except orjson.JSONDecodeError:
            return None
    if shape == MODEL_CALL:
        sizes_end = MODEL_CALL_SIZES.size
        if crc32(rest[:sizes_end], shape + 256 * flags) != checksum or b"\0" in rest[sizes_end:]:
            return None
    elif checksum_of(rest, shape, flags) != checksum or b"\0" in rest:
        return None
    return _parsed(shape, flags, rest), end


def _parsed(shape: int, flags: int, rest: bytes) -> Frame:
    if shape == RECORDS:
        return RecordsFrame(rest, exact=bool(flags & EXACT))
    base, prefix_size, head_size, tail_size = MODEL_CALL_SIZES.unpack_from(rest)
    head_end = MODEL_CALL_SIZES.size + head_size
    tail_end = head_end + tail_size
    return ModelCallFrame(
        base_offset=base,
        prefix_size=prefix_size,
        head=rest[MODEL_CALL_SIZES.size : head_end],
        tail=rest[head_end:tail_end],
        tools=None if flags & SAME_TOOLS else rest[tail_end:],
        exact=bool(flags & EXACT),
    )


def checksum_of(rest: bytes, shape: int, flags: int) -> int:
    """Return the checksum of a frame of records."""
    begun = shape + 256 * flags
    if len(rest) <= 128:  # literals: twice as fast as names of the module here
        return crc32(rest, begun)
    return crc32(rest[-64:], crc32(rest[:64], begun))
