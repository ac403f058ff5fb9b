"""Inspect's `.eval` files: a ZIP with the log's header and one file for each sample."""

from __future__ import annotations

import json
import zipfile
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
    except (zipfile.BadZipFile, ValueError, KeyError) as error:
        raise ImportFileError(
            f"{str(path)!r} cannot be read as a log of Inspect: {error}.",
            hint="Nothing was imported. Was the evaluation still running?",
        ) from error


def _header(archive: zipfile.ZipFile, file: IO[bytes]) -> Any:
    """The log's header; of a log that was never finished, what was written at its start."""
    names = set(archive.namelist())
    name = next(one for one in _HEADERS if one in names)
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
    return reader.read()
