"""The bytes of a database that no record refers to: free pages, the log, spools, copies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from replay.store.encryption import is_encrypted
from replay.store.spool import spool_folder


@dataclass(frozen=True, slots=True)
class Bytes:
    """Some bytes of a file, and what they are."""

    place: str
    body: bytes | None
    """None: they cannot be read as what they are, and may hold anything."""


def loose_bytes(database: Path) -> Iterator[Bytes]:
    """Yield what stands beside the records of a database, in its file and next to it."""
    if is_encrypted(database):
        return  # nothing beside the records can be read, by nobody
    pages = free_pages(database)
    if pages:
        yield Bytes(f"{len(pages):,} free pages", b"\0".join(pages))
        yield Bytes(
            f"{len(pages):,} free pages of {database.name}: of what was deleted, compressed parts "
            "may be left",
            None,
        )
    log = database.with_name(database.name + "-wal")
    if log.exists() and log.stat().st_size:
        yield Bytes(f"the log {log.name}", log.read_bytes())
    folder = spool_folder(database)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield Bytes(f"the spool {path.name}", path.read_bytes())
    for path in copies_left(database):
        yield Bytes(f"{path.name}, which an interrupted `replay mask --apply` left", None)


def copy_path(database: Path) -> Path:
    """Return where a database is masked, beside it."""
    return database.with_name(f"{database.name}.masking")


def copies_left(database: Path) -> list[Path]:
    """Return the files that an interrupted masking left beside a database."""
    copy = copy_path(database)
    return [
        path for end in ("", "-wal", "-shm", "-journal") if (path := Path(f"{copy}{end}")).exists()
    ]


def free_pages(database: Path) -> list[bytes]:
    """Return those pages of an SQLite file that are free and not empty."""
    with database.open("rb") as file:
        header = file.read(100)
        size = int.from_bytes(header[16:18], "big")
        size = 65536 if size == 1 else size
        trunk = int.from_bytes(header[32:36], "big")
        found = []
        seen: set[int] = set()
        while trunk and trunk not in seen:
            seen.add(trunk)
            page = _page(file, trunk, size)
            count = min(int.from_bytes(page[4:8], "big"), size // 4 - 2)
            leaves = [int.from_bytes(page[8 + 4 * at : 12 + 4 * at], "big") for at in range(count)]
            found += [page[8 + 4 * count :], *(_page(file, leaf, size) for leaf in leaves)]
            trunk = int.from_bytes(page[:4], "big")
    return [page for page in found if page.strip(b"\0")]


def _page(file: object, number: int, size: int) -> bytes:
    file.seek((number - 1) * size)  # type: ignore[attr-defined]  # an open file
    read: bytes = file.read(size)  # type: ignore[attr-defined]
    return read
