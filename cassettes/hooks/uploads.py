"""Request bodies as they are handed to a client: copied while they are sent, never read ahead."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from cassettes.copies import BodyCopy


def watched(body: Any, limit: int) -> tuple[Any, bytes, BodyCopy | None]:
    """Return what to send in place of ``body``, its bytes, and the copy that will have them.

    What is in memory already is sent as it is and needs no copy.
    """
    content = _in_memory(body)
    if content is not None:
        return body, content, None
    copy = BodyCopy(limit)
    if hasattr(body, "read"):
        return _CopiedFile(body, copy), b"", copy
    return _copying(body, copy), b"", copy


def replayable(body: Any) -> tuple[Any, bytes]:
    """Return the body once more, should it be sent after all, and its bytes."""
    content = _in_memory(body)
    if content is not None:
        return body, content
    if hasattr(body, "seek") and hasattr(body, "tell"):
        try:
            at = body.tell()
            content = as_bytes(body.read())
            body.seek(at)
        except (OSError, ValueError):
            pass  # it cannot be read twice: whoever sends it gets what was read
        else:
            return body, content
    read = hasattr(body, "read")
    content = as_bytes(body.read()) if read else b"".join(map(as_bytes, body))
    return content, content


def as_bytes(chunk: Any) -> bytes:
    """Return a piece of a body as the client sends it."""
    return chunk.encode() if isinstance(chunk, str) else bytes(chunk)


def _in_memory(body: Any) -> bytes | None:
    if body is None:
        return b""
    if isinstance(body, (str, bytes, bytearray, memoryview)):
        return as_bytes(body)
    return None


def _copying(body: Any, copy: BodyCopy) -> Iterator[Any]:
    for chunk in body:
        copy.append(as_bytes(chunk))
        yield chunk


class _CopiedFile:
    """A file that is copied as it is read; in everything else it is the file."""

    def __init__(self, file: Any, copy: BodyCopy) -> None:
        self._file = file
        self._copy = copy
        self._is_text = isinstance(file, io.TextIOBase)

    def read(self, *args: Any) -> Any:
        """Read and copy. Text comes encoded, as its client would encode it."""
        chunk = self._file.read(*args)
        if self._is_text or isinstance(chunk, str):
            chunk = chunk.encode()
        self._copy.append(bytes(chunk))
        return chunk

    def __iter__(self) -> Iterator[bytes]:
        for line in self._file:
            chunk = as_bytes(line)
            self._copy.append(chunk)
            yield chunk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
