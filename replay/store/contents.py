"""Contents: every message, definition and long text once, whatever refers to it.

A content is named by the hash of its bytes. Short values never become one: they stay as text in
their column. Long strings inside a JSON content are contents of their own (the text that a tool
answered is also in the next prompt), and the JSON keeps ``{"$content": key}`` in their place.
Bodies lie together in compressed pages; a page is a few dozen bodies of one drain, so that it
compresses like a stream and still opens in a tenth of a millisecond.

======== ========================================================================================
form     what the body's bytes are
======== ========================================================================================
text     raw text, UTF-8 (lone surrogates as three bytes each)
json     JSON as it was given
split    JSON with ``{"$content": key}`` where long strings were
exact    JSON with integers beyond 64 bits or escaped surrogates: not for orjson
======== ========================================================================================
"""

from __future__ import annotations

import re
import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import orjson
import zstandard

from replay.errors import StoreError
from replay.store.json_decoding import bytes_text, decode

if TYPE_CHECKING:
    from replay.records.base import JsonValue

INLINE_SIZE_MAX: Final = 120
"""Values up to this many bytes stay in their row."""
SPLIT_SIZE_MIN: Final = 512
"""Strings from this many bytes on are contents of their own."""
PAGE_SIZE_MAX: Final = 256 * 2**10
PAGES_SIZE_MAX: Final = 64 * PAGE_SIZE_MAX
"""Bytes of opened pages that a reader keeps; a page with one huge value may be most of it."""
COMPRESSION_LEVEL: Final = 3
REFERENCE: Final = "$content"
_REFERENCES: Final = re.compile(rb'\{"\$content":(\d+)\}')

ColumnValue = str | int | None
"""What a text or json column holds: the text itself, the key of a content, or NULL."""


def content_hash(form: str, body: bytes) -> bytes:
    """Return the identity of a content: 16 bytes of BLAKE2b over its kind and its whole body.

    A split content hashes like the JSON it stands for. Part of the file format.
    """
    kind = b"t" if form == "text" else b"j"
    return blake2b(body, digest_size=16, person=kind).digest()


