"""From the spools into the tables: exactly once, by whichever process comes by.

One transaction applies the frames of one spool and advances the offset that says how far it was
read, so a drain that dies is repeated and one that committed never is. SQLite's own write lock is
the only lock: two processes that drain one spool take turns, and each goes on where the other
stopped.
"""

from __future__ import annotations

import os
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from replay.errors import RecordError
from replay.records.base import JsonObject, JsonValue
from replay.store.content_writing import ContentWriter
from replay.store.database import transaction
from replay.store.encryption import SpoolCipher, spool_cipher
from replay.store.frames import (
    HEADER,
    MAGIC,
    Frame,
    ModelCallFrame,
    ToolCallFrame,
    frame_at,
)
from replay.store.json_text import decode, encode
from replay.store.layout import identity_fields
from replay.store.rows import Prompt, RowWriter

BATCH_SIZE_MAX: Final = 4 * 2**20
"""Bytes of a spool that one transaction takes, unless a single frame is larger."""
_PROMPTS_REMEMBERED_MAX: Final = 256
_USER_TEXT_SIZE_MAX: Final = 200


class Drainer:
    """Moves frames into the tables of one database. Not thread-safe."""

    def __init__(self, connection: sqlite3.Connection, spool_key: bytes | None = None) -> None:
        """``connection`` is used by nobody else.

        ``spool_key``: of the spools of an encrypted database.
        """
        self._spool_key = spool_key
        self.between_records: Callable[[], None] = go_on
        """Called after each record: where a background thread lets the application run."""
        self._connection = connection
        self._contents = ContentWriter(connection)
        self._rows = RowWriter(connection, self._contents)
        self._prompts: OrderedDict[tuple[str, int], Prompt] = OrderedDict()
        self._data_version = -1

    def drain(self, path: Path) -> int:
        """Apply all whole frames of a spool; return the offset up to which it is now drained.

        Raises:
            sqlite3.Error: the database could not be written; nothing of the batch was.
        """
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return 0
        try:
            while True:
                before, after = self._drain_batch(file, path.stem, BATCH_SIZE_MAX)
                if after == before:
                    return after
        finally:
            os.close(file)

    def drain_slice(self, path: Path, size: int) -> int:
        """Apply about ``size`` bytes of a spool in one transaction; return the offset after."""
        file = os.open(path, os.O_RDONLY)
        try:
            return self._drain_batch(file, path.stem, size)[1]
        finally:
            os.close(file)

    def write_all(
        self, records: Iterable[JsonObject], *, first: Callable[[], None] | None = None
    ) -> None:
        """Write records in one transaction, in order: all of them, or none.

        ``first`` is called in the transaction, before anything is written: it may take rows away.

        Raises:
            RecordError, ValueError, TypeError, KeyError: one of them fits no table.
            sqlite3.Error: the database could not be written.
        """

        def work() -> None:
            self._look_for_other_writers()
            if first is not None:
                first()
                self._rows.forget()
            for fields in records:
                self._rows.write(*self._with_prompt(fields))
            self._rows.finish()
            self._contents.finish()

        try:
            transaction(self._connection, work)
        except BaseException:
            self.forget()
            raise

    def forget_spool(self, name: str) -> None:
        """Remove the offset of a spool that is no more."""
        self._connection.execute("DELETE FROM spools WHERE name = ?", (name,))

    def _drain_batch(self, file: int, name: str, size: int) -> tuple[int, int]:
        """Drain one batch; return the offsets before and after."""
        if os.fstat(file).st_size <= self._drained(name):
            # Nothing new: do not take the write lock. (Another process can only have drained more.)
            drained = self._drained(name)
            return drained, drained
        offsets = [0, 0]

        def work() -> None:
            self._look_for_other_writers()
            offsets[0] = self._drained(name)
            batch = _Batch(file, offsets[0], size, spool_cipher(self._spool_key, name))
            self._apply(batch, name)
            self._rows.finish()
            self._contents.finish()
            offsets[1] = batch.end
            self._connection.execute(
                "INSERT INTO spools VALUES (?, ?) "
                "ON CONFLICT DO UPDATE SET drained = excluded.drained",
                (name, batch.end),
            )

        try:
            transaction(self._connection, work)
        except BaseException:
            self.forget()
            raise
        return offsets[0], offsets[1]

    def _drained(self, name: str) -> int:
        row = self._connection.execute(
            "SELECT drained FROM spools WHERE name = ?", (name,)
        ).fetchone()
        return int(row[0]) if row else len(MAGIC)

    def _look_for_other_writers(self) -> None:
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._data_version:
            self.forget()
            self._data_version = version
        self._contents.begin()

    def forget(self) -> None:
        """Forget what is known of the tables: somebody else has changed them."""
        self._contents.forget()
        self._rows.forget()
        self._prompts.clear()
        self._data_version = -1

    def _apply(self, batch: _Batch, name: str) -> None:
        # Written ahead and finished moments later: within a batch only the last form is applied.
        latest: dict[tuple[Any, ...], tuple[JsonObject, Prompt | None]] = {}
        for offset, frame in batch.frames:
            try:
                for fields, prompt in self._records_of(batch, name, offset, frame):
                    latest[_identity(fields)] = (fields, prompt)
            except (ValueError, TypeError, KeyError, RecordError) as error:
                self._reject(error, repr(frame)[:2000])
            self.between_records()
        for fields, of_call in latest.values():
            try:
                self._rows.write(fields, of_call)
            except (ValueError, TypeError, KeyError, RecordError, sqlite3.IntegrityError) as error:
                self._reject(error, encode(fields)[0].decode())
            self.between_records()

    def _reject(self, error: Exception, record: str) -> None:
        """Keep a record that fits no table: one bad record must not hold up the others."""
        reason = f"{type(error).__name__}: {error}"
        self._connection.execute(
            "INSERT INTO rejected (reason, record) VALUES (?, ?)", (reason, record)
        )

    def _records_of(
        self, batch: _Batch, name: str, offset: int, frame: Frame
    ) -> list[tuple[JsonObject, Prompt | None]]:
        """Return the records of a frame, model calls with their prompts as keys."""
        if isinstance(frame, ModelCallFrame):
            prompt = self._prompt(batch, name, offset, frame)
            return [({**decode(frame.head, exact=frame.exact), "kind": "model_call"}, prompt)]
        if isinstance(frame, ToolCallFrame):
            return [({**frame.fields, "kind": "tool_call"}, None)]
        records: list[tuple[JsonObject, Prompt | None]] = []
        records += map(self._with_prompt, decode(frame.body, exact=frame.exact))
        return records

    def _with_prompt(self, fields: JsonObject) -> tuple[JsonObject, Prompt | None]:
        if fields["kind"] != "model_call":
            return fields, None
        return fields, self._read(fields.pop("messages", []), fields.pop("tools", []))

    # -- prompts ----------------------------------------------------------------------------------

    def _prompt(self, batch: _Batch, name: str, offset: int, frame: ModelCallFrame) -> Prompt:
        base = self._prompts.get((name, frame.base_offset)) if frame.base_offset else None
        if base is not None:
            read = self._grown(base, frame)
        else:
            messages = decode(batch.messages_of(frame), exact=frame.exact)
            tools = decode(batch.tools_of(frame), exact=frame.exact)
            read = self._read(messages, tools)
        self._prompts[name, offset] = read
        if len(self._prompts) > _PROMPTS_REMEMBERED_MAX:
            self._prompts.popitem(last=False)
        return read

    def _read(self, messages: list[JsonValue], tools: list[JsonValue]) -> Prompt:
        return Prompt(self._keys(messages), self._tools(tools), _user_text(messages))

    def _grown(self, base: Prompt, frame: ModelCallFrame) -> Prompt:
        """Return the prompt of a frame whose messages continue those of ``base``."""
        new = decode(b"[" + frame.tail[1:]) if frame.tail.startswith(b",") else []
        messages = base.messages + self._keys(new)
        tools = base.tools if frame.tools is None else self._tools(decode(frame.tools))
        return Prompt(messages, tools, base.user_text or _user_text(new))

    def _tools(self, entries: list[JsonValue]) -> list[int]:
        keys = self._keys(entries)
        self._rows.schemas.hold(keys, entries)
        return keys

    def _keys(self, values: list[JsonValue]) -> list[int]:
        keys = []
        for value in values:
            body, exact = encode(value)
            keys.append(self._contents.json_key(value, body, exact=exact))
        return keys


