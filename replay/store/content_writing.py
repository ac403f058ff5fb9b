"""Contents on their way into the database: each once, short strings in place, pages full."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from typing import Final

import orjson
import zstandard

from replay.records.base import JsonValue
from replay.store.contents import (
    COMPRESSION_LEVEL,
    INLINE_SIZE_MAX,
    PAGE_SIZE_MAX,
    REFERENCE,
    SPLIT_SIZE_MIN,
    ColumnValue,
    compressor,
    content_hash,
    learned_dictionary,
)
from replay.store.json_text import encode, text_bytes

_REFERENCE_BYTES: Final = b'"$content"'


class ContentWriter:
    """Stores contents inside the caller's transaction; `finish` must end each transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """``connection`` is the drain's own."""
        self._connection = connection
        self._known: OrderedDict[bytes, int] = OrderedDict()
        self._rows: list[tuple[int, str, int, int, int]] = []
        self._hashes: list[tuple[bytes, int]] = []
        self._page = bytearray()
        self._used: set[int] | None = None
        """What was there before and is referred to; None: nobody asks (`replay.store.freeing`)."""
        self._next_key = 0
        self._next_page = 0
        self._dictionary: int | None = None
        self._compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL)

    def begin(self) -> None:
        """Start a transaction."""
        self._rows.clear()
        self._hashes.clear()
        self._page.clear()
        freeing = "SELECT 1 FROM meta WHERE name = 'freeing'"
        self._used = set() if self._connection.execute(freeing).fetchone() else None
        self._next_key = self._next("contents")
        self._next_page = self._next("pages")
        self._use_newest_dictionary()

    def finish(self) -> None:
        """Write what is still held, before the commit."""
        self._write_page()
        if self._used:
            self._connection.executemany(
                "INSERT OR IGNORE INTO contents_used VALUES (?)", [(key,) for key in self._used]
            )

    def forget(self) -> None:
        """Forget the keys: another connection wrote, or a transaction was rolled back."""
        self._known.clear()

    def text_value(self, text: str) -> ColumnValue:
        """Return the column value of raw text."""
        body, clean = text_bytes(text)
        if clean and len(body) <= INLINE_SIZE_MAX:
            return text
        return self._keep(content_hash("text", body), "text", body)

    def json_value(self, value: JsonValue) -> ColumnValue:
        """Return the column value of a JSON value; None is NULL."""
        if value is None:
            return None
        body, exact = encode(value)
        if len(body) <= INLINE_SIZE_MAX and not exact:
            return body.decode()
        return self.json_key(value, body, exact=exact)

    def json_content(self, value: JsonValue) -> int | None:
        """Return the key of a JSON value that is a content whatever its size."""
        if value is None:
            return None
        body, exact = encode(value)
        return self.json_key(value, body, exact=exact)

    def json_key(self, value: JsonValue, body: bytes, *, exact: bool) -> int:
        """Return the key of the content of ``value``, whose JSON is ``body``."""
        identity = content_hash("json", body)
        key = self._find(identity)
        if key is not None:
            return key
        if exact:
            return self._add(identity, "exact", body)
        if len(body) > SPLIT_SIZE_MIN and _REFERENCE_BYTES not in body:
            split = self._split(value)
            if split is not value:
                return self._add(identity, "split", orjson.dumps(split))
        return self._add(identity, "json", body)

    def _keep(self, identity: bytes, form: str, body: bytes) -> int:
        key = self._find(identity)
        return self._add(identity, form, body) if key is None else key

    def _find(self, identity: bytes) -> int | None:
        key = self._known.get(identity)
        if key is None:
            row = self._connection.execute(
                "SELECT content FROM content_hashes WHERE hash = ?", (identity,)
            ).fetchone()
            if row is None:
                return None
            key = int(row[0])
            self._remember(identity, key)
        if self._used is not None:
            self._used.add(key)
        return key

    def _add(self, identity: bytes, form: str, body: bytes) -> int:
        key = self._next_key
        self._next_key += 1
        self._rows.append((key, form, self._next_page, len(self._page), len(body)))
        self._hashes.append((identity, key))
        self._page += body
        self._remember(identity, key)
        if len(self._page) >= PAGE_SIZE_MAX:
            self._write_page()
        return key

    def _split(self, value: JsonValue) -> JsonValue:
        """Return ``value`` with its long strings replaced, or ``value`` itself without any."""
        if isinstance(value, str):
            if len(value) < SPLIT_SIZE_MIN:
                return value
            return {REFERENCE: self._keep_text(value)}
        if isinstance(value, dict):
            parts = {name: self._split(item) for name, item in value.items()}
            changed = any(parts[name] is not item for name, item in value.items())
            return parts if changed else value
        if isinstance(value, list):
            items = [self._split(item) for item in value]
            changed = any(new is not old for new, old in zip(items, value, strict=True))
            return items if changed else value
        return value

    def _keep_text(self, text: str) -> int:
        body, _ = text_bytes(text)
        return self._keep(content_hash("text", body), "text", body)

    def _write_page(self) -> None:
        if not self._rows:
            return
        self._connection.execute(
            "INSERT INTO pages VALUES (?, ?, ?, ?)",
            (self._next_page, self._dictionary, len(self._page), self._compressed()),
        )
        self._connection.executemany(
            "INSERT INTO contents (key, form, page, start, size) VALUES (?, ?, ?, ?, ?)", self._rows
        )
        self._connection.executemany("INSERT INTO content_hashes VALUES (?, ?)", self._hashes)
        self._rows.clear()
        self._hashes.clear()
        self._page.clear()
        self._next_page += 1

    def _compressed(self) -> bytes:
        return self._compressor.compress(bytes(self._page))

    def _use_newest_dictionary(self) -> None:
        """Use what `compact` learned of the file, where it ran."""
        newest = self._connection.execute("SELECT max(key) FROM dictionaries").fetchone()[0]
        if newest != self._dictionary:
            self._dictionary = newest
            row = self._connection.execute(
                "SELECT body FROM dictionaries WHERE key = ?", (newest,)
            ).fetchone()
            learned = learned_dictionary(row[0]) if row else None
            self._compressor = compressor(COMPRESSION_LEVEL, learned)

    def _remember(self, identity: bytes, key: int) -> None:
        self._known[identity] = key
        if len(self._known) > 50_000:
            self._known.popitem(last=False)

    def _next(self, table: str) -> int:
        row = self._connection.execute(f"SELECT max(key) FROM {table}").fetchone()
        return int(row[0] or 0) + 1
