"""Inspect's `.eval` files: a ZIP with the log's header and one file for each sample."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from replay.errors import ImportFileError
from replay.interchange.lines import BadLine, Line
from replay.interchange.sources import head_of

_ZIP: Final = b"PK\x03\x04"
_ZSTANDARD: Final = 93
"""ZIP's number for Zstandard, which Python's own reader does not know before 3.14."""
_LOCAL_HEADER_BYTES: Final = 30
_DAMAGE: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, KeyError),
)
_BEGINNINGS: Final = (b"_journal/", b"samples/", b"header.json", b"summaries.json")
_HEADERS: Final = ("header.json", "_journal/start.json")


def is_one(path: Path) -> bool:
    """Return whether ``path`` is a ZIP with a log of Inspect in it."""
    if not head_of(path, 4).startswith(_ZIP):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return False
    return any(name in names for name in _HEADERS)


def is_cut(path: Path) -> bool:
    """Return whether ``path`` begins as a log of Inspect does, and is over too early.

    A ZIP has the list of what is in it at its end.
    """
    head = head_of(path, _LOCAL_HEADER_BYTES + 64)
    name = head[_LOCAL_HEADER_BYTES : _LOCAL_HEADER_BYTES + int.from_bytes(head[26:28], "little")]
    begins_so = head.startswith(_ZIP) and name.startswith(_BEGINNINGS)
    return begins_so and not zipfile.is_zipfile(path)


def cut_off(path: Path) -> ImportFileError:
    """Return the error for such a file."""
    return ImportFileError(
        f"{str(path)!r} is a log of Inspect that is cut: the list of its samples, which stands at "
        "its end, is missing.",
        hint="Nothing was imported. Was the evaluation still running, or the file not yet copied "
        "whole? Get it again when it is.",
    )


def read(path: Path) -> Iterator[Line | BadLine]:
    """Yield a log with one sample, for each sample of the log in ``path``.

    Raises:
        ImportFileError: the file is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            header = _header(archive, file)
            members = [one for one in archive.infolist() if one.filename.startswith("samples/")]
            for number, member in enumerate(members, start=1):
                sample = json.loads(_content(member, archive, file))
                value = {"eval": header.get("eval") or {}, "samples": [sample]}
                yield Line(number, "", value, member.compress_size)
    except _DAMAGE as error:
        raise ImportFileError(
            f"{str(path)!r} is a log of Inspect that is damaged: {error}.",
            hint="Nothing was imported. Get it again.",
        ) from error


def _header(archive: zipfile.ZipFile, file: IO[bytes]) -> Any:
    """The log's header; of a log that was never finished, what was written at its start."""
    names = set(archive.namelist())
    name = next((one for one in _HEADERS if one in names), _HEADERS[0])
    return json.loads(_content(archive.getinfo(name), archive, file))


def _content(member: zipfile.ZipInfo, archive: zipfile.ZipFile, file: IO[bytes]) -> bytes:
    if member.compress_type != _ZSTANDARD:
        return archive.read(member)
    import zstandard

    file.seek(member.header_offset)
    local = file.read(_LOCAL_HEADER_BYTES)
    name_bytes = int.from_bytes(local[26:28], "little")
    extra_bytes = int.from_bytes(local[28:30], "little")
    file.seek(name_bytes + extra_bytes, 1)
    packed = file.read(member.compress_size)
    reader = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
    try:
        content: bytes = reader.read()
    except zstandard.ZstdError as error:
        raise zipfile.BadZipFile(f"{member.filename}: {error}") from error
    if zlib.crc32(content) != member.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {member.filename!r}")
    return content
