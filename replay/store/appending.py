"""The caller's half of an append: from a record to the one write that makes it durable.

This is on the application's path, so it does as little as it can: JSON, the look for NaN, the
masker where there is one, and `SpoolWriter.append` under the lock of the process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from typing import Final

import orjson

from replay.errors import RecordError
from replay.records.base import JsonObject, JsonValue, Record
from replay.store.frames import BEGINNING, EXACT, RECORDS
from replay.store.json_text import decode, encode, fields_of, refuse_non_finite
from replay.store.layout import LAYOUTS
from replay.store.masking import Masker, Masking, PromptMasking, masked_records
from replay.store.spool import SpoolWriter

_dumps = orjson.dumps
_writev = os.writev
_pack = BEGINNING.pack

_REQUIRED: Final = {
    kind: frozenset(column.field for column in layout.columns if column.required)
    for kind, layout in LAYOUTS.items()
}


class Appending:
    """The writing half of `replay.store.Store`."""

    # What an append reads first, at fixed places of the object rather than in its dict of forty.
    __slots__ = ("_lock", "_masker", "_prompts", "_writer")

    _lock: threading.Lock
    _masker: Masker | Masking | None
    _prompts: PromptMasking | None
    _writer: SpoolWriter | None

    @property
    def masker(self) -> Masker | Masking | None:
        """Applied to each record's JSON before anything of it reaches the disk; None: nothing is.

        Ids, times and step numbers stay as they are.
        """
        return self._masker

    @masker.setter
    def masker(self, masker: Masker | Masking | None) -> None:
        self._masker = masker
        is_masking = masker is not None and not callable(masker)
        self._prompts = PromptMasking(masker) if is_masking else None  # type: ignore[arg-type]  # no function, so the other

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
        self._append(fields.get("kind", ""), fields, finite=False)

    def append_fields(self, kind: str, fields: JsonObject) -> None:
        """Store the record of ``kind`` that ``fields`` describe: `append` for the recorder.

        The values of model calls and tool calls must be read from JSON, or made by `as_json`: a
        NaN is not looked for in them, which takes as long as the write; nor is a field that they
        must have. A model call's ``messages`` and ``tools`` may be bytes: the JSON of their arrays.
        """
        # An agent thinks for seconds between two records, and each line and name here is fetched
        # from memory again: the usual way is written out, with what it calls bound and its
        # numbers spelled. Sharing it with `SpoolWriter.append` took a fifth longer.
        if kind == "tool_call" and not callable(self._masker):
            try:
                encoded = _dumps(fields, fields_of)
            except (TypeError, RecursionError):
                encoded = b""
            masking = self._masker
            if encoded and (masking is None or not masking.concerns(encoded.decode(), kind)):
                size = len(encoded)
                with self._lock:
                    writer = self._writer or self._spool()
                    if writer.cipher is not None:
                        writer.append(3, 0, encoded)
                        return
                    try:
                        written = _writev(writer.file, (_pack(size + 2, 0, 3, 0), encoded))
                    except OSError as error:
                        raise writer.refused(error) from error
                    if written == size + 10:
                        writer.size += written
                    else:
                        writer.write_rest(_pack(size + 2, 0, 3, 0) + encoded, written)
                return
        self._append(kind, fields, finite=True)

    def append_turn(
        self, model_call: JsonObject, before: Sequence[JsonObject], after: Sequence[JsonObject]
    ) -> None:
        """Store a model call, and tool calls ahead of it and behind it: `append_fields` for each.

        Where none of them has a secret, with one look and one write for all.
        """
        fields = {**model_call}
        prompt, toolset = fields.pop("messages", None) or [], fields.pop("tools", None) or []
        try:
            told = [_dumps(one, fields_of) for one in before]
            asked = [_dumps(one, fields_of) for one in after]
            head = _dumps(fields, fields_of)
            messages = prompt if type(prompt) is bytes else _dumps(prompt, fields_of)
            tools = toolset if type(toolset) is bytes else _dumps(toolset, fields_of)
        except (TypeError, RecursionError):
            self._append_one_by_one(model_call, before, after)
            return
        if self._masker is not None:
            seen = b"".join((*told, head, *asked))
            trace_id, prompts = fields["trace_id"], self._prompts
            known = prompts.looked_over(trace_id, seen, messages, tools) if prompts else None
            if known is None:
                self._append_one_by_one(model_call, before, after)
                return
            messages, tools = known
        with self._lock:
            (self._writer or self._spool()).append_model_call(
                fields["trace_id"],
                head,
                messages,
                tools,
                exact=False,
                check=None,
                before=_frames(told),
                after=_frames(asked),
            )

    def _append_one_by_one(
        self, model_call: JsonObject, before: Sequence[JsonObject], after: Sequence[JsonObject]
    ) -> None:
        for one in before:
            self.append_fields("tool_call", one)
        self.append_fields("model_call", model_call)
        if after:
            self.append_all(after)

    def _append(self, kind: str, fields: JsonObject, *, finite: bool) -> None:
        if kind == "model_call":
            if not finite or callable(self._masker):
                fields = self._present(kind, fields)
            self._append_model_call(fields, finite=finite)
            return
        present = self._present(kind, fields)
        encoded, exact = encode(present)
        if exact or (not (finite and kind == "tool_call") and b"null" in encoded):
            refuse_non_finite(present)
        if self._masker is not None and self._concerns(encoded, kind):
            plain = decode(encoded, exact=exact)
            encoded, exact = encode(masked_records(self._masker, [plain])[0])
        self._append_records(b"[" + encoded + b"]", exact=exact)

    def append_all(self, records: Iterable[Record | JsonObject]) -> None:
        """Store several records, all or nothing; durable when it returns."""
        prepared = []
        for record in records:
            fields = record if isinstance(record, dict) else record.__dict__
            prepared.append(self._present(fields.get("kind", ""), fields))
        if prepared:
            encoded, exact = _encoded(prepared)
            if self._masker is not None and self._concerns(encoded, _kind_of(prepared)):
                plain = decode(encoded, exact=exact)
                encoded, exact = encode(masked_records(self._masker, plain))
            self._append_records(encoded, exact=exact)

    def _append_records(self, encoded: bytes, *, exact: bool) -> None:
        with self._lock:
            (self._writer or self._spool()).append(RECORDS, EXACT if exact else 0, encoded)

    def _concerns(self, encoded: bytes, kind: str) -> bool:
        """Whether the masker must see the records that ``encoded`` is the JSON of."""
        masker = self._masker
        return callable(masker) or (
            masker is not None and masker.concerns(encoded.decode("utf-8", "replace"), kind)
        )

    def _masked(self, records: list[JsonObject]) -> list[JsonObject]:
        """Return records as they may be stored."""
        if self._masker is None or not records:
            return records
        encoded, exact = _encoded(records)
        if not self._concerns(encoded, _kind_of(records)):
            return records
        return masked_records(self._masker, decode(encoded, exact=exact))

    def _append_model_call(self, fields: JsonObject, *, finite: bool) -> None:
        fields = {**fields}
        if callable(self._masker):
            for name in ("messages", "tools"):
                if isinstance(fields.get(name), bytes):
                    fields[name] = decode(fields[name])
            [fields] = self._masked([fields])
        prompt = fields.pop("messages", None) or []
        toolset = fields.pop("tools", None) or []
        try:
            messages = prompt if type(prompt) is bytes else _dumps(prompt, fields_of)
            tools = toolset if type(toolset) is bytes else _dumps(toolset, fields_of)
            head, exact, exact_head = _dumps(fields, fields_of), False, False
        except (TypeError, RecursionError):
            messages, exact_messages = _array(prompt)
            tools, exact_tools = _array(toolset)
            head, exact_head = encode(fields)
            exact = exact_messages or exact_tools or exact_head
        if exact_head or (not finite and b"null" in head):
            refuse_non_finite(fields)
        if self._prompts is not None:
            known = None
            if not exact:
                known = self._prompts.looked_over(fields["trace_id"], head, messages, tools)
            if known is not None:
                messages, tools = known
            else:
                fields, messages, tools = self._masked_model_call(
                    self._present("model_call", fields), messages, tools, exact=exact
                )
                head = encode(fields)[0]
        check = (
            None if finite else lambda: refuse_non_finite({"messages": prompt, "tools": toolset})
        )
        with self._lock:
            (self._writer or self._spool()).append_model_call(
                fields["trace_id"],
                head,
                messages,
                tools,
                exact=exact,
                check=check,
            )

    def _present(self, kind: str, fields: JsonObject) -> JsonObject:
        """Return the fields to store, without the absent ones; refuse what is no record."""
        present = {name: value for name, value in fields.items() if value is not None}
        present["kind"] = kind
        required = _REQUIRED.get(kind)
        if required is None or not present.keys() >= required:
            raise _no_record(kind, present)
        return present

    def _masked_model_call(
        self, fields: JsonObject, messages: bytes, tools: bytes, *, exact: bool
    ) -> tuple[JsonObject, bytes, bytes]:
        """Return a model call as it may be stored. An answer may show what in its prompt is secret.

        ``exact``: a prompt that only Python's own JSON can carry; no part of it is known.
        """
        assert self._prompts is not None
        while True:
            version = self._prompts.version
            [head] = self._masked([fields])
            if exact:
                found = self._prompts.masked_exactly(messages, tools)
            else:
                found = self._prompts.masked(fields["trace_id"], messages, tools)
            if self._prompts.version == version:
                return head, *found

    def _plain(self, kind: str, fields: JsonObject) -> JsonObject:
        """Return the fields to store as a drain would read them: masked, plain JSON."""
        encoded, exact = _encoded(self._masked([self._present(kind, fields)]))
        plain: JsonObject = decode(encoded, exact=exact)[0]
        return plain


def _encoded(value: JsonValue) -> tuple[bytes, bool]:
    """Return the JSON of records, refusing NaN, which orjson writes as null."""
    encoded, exact = encode(value)
    if exact or b"null" in encoded:
        refuse_non_finite(value)
    return encoded, exact


def _frames(tool_calls: list[bytes]) -> bytes:
    """Return the frames of tool calls that are JSON."""
    return b"".join([_pack(len(one) + 2, 0, 3, 0) + one for one in tool_calls])


def _array(value: JsonValue) -> tuple[bytes, bool]:
    """Return the JSON of a list, which may be given as such."""
    return (value, False) if type(value) is bytes else encode(value)


def _kind_of(records: list[JsonObject]) -> str:
    """The kind of records that are stored together: that which hides most, if there is one."""
    kinds = [fields["kind"] for fields in records]
    return "interaction" if "interaction" in kinds else kinds[0]


def _no_record(kind: str, present: JsonObject) -> RecordError:
    required = _REQUIRED.get(kind)
    if required is None:
        return RecordError(f"There is no record of kind {kind!r}.", nearest=", ".join(LAYOUTS))
    return RecordError(f"A {kind} record has no {sorted(required - present.keys())[0]}.")
