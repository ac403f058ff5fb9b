"""The bytes of a database that no record refers to: free pages, the log, spools, copies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from replay.store.encryption import is_encrypted
from replay.store.spool import spool_folder

_PAGES: Final = 1024
_PIECE_SIZE: Final = 8 << 20
_CUT_SIZE: Final = 64 << 10
"""So near its end a piece is cut; what is readable without a break is cut anywhere."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """Some bytes of a file, and what they are."""

    place: str
    body: bytes | None
    """None: they cannot be read as what they are, and may hold anything."""


def loose_bytes(database: Path) -> Iterator[Bytes]:
    """Yield what stands beside the records of a database, in its file and next to it: in pieces."""
    if is_encrypted(database):
        return  # nothing beside the records can be read, by nobody
    count, free = 0, free_pages(database)
    while pages := list(islice(free, _PAGES)):
        count += len(pages)
        yield Bytes("free pages", b"\0".join(pages))
    if count:
        yield Bytes(
            f"{count:,} free pages of {database.name}: of what was deleted, compressed parts "
            "may be left",
            None,
        )
    log = database.with_name(database.name + "-wal")
    if log.exists():
        yield from _pieces(f"the log {log.name}", log)
    folder = spool_folder(database)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield from _pieces(f"the spool {path.name}", path)
    for path in copies_left(database):
        yield Bytes(f"{path.name}, which an interrupted `replay mask --apply` left", None)


def _pieces(place: str, path: Path) -> Iterator[Bytes]:
    """Yield a file in pieces, each cut where nothing readable is, if that is near."""
    with path.open("rb") as file:
        left = b""
        while read := file.read(_PIECE_SIZE):
            body = left + read
            cut = body.rfind(b"\0", len(body) - _CUT_SIZE)
            cut = cut if cut > 0 and len(read) == _PIECE_SIZE else len(body)
            yield Bytes(place, body[:cut])
            left = body[cut:]
        if left:
            yield Bytes(place, left)


def copy_path(database: Path) -> Path:
    """Return where a database is masked, beside it."""
    return database.with_name(f"{database.name}.masking")


def copies_left(database: Path) -> list[Path]:
    """Return the files that an interrupted masking left beside a database."""
    copy = copy_path(database)
    return [
        path for end in ("", "-wal", "-shm", "-journal") if (path := Path(f"{copy}{end}")).exists()
    ]


def free_pages(database: Path) -> Iterator[bytes]:
    """Yield those pages of an SQLite file that are free and not empty."""
    with database.open("rb") as file:
        header = file.read(100)
        size = int.from_bytes(header[16:18], "big")
        size = 65536 if size == 1 else size
        trunk = int.from_bytes(header[32:36], "big")
        seen: set[int] = set()
        while trunk and trunk not in seen:
            seen.add(trunk)
            page = _page(file, trunk, size)
            count = min(int.from_bytes(page[4:8], "big"), size // 4 - 2)
            leaves = [int.from_bytes(page[8 + 4 * at : 12 + 4 * at], "big") for at in range(count)]
            yield from _not_empty(page[8 + 4 * count :])
            for leaf in leaves:
                yield from _not_empty(_page(file, leaf, size))
            trunk = int.from_bytes(page[:4], "big")


def _not_empty(page: bytes) -> Iterator[bytes]:
    if page.strip(b"\0"):
        yield page


def _page(file: object, number: int, size: int) -> bytes:
    file.seek((number - 1) * size)  # type: ignore[attr-defined]  # an open file
    read: bytes = file.read(size)  # type: ignore[attr-defined]
    return read