class _Batch:
    """The whole frames of a spool from an offset on, as many as one transaction takes."""

    def __init__(self, file: int, start: int, size: int, cipher: SpoolCipher | None) -> None:
        self._file = file
        self._cipher = cipher
        self.frames: list[tuple[int, Frame]] = []
        self.end = start
        chunk = self._plain(os.pread(file, size, start), start)
        if len(chunk) >= HEADER.size:
            first_size = HEADER.size + HEADER.unpack_from(chunk)[0]
            if first_size > len(chunk):
                chunk = self._plain(_read(file, first_size, start), start)
        position = 0
        while (found := frame_at(chunk, position)) is not None:
            frame, after = found
            self.frames.append((start + position, frame))
            position = after
        self.end = start + position

    def _plain(self, read: bytes, offset: int) -> bytes:
        return read if self._cipher is None else self._cipher(read, offset)

    def messages_of(self, frame: ModelCallFrame) -> bytes:
        """Return the messages of a frame as JSON, following its bases."""
        parts = [(frame.prefix_size, frame.tail)]
        while frame.base_offset:
            frame = self._frame_at(frame.base_offset)
            parts.append((frame.prefix_size, frame.tail))
        messages = b""
        for prefix_size, tail in reversed(parts):
            messages = messages[:prefix_size] + tail
        return messages

    def tools_of(self, frame: ModelCallFrame) -> bytes:
        """Return the tools of a frame as JSON, following its bases."""
        while frame.tools is None:
            frame = self._frame_at(frame.base_offset)
        return frame.tools

    def _frame_at(self, offset: int) -> ModelCallFrame:
        header = self._plain(_read(self._file, HEADER.size, offset), offset)
        size = HEADER.unpack(header)[0]
        frame = self._plain(_read(self._file, HEADER.size + size, offset), offset)
        found = frame_at(frame, 0)
        if found is None or not isinstance(found[0], ModelCallFrame):
            raise RecordError(f"The prompt at byte {offset} of a spool is damaged.")
        return found[0]