class ContentReader:
    """Reads contents of one connection, keeping the last pages it opened."""

    def __init__(
        self, connection: sqlite3.Connection, *, pages_size_max: int = PAGES_SIZE_MAX
    ) -> None:
        """``connection`` must outlive the reader; so many bytes of opened pages are kept."""
        self._connection = connection
        self._pages_size_max = pages_size_max
        self._pages: OrderedDict[int, bytes] = OrderedDict()
        self._pages_size = 0
        self._decompressors: dict[int | None, zstandard.ZstdDecompressor] = {}

    def text(self, value: ColumnValue) -> str | None:
        """Return the text of a text column; None stays None."""
        if isinstance(value, int):
            return bytes_text(self.body(value)[1])
        return value

    def json(self, value: ColumnValue) -> JsonValue:
        """Return the value of a json column."""
        if isinstance(value, int):
            return self.value_of(*self.encoded(value))
        return None if value is None else decode(value)

    def encoded(self, value: ColumnValue) -> tuple[str, memoryview]:
        """Return the form and the stored bytes of a json column, not copied out of their page.

        A page with a huge value, larger than all that may be kept, is not kept.
        """
        if not isinstance(value, int):
            return "json", memoryview(b"null" if value is None else value.encode())
        form, page, start, size = self._place(value)
        held = self._pages.get(page) if size > self._pages_size_max else self.page(page)
        return form, memoryview(held or self._read_page(page))[start : start + size]

    def shown(self, value: ColumnValue) -> str | None:
        """Return a column's value as SQL shows it: raw text, or JSON text; None stays None."""
        if not isinstance(value, int):
            return value
        form, body = self.body(value)
        shown = body if form == "text" else self.whole_body(form, body)
        return shown.decode("utf-8", "backslashreplace")

    def holds_text(self, value: ColumnValue, wanted: str) -> bool:
        """Say whether a text column holds a substring, in any case."""
        shown = self.shown(value)
        return shown is not None and wanted.casefold() in shown.casefold()

    def body(self, key: int) -> tuple[str, bytes]:
        """Return the form and the stored bytes of a content.

        Raises:
            StoreError: it is missing.
        """
        form, page, start, size = self._place(key)
        return form, self.page(page)[start : start + size]

    def _place(self, key: int) -> tuple[str, int, int, int]:
        row: tuple[str, int, int, int] | None = self._connection.execute(
            "SELECT form, page, start, size FROM contents WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            raise StoreError(
                f"Content {key} is missing from the database.",
                hint="`replay db check` says what else is.",
            )
        return row

    def sizes(self, keys: Sequence[int]) -> int:
        """Return the bytes of these contents together, and of the long texts they refer to."""
        total = 0
        for key in keys:
            row = self._connection.execute(
                "SELECT form, size FROM contents WHERE key = ?", (key,)
            ).fetchone()
            if row is not None:
                total += row[1]
                if row[0] == "split":
                    inner = {int(one) for one in _REFERENCES.findall(self.body(key)[1])}
                    total += self.sizes(sorted(inner - {key}))
        return total

    def piece_text(self, page: int | None, start: int, size: int) -> str:
        """Return the text of a content whose row says this of it; no page: it is missing.

        Raises:
            StoreError: it is missing.
        """
        return bytes_text(self._piece(page, start, size))

    def piece_json(self, page: int | None, start: int, size: int, form: str) -> JsonValue:
        """Return the value of a content, as `piece_text` does its text.

        Raises:
            StoreError: it is missing.
        """
        return self.value_of(form, self._piece(page, start, size))

    def _piece(self, page: int | None, start: int, size: int) -> bytes:
        if page is None:
            raise StoreError(
                "A content is missing from the database.",
                hint="`replay db check` says which, and what else is.",
            )
        return self.page(page)[start : start + size]

    def whole_body(self, form: str, body: bytes) -> bytes:
        """Return the JSON bytes as they were given: a split body is put together again."""
        return orjson.dumps(self.value_of(form, body)) if form == "split" else body

    def forget(self) -> None:
        """Forget the opened pages and dictionaries, after `compact` made them anew."""
        self._pages.clear()
        self._pages_size = 0
        self._decompressors.clear()

    def value_of(self, form: str, body: bytes | memoryview) -> JsonValue:
        """Return the value of stored bytes of a form, or of a part of them."""
        if form == "split":
            return self._joined(orjson.loads(body), len(_REFERENCES.findall(body)))
        if form == "text":
            return bytes_text(bytes(body))
        return decode(bytes(body), exact=True) if form == "exact" else orjson.loads(body)

    def _joined(self, value: Any, references: int) -> JsonValue:
        """Put the long strings back, of which there are so many; ``value`` is changed.

        Level by level, and no further than the last of them: what a call was answered stands far
        above the hundred thousand values that it may have returned.
        """
        held = [value]
        level: list[Any] = [held]
        texts: dict[int, str | None] = {}  # what today and the edited branch answer is often one
        while level and references:
            following: list[Any] = []
            for node in level:
                for place, item in node.items() if type(node) is dict else enumerate(node):
                    if type(item) is dict:
                        if len(item) == 1 and REFERENCE in item:
                            key = item[REFERENCE]
                            if key not in texts:
                                texts[key] = self.text(key)
                            node[place] = texts[key]
                            references -= 1
                        else:
                            following.append(item)
                    elif type(item) is list:
                        following.append(item)
            level = following
        return held[0]

    def page(self, key: int) -> bytes:
        """Return the bytes of an opened page."""
        page = self._pages.get(key)
        if page is not None:
            self._pages.move_to_end(key)
            return page
        page = self._pages[key] = self._read_page(key)
        self._pages_size += len(page)
        while self._pages_size > self._pages_size_max and len(self._pages) > 1:
            self._pages_size -= len(self._pages.popitem(last=False)[1])
        return page

    def _read_page(self, key: int) -> bytes:
        row = self._connection.execute(
            "SELECT size, body, dictionary FROM pages WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            raise StoreError(f"Page {key} is missing from the database.")
        size, body, dictionary = row
        decompressor = self._decompressors.get(dictionary)
        if decompressor is None:
            decompressor = self._decompressors[dictionary] = self._decompressor(dictionary)
        return decompressor.decompress(body, max_output_size=size)

    def _decompressor(self, dictionary: int | None) -> zstandard.ZstdDecompressor:
        if dictionary is None:
            return zstandard.ZstdDecompressor()
        row = self._connection.execute(
            "SELECT body FROM dictionaries WHERE key = ?", (dictionary,)
        ).fetchone()
        if row is None:
            raise StoreError(f"Dictionary {dictionary} is missing from the database.")
        return zstandard.ZstdDecompressor(dict_data=learned_dictionary(row[0]))


def learned_dictionary(body: bytes) -> zstandard.ZstdCompressionDict:
    """Return what `compact` learned, from its row: a zstd frame like any other."""
    return zstandard.ZstdCompressionDict(zstandard.ZstdDecompressor().decompress(body))


def compressor(
    level: int, dictionary: zstandard.ZstdCompressionDict | None
) -> zstandard.ZstdCompressor:
    """Return a compressor for pages."""
    if dictionary is None:
        return zstandard.ZstdCompressor(level=level)
    return zstandard.ZstdCompressor(level=level, dict_data=dictionary)
