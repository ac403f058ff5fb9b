"""Files to import as streams of bytes: packed or not, in folders, or from stdin."""

from __future__ import annotations

import gzip
import io
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from replay.errors import ImportFileError

GZIP: Final = b"\x1f\x8b"
ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
STDIN: Final = "-"

_NEVER: Final = ("contexts.json",)
_SUFFIXES: Final = (
    ".json",
    ".jsonl",
    ".ndjson",
    ".eval",
    ".pb",
    ".binpb",
    ".log",
    ".parquet",
    ".replay",
)
_PACKED: Final = (".gz", ".zst", ".zstd")


class Source:
    """An open file, unpacked as it is read."""

    def __init__(self, raw: IO[bytes], unpacked: IO[bytes]) -> None:
        """``raw``: the file as it lies on the disk."""
        self._raw = raw
        self._passed = 0
        self.bytes = unpacked

    def passed(self) -> int:
        """Return how many bytes of the file on the disk were taken since this was last asked."""
        now = self._raw.tell()
        taken, self._passed = now - self._passed, now
        return taken


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open ``path`` for reading, unpacking gzip and Zstandard by what the file begins with.

    Raises:
        ImportFileError: it cannot be opened or read, or what is packed in it is damaged.
    """
    try:
        with path.open("rb") as raw:
            head = raw.read(4)
            raw.seek(0)
            yield Source(raw, _unpacked(raw, head))
    except EOFError as error:
        raise _damaged(path, "it ends too early") from error
    except gzip.BadGzipFile as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        raise ImportFileError(
            f"Cannot read {str(path)!r}: {error.strerror}.", hint="Is the name right?"
        ) from error


def _unpacked(raw: IO[bytes], head: bytes) -> IO[bytes]:
    if head.startswith(GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=raw), 2**16)
    if head == ZSTANDARD:
        import zstandard

        reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        return io.BufferedReader(reader, 2**16)
    return raw


def _damaged(path: Path, trouble: str) -> ImportFileError:
    return ImportFileError(
        f"{str(path)!r} cannot be unpacked: {trouble}.",
        hint="Nothing was imported. Is the file whole?",
    )


def head_of(path: Path, size_bytes: int = 64) -> bytes:
    """Return the first bytes of ``path``, unpacked."""
    with open_source(path) as source:
        return source.bytes.read(size_bytes)


def files_of(paths: Sequence[Path]) -> list[tuple[Path, bool]]:
    """Return the files that ``paths`` name, and of each whether it was found in a folder.

    Those of folders come in the order of their names, at any depth, without hidden ones.

    Raises:
        ImportFileError: a folder has no file that could be one.
    """
    found: list[tuple[Path, bool]] = []
    for path in paths:
        if not path.is_dir():
            found.append((path, False))
            continue
        inside = sorted(one for one in path.rglob("*") if _may_be_one(one, path))
        if not inside:
            suffixes = ", ".join(_SUFFIXES)
            raise ImportFileError(
                f"{str(path)!r} has nothing to import: no file in it ends in {suffixes}.",
                hint="Name a file itself to have its content looked at.",
            )
        found += [(one, True) for one in inside]
    return found


def _may_be_one(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    suffixes = [suffix for suffix in path.suffixes if suffix not in _PACKED]
    fits = bool(suffixes) and suffixes[-1] in _SUFFIXES
    return fits and not hidden and path.name not in _NEVER and path.is_file()


@contextmanager
def paths_with_stdin(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield ``paths`` with a file in place of ``-`` that has all of stdin in it.

    A file is read twice, and stdin only once.
    """
    if Path(STDIN) not in paths:
        yield list(paths)
        return
    with tempfile.TemporaryDirectory(prefix="replay-import-") as folder:
        held = Path(folder) / "stdin"
        with held.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield [held if path == Path(STDIN) else path for path in paths]
