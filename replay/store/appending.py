"""The caller's half of an append: from a record to the one write that makes it durable.

This is on the application's path, so it does as little as it can: JSON, the look for NaN, the
masker where there is one, and `SpoolWriter.append` under the lock of the process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from replay.errors import RecordError
from replay.records.base import JsonObject, JsonValue, Record
from replay.store.frames import records_body
from replay.store.json_text import decode, encode, refuse_non_finite
from replay.store.layout import LAYOUTS
from replay.store.spool import SpoolWriter

DRAIN_SIZE: Final = 4 * 2**20
"""Acknowledged bytes after which the background thread drains."""

Masker: TypeAlias = Callable[[JsonValue], JsonValue]

_STRUCTURAL: Final = frozenset(
    ("kind", "id", "trace_id", "tool_call_id", "model_call_id", "call_id", "run_id", "signature")
) | frozenset(
    column.field
    for layout in LAYOUTS.values()
    for column in layout.columns
    if column.form == "time" or column.field.endswith(("_number", "_index"))
)
"""Fields that say where a record belongs; a masker cannot change them."""

_REQUIRED: Final = {
    kind: frozenset(column.field for column in layout.columns if column.required)
    for kind, layout in LAYOUTS.items()
}


class Appending:
    """The writing half of `replay.store.Store`."""

    masker: Masker | None
    """Applied to each record's JSON before anything of it reaches the disk. Ids, times and step
    numbers stay as they are."""

    _lock: threading.Lock
    _writer: SpoolWriter | None
    _drained: int
    _due: threading.Event

    def _spool(self) -> SpoolWriter:
        raise NotImplementedError

    def append(self, record: Record | JsonObject) -> None:
        """Store a record, or a plain dict shaped like one; durable when it returns.

        A later record of the same kind and identity replaces it.

        Raises:
            RecordError: a value that JSON cannot carry, or a required field is missing.
            StoreError: the disk is full, or the folder cannot be written. Nothing was stored.
        """
        fields = record if isinstance(record, dict) else record.__dict__
        self.append_fields(fields.get("kind", ""), fields)

    def append_fields(self, kind: str, fields: JsonObject) -> None:
        """Store the record of ``kind`` that ``fields`` describe: `append` for the recorder."""
        present = self._present(kind, fields)
        if kind == "tool_call":
            self._append_tool_call(present)
        elif kind == "model_call":
            self._append_model_call(present)
        else:
            encoded, exact = _encoded([present])
            self._append_body(records_body(encoded, exact=exact))

    def append_all(self, records: Iterable[Record | JsonObject]) -> None:
        """Store several records, all or nothing; durable when it returns."""
        prepared = []
        for record in records:
            fields = record if isinstance(record, dict) else record.__dict__
            prepared.append(self._present(fields.get("kind", ""), fields))
        if prepared:
            encoded, exact = _encoded(prepared)
            self._append_body(records_body(encoded, exact=exact))

    def _append_body(self, body: bytes) -> None:
        with self._lock:
            writer = self._writer or self._spool()
            writer.append(body)
        if writer.size - self._drained > DRAIN_SIZE:
            self._due.set()

    def _append_tool_call(self, fields: JsonObject) -> None:
        # The long texts apart: a null, which may be a NaN, is not sought in them.
        texts = {name: fields.pop(name) for name in ("arguments", "response") if name in fields}
        encoded_texts, exact_texts = encode(texts)
        encoded, exact = encode(fields)
        if exact or exact_texts or b"null" in encoded:
            refuse_non_finite(fields)
        if exact or exact_texts:
            body = records_body(encode([fields | texts])[0], exact=True)
        else:
            body = records_body(b"[", encoded_texts[:-1], b",", encoded[1:], b"]", exact=False)
        self._append_body(body)

    def _append_model_call(self, fields: JsonObject) -> None:
        prompt = fields.pop("messages", None) or []
        toolset = fields.pop("tools", None) or []
        messages, exact_messages = encode(prompt)
        tools, exact_tools = encode(toolset)
        head, exact_head = _encoded(fields)
        with self._lock:
            writer = self._writer or self._spool()
            writer.append_model_call(
                fields["trace_id"],
                head,
                messages,
                tools,
                exact=exact_messages or exact_tools or exact_head,
                check=lambda: refuse_non_finite({"messages": prompt, "tools": toolset}),
            )
        if writer.size - self._drained > DRAIN_SIZE:
            self._due.set()

    def _present(self, kind: str, fields: JsonObject) -> JsonObject:
        """Return the fields to store, without the absent ones, masked; refuse what is no record."""
        present = {name: value for name, value in fields.items() if value is not None}
        present["kind"] = kind
        required = _REQUIRED.get(kind)
        if required is None or not present.keys() >= required:
            raise _no_record(kind, present)
        return present if self.masker is None else self._masked(present)

    def _masked(self, fields: JsonObject) -> JsonObject:
        assert self.masker is not None
        encoded, exact = _encoded(fields)
        plain = decode(encoded, exact=exact)
        kept = {name: value for name, value in plain.items() if name in _STRUCTURAL}
        try:
            masked = self.masker(plain)
        except Exception as error:
            raise RecordError(
                f"The masker failed on a {fields['kind']} record: {type(error).__name__}: {error}",
                hint="Nothing of the record was stored. A masker takes any JSON value.",
            ) from error
        if not isinstance(masked, dict):
            raise RecordError(
                f"The masker made a {type(masked).__name__} of a {fields['kind']} record.",
                hint="Nothing of it was stored. A masker gives an object back for an object.",
            )
        return {**masked, **kept}


def _encoded(value: JsonValue) -> tuple[bytes, bool]:
    """Return the JSON of records, refusing NaN, which orjson writes as null."""
    encoded, exact = encode(value)
    if exact or b"null" in encoded:
        refuse_non_finite(value)
    return encoded, exact


def _no_record(kind: str, present: JsonObject) -> RecordError:
    required = _REQUIRED.get(kind)
    if required is None:
        return RecordError(f"There is no record of kind {kind!r}.", nearest=", ".join(LAYOUTS))
    return RecordError(f"A {kind} record has no {sorted(required - present.keys())[0]}.")
