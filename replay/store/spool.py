"""The spool: where an append is durable, before SQLite sees it.

Each writing process appends frames to a file of its own beside the database
(``traces.db-spool/<pid>-<random>.spool``), one ``write()`` per append: no lock of another process
can hold it up, and a killed process loses nothing that `append` returned for. Whoever comes by
next, in any process, moves the frames into the tables (`replay.store.drain`).

A file's owner holds an exclusive ``flock`` on it for as long as it lives, so anybody can tell the
spool of a dead process from a live one. A spool is born under another name and gets its own only
when it is locked: nobody can take a newborn for an orphan.

Preallocated, memory-mapped chunks were measured against ``write()``: the same median, and stalls
of 8 ms where a page is written back; so plain ``write()``.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from replay.errors import StoreError
from replay.store.database import PRIVATE
from replay.store.encryption import SpoolCipher, spool_cipher
from replay.store.frames import (
    BEGINNING,
    EXACT,
    HEADER,
    MAGIC,
    MODEL_CALL_SIZES,
    SAME_TOOLS,
    SHAPE_SIZE,
    checksum_of,
)

_crc32 = zlib.crc32
_writev = os.writev
_pack = BEGINNING.pack
_pack_sizes = MODEL_CALL_SIZES.pack

_REMEMBERED_PROMPTS_MAX: Final = 64
_REMEMBERED_BYTES_MAX: Final = 32 * 2**20


@dataclass(slots=True)
class _Prompt:
    """The last prompt written for a trace: what the next one is compared with."""

    offset: int
    messages: bytes
    """JSON of the messages."""
    unclosed: memoryview
    """The same without the bracket that closes it."""
    tools: bytes


class SpoolWriter:
    """One process's own spool file. Not thread-safe: the store holds a lock around it."""

    __slots__ = ("_prompt_bytes", "_prompts", "cipher", "file", "path", "size")

    def __init__(self, folder: Path, key: bytes | None = None) -> None:
        """Create the file in ``folder``, which is made where it is missing.

        ``key``: of its database, where that is encrypted; so is the file then.

        Raises:
            StoreError: the folder cannot be written.
        """
        self.path, self.file = _newborn(folder)
        self.cipher = spool_cipher(key, self.path.stem)
        """What each frame is turned by before it is written; None: nothing."""
        self.size = len(MAGIC)
        """Bytes acknowledged so far, the magic included."""
        self._prompts: OrderedDict[str, _Prompt] = OrderedDict()
        self._prompt_bytes = 0

    def append(self, shape: int, flags: int, rest: bytes) -> None:
        """Append a frame; it is acknowledged when this returns."""
        beginning = BEGINNING.pack(
            len(rest) + SHAPE_SIZE, checksum_of(rest, shape, flags), shape, flags
        )
        if self.cipher is not None:
            self.write_rest(self.cipher(beginning + rest, self.size), 0)
            return
        try:
            written = os.writev(self.file, (beginning, rest))
        except OSError as error:
            raise self.refused(error) from error
        if written == len(beginning) + len(rest):
            self.size += written
        else:
            self.write_rest(beginning + rest, written)

    def write_rest(self, frame: bytes, written: int) -> None:
        """Go on with a frame of which a part is written: beyond 2 GiB, or on a disk about full.

        ``frame``: as it is to stand in the file.
        """
        rest = memoryview(frame)
        try:
            while written < len(rest):
                written += os.write(self.file, rest[written:])
        except OSError as error:
            raise self.refused(error) from error
        self.size += written

    def refused(self, error: OSError) -> StoreError:
        """Return what to raise for a write that failed, with nothing of its frame left behind.

        Half a frame would hide every later one from the drain.
        """
        with contextlib.suppress(OSError):
            os.ftruncate(self.file, self.size)
        return _write_error(error, self.path)

    def append_model_call(
        self,
        trace_id: str,
        head: bytes,
        messages: bytes,
        tools: bytes,
        *,
        exact: bool,
        check: Callable[[], None] | None,
        before: bytes = b"",
        after: bytes = b"",
    ) -> None:
        """Append a model call; what its trace's last prompt already has is not written again.

        ``check`` refuses what JSON cannot carry. It is called before anything is written, when
        the part of the prompt that is new has a null: orjson would have made it of a NaN. None:
        there is nothing to look for. ``before``, ``after``: whole frames around it.
        """
        last = None if exact else self._prompts.get(trace_id)
        flags = EXACT if exact else 0
        base_offset = prefix_size = 0
        tail: bytes | memoryview = messages
        new_tools = tools
        if last is not None and (messages is last.messages or messages.startswith(last.unclosed)):
            base_offset, prefix_size = last.offset, len(last.unclosed)
            tail = memoryview(messages)[prefix_size:]
            if tools == last.tools:
                flags, new_tools = SAME_TOOLS, b""
        if check and (b"null" in bytes(tail) or b"null" in new_tools):
            check()
        sizes = _pack_sizes(base_offset, prefix_size, len(head), len(tail))
        size = 22 + len(head) + len(tail) + len(new_tools)  # `MODEL_CALL_SIZES` and `SHAPE_SIZE`
        beginning = _pack(size, _crc32(sizes, 2 + 256 * flags), 2, flags)
        offset = self.size + len(before)
        parts = (before, beginning, sizes, head, tail, new_tools, after)
        if self.cipher is not None:
            self.write_rest(self.cipher(b"".join(parts), self.size), 0)
        else:
            self._write_parts(parts, len(before) + size + 8 + len(after))
        if not exact and len(messages) > len(b"[]"):
            self._remember(trace_id, _Prompt(offset, messages, memoryview(messages)[:-1], tools))

    def _write_parts(self, parts: tuple[bytes | memoryview, ...], size: int) -> None:
        """Write frames in parts: to put them together first would touch all of them once more."""
        try:
            written = _writev(self.file, parts)
        except OSError as error:
            raise self.refused(error) from error
        if written == size:
            self.size += written
        else:
            self.write_rest(b"".join(parts), written)

    def close(self) -> None:
        """Let go of the file; what it holds stays until it is drained."""
        os.close(self.file)

    def _remember(self, trace_id: str, prompt: _Prompt) -> None:
        before = self._prompts.pop(trace_id, None)
        if before is not None:
            self._prompt_bytes -= len(before.messages)
        self._prompts[trace_id] = prompt
        self._prompt_bytes += len(prompt.messages)
        while len(self._prompts) > 1 and (
            len(self._prompts) > _REMEMBERED_PROMPTS_MAX
            or self._prompt_bytes > _REMEMBERED_BYTES_MAX
        ):
            _, oldest = self._prompts.popitem(last=False)
            self._prompt_bytes -= len(oldest.messages)


