"""Bodies that aiohttp sends: copied while they are written, never read ahead."""

from __future__ import annotations

from typing import Any

from cassettes.copies import BodyCopy
from cassettes.interaction import Request


class _CopyingWriter:
    """A connection's writer that copies what a body writes to it."""

    def __init__(self, writer: Any, copy: BodyCopy) -> None:
        self._writer = writer
        self._copy = copy

    async def write(self, chunk: Any, *args: Any, **kwargs: Any) -> None:
        self._copy.append(bytes(chunk))
        await self._writer.write(chunk, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


def watch_body(request: Any, asked: Request, limit: int) -> BodyCopy | None:
    """Put the body on ``asked`` if it is in memory; else return the copy that will have it."""
    from aiohttp.payload import BytesPayload

    body = request.body
    if not body:
        return None
    if isinstance(body, (bytes, bytearray)) or type(body) is BytesPayload:
        asked.body = bytes(body if isinstance(body, (bytes, bytearray)) else body._value)
        return None
    copy = BodyCopy(limit)
    original = body.write_with_length

    async def write_with_length(writer: Any, content_length: int | None) -> None:
        copy.clear()
        await original(_CopyingWriter(writer, copy), content_length)

    body.write_with_length = write_with_length
    return copy


async def body_of(request: Any) -> bytes:
    """Return the whole body, for a replay, where nothing is sent."""
    body = request.body
    if not body:
        return b""
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    content: bytes = await body.as_bytes()
    return content