def go_on() -> None:
    """Nobody waits: take the next record at once."""


def pending_bytes(connection: sqlite3.Connection, path: Path) -> int:
    """Return how many bytes of a spool are not in the tables yet."""
    row = connection.execute("SELECT drained FROM spools WHERE name = ?", (path.stem,)).fetchone()
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return 0
    return max(0, size - (int(row[0]) if row else len(MAGIC)))


def damaged_at(
    connection: sqlite3.Connection, path: Path, spool_key: bytes | None = None
) -> int | None:
    """Return where a spool's frame is whole by its length, wrong by its checksum; None: nowhere."""
    row = connection.execute("SELECT drained FROM spools WHERE name = ?", (path.stem,)).fetchone()
    position = int(row[0]) if row else len(MAGIC)
    try:
        spool = path.read_bytes()
    except FileNotFoundError:
        return None
    if (cipher := spool_cipher(spool_key, path.stem)) is not None:
        spool = cipher(spool, 0)
    while (found := frame_at(spool, position)) is not None:
        position = found[1]
    if position + HEADER.size > len(spool):
        return None
    size = int(HEADER.unpack_from(spool, position)[0])
    return position if position + HEADER.size + size <= len(spool) else None


def _read(file: int, size: int, offset: int) -> bytes:
    """Read ``size`` bytes, fewer only at the end of the file; one pread stops at 2 GiB."""
    parts = []
    while size > 0 and (part := os.pread(file, size, offset)):
        parts.append(part)
        size -= len(part)
        offset += len(part)
    return b"".join(parts)


def _identity(fields: JsonObject) -> tuple[Any, ...]:
    kind = fields["kind"]
    return (kind, *(fields[name] for name in identity_fields(kind)))


def _user_text(messages: list[JsonValue]) -> str | None:
    """Return the first words of the user in a prompt, on one line."""
    for message in messages:
        if not isinstance(message, dict) or message.get("role") != "user":
            continue
        content = message.get("content")
        if isinstance(content, list):
            texts = [part.get("text") for part in content if isinstance(part, dict)]
            content = next((text for text in texts if isinstance(text, str)), None)
        if isinstance(content, str) and content.strip():
            line = " ".join(content[: 4 * _USER_TEXT_SIZE_MAX].split())[:_USER_TEXT_SIZE_MAX]
            return line.encode("utf-8", "replace").decode()
    return None