def spool_folder(database: Path) -> Path:
    """Return the folder of a database's spools."""
    return database.with_name(database.name + "-spool")


def spool_files(folder: Path) -> list[Path]:
    """Return the spools beside a database, in a stable order."""
    try:
        return sorted(folder.glob("*.spool"))
    except OSError:
        return []


def retire_orphan(path: Path, drain: Callable[[Path], int], key: bytes | None = None) -> bool:
    """Drain and remove a spool whose process is gone; say whether it is removed.

    With the lock of the dead in hand nobody adds to it any more. A frame cut short at the end was
    never acknowledged and goes; one that is damaged inside keeps the file, as ``.damaged``.
    """
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        drained = drain(path)
        if _is_damaged(file, drained, spool_cipher(key, path.stem)):
            path.rename(path.with_suffix(".damaged"))
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def _is_damaged(file: int, drained: int, cipher: SpoolCipher | None) -> bool:
    """Say whether the frame at ``drained`` is whole by its length and yet was not taken."""
    header = os.pread(file, HEADER.size, drained)
    if len(header) < HEADER.size:
        return False
    header = header if cipher is None else cipher(header, drained)
    return drained + HEADER.size + int(HEADER.unpack(header)[0]) <= os.fstat(file).st_size


def remove_folder_if_empty(folder: Path) -> None:
    """Remove the spool folder when no spool is left in it."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def mode_beside(folder: Path) -> int:
    """Return the mode of the database that a folder of spools belongs to: theirs, too."""
    try:
        database = folder.with_name(folder.name.removesuffix("-spool"))
        return database.stat().st_mode & 0o666
    except OSError:
        return PRIVATE


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    mode = mode_beside(folder)
    if mode != PRIVATE:  # whoever may read the database may look into the folder
        folder.chmod(mode | (mode & 0o444) >> 2)


def _newborn(folder: Path) -> tuple[Path, int]:
    name = f"{os.getpid()}-{secrets.token_hex(6)}"
    newborn = folder / f"{name}.new"
    try:
        for _ in range(10):  # another process may remove the empty folder under us
            _make_folder(folder)
            try:
                file = os.open(
                    newborn,
                    os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC,
                    PRIVATE,
                )
                mode = mode_beside(folder)
                if mode != PRIVATE:  # a database that others share: they take in each other's
                    os.fchmod(file, mode)
                break
            except FileNotFoundError:
                continue
        else:
            raise FileNotFoundError(errno.ENOENT, "the folder keeps vanishing", str(folder))
    except OSError as error:
        raise _write_error(error, newborn) from error
    path = folder / f"{name}.spool"
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(file, MAGIC)
        newborn.rename(path)
    except OSError as error:
        os.close(file)
        with contextlib.suppress(OSError):
            newborn.unlink()
        raise _write_error(error, path) from error
    return path, file


def _write_error(error: OSError, path: Path) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(
            f"The disk of '{path.parent}' is full: the record was not stored.",
            hint="What was stored before is safe. Free some space; appends work again then.",
        )
    return StoreError(
        f"'{path}' cannot be written: {error.strerror}.",
        hint="A recording needs a folder it may write, beside its database.",
    )
