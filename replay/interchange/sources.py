"""Files to import as streams of bytes: packed or not, in folders, or from stdin."""

from __future__ import annotations

import codecs
import glob
import gzip
import io
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from replay.errors import ImportFileError

GZIP: Final = b"\x1f\x8b"
ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
STDIN: Final = "-"
_UNMARKED: Final = {
    b"{\0": "utf-16-le",
    b"[\0": "utf-16-le",
    b"\0{": "utf-16-be",
    b"\0[": "utf-16-be",
}
"""How JSON in UTF-16 begins that does not say which."""

_NEVER: Final = ("contexts.json",)
_ALWAYS: Final = ("sessions.db",)
"""Goose's: other databases in a folder are nobody's traces."""
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
    ".yaml",
    ".yml",
)
_PACKED_CHUNK: Final = 2**12
"""Bytes unpacked at once: of a text that repeats itself they are some megabytes."""
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
            yield Source(raw, _as_utf8(_unpacked(raw, head)))
    except EOFError as error:
        raise _damaged(path, "it ends too early") from error
    except (gzip.BadGzipFile, zlib.error, _DamagedZstandard) as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        raise ImportFileError(
            f"Cannot read {str(path)!r}: {error.strerror}.", hint="Is the name right?"
        ) from error


def _unpacked(raw: IO[bytes], head: bytes) -> IO[bytes]:
    if head.startswith(GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=raw), 2**16)
    if head == ZSTANDARD:
        return io.BufferedReader(_Zstandard(raw), 2**16)
    return raw


class _DamagedZstandard(Exception):
    """What is packed with Zstandard and cannot be unpacked."""


class _Zstandard(io.RawIOBase):
    """What is packed with Zstandard, unpacked; the library's own reader takes a cut end for one."""

    def __init__(self, raw: IO[bytes]) -> None:
        import zstandard

        self._raw = raw
        self._open = zstandard.ZstdDecompressor().decompressobj
        self._error = zstandard.ZstdError
        self._frame: Any = None
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held:
            chunk = (self._frame.unused_data if self._is_over() else b"") or self._raw.read(
                _PACKED_CHUNK
            )
            if not chunk:
                if self._frame is not None and not self._frame.eof:
                    raise EOFError
                break
            if self._frame is None or self._frame.eof:
                self._frame = self._open()
            try:
                self._held = self._frame.decompress(chunk)
            except self._error as error:
                raise _DamagedZstandard(str(error)) from error
        piece = self._held[: len(buffer)]
        buffer[: len(piece)] = piece
        self._held = self._held[len(piece) :]
        return len(piece)

    def _is_over(self) -> bool:
        return self._frame is not None and self._frame.eof


def _as_utf8(file: IO[bytes]) -> IO[bytes]:
    """Text in UTF-16, as PowerShell's `>` writes it, comes as UTF-8; all else as it is."""
    assert isinstance(file, io.BufferedReader)
    head = file.peek(2)[:2]
    marked = head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    encoding = "utf-16" if marked else _UNMARKED.get(head)
    return file if encoding is None else io.BufferedReader(_Recoded(file, encoding), 2**16)


class _Recoded(io.RawIOBase):
    """A stream of text in another encoding, as UTF-8. What is no such text becomes U+FFFD."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held:
            chunk = self._file.read(2**16)
            self._held = self._decoder.decode(chunk, final=not chunk).encode("utf-8")
            if not chunk:
                break
        piece = self._held[: len(buffer)]
        buffer[: len(piece)] = piece
        self._held = self._held[len(piece) :]
        return len(piece)


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
        ImportFileError: a folder has no file that could be one, or nothing matches a pattern.
    """
    found: list[tuple[Path, bool]] = []
    for path in (one for given in paths for one in _matching(given)):
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


def _matching(path: Path) -> list[Path]:
    """Return the files that a pattern means, where no shell has spelled it out; else ``path``."""
    if path.exists() or not glob.has_magic(str(path)):
        return [path]
    matching = sorted(glob.glob(str(path), recursive=True))
    if not matching:
        raise ImportFileError(f"No file matches {str(path)!r}.", hint="Is the folder right?")
    return [Path(one) for one in matching]


def _may_be_one(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    suffixes = [suffix for suffix in path.suffixes if suffix not in _PACKED]
    fits = (bool(suffixes) and suffixes[-1] in _SUFFIXES) or path.name in _ALWAYS
    return fits and not hidden and path.name not in _NEVER and path.is_file()


@contextmanager
def paths_with_stdin(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield ``paths`` with a file in place of ``-`` that has all of stdin in it.

    A file is read twice, and stdin only once. Errors inside name it ``stdin``.

    Raises:
        ImportFileError: as it was raised inside.
    """
    if Path(STDIN) not in paths:
        yield list(paths)
        return
    with tempfile.TemporaryDirectory(prefix="replay-import-") as folder:
        held = Path(folder) / "stdin"
        with held.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        try:
            yield [held if path == Path(STDIN) else path for path in paths]
        except ImportFileError as error:
            said = error.wanted.replace(str(held), held.name)
            raise ImportFileError(said, hint=error.hint) from error
