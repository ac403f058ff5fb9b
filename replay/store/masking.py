"""The one place where a record loses what must not reach the disk.

A masker is a function from JSON to JSON, applied to every record. One that can tell at a glance
where there is nothing to do is a `Masking`: the recorder's redaction is. Ids, times and step
numbers stay as they are, whatever a masker makes of them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import orjson

from replay.errors import RecordError
from replay.records.base import JsonObject, JsonValue
from replay.store.json_text import decode, encode
from replay.store.layout import LAYOUTS

Masker: TypeAlias = Callable[[JsonValue], JsonValue]

STRUCTURAL: Final = frozenset(
    ("kind", "id", "trace_id", "tool_call_id", "model_call_id", "call_id", "run_id", "signature")
) | frozenset(
    column.field
    for layout in LAYOUTS.values()
    for column in layout.columns
    if column.form == "time" or column.field.endswith(("_number", "_index"))
)
"""Fields that say where a record belongs; a masker cannot change them."""

_PROMPTS_MAX: Final = 64
_PROMPT_BYTES_MAX: Final = 32 * 2**20


class Masking(Protocol):
    """A masker that looks before it works. Threads share it."""

    @property
    def version(self) -> int:
        """Grows when it would mask more than it did before."""

    def concerns(self, encoded: str, kind: str) -> bool:
        """Whether the JSON of records could hold anything to mask; False is certain."""

    def masked(self, records: list[JsonObject]) -> list[JsonObject]:
        """Return records masked; what one shows to be secret is so in all of them."""

    def masked_messages(self, messages: JsonValue) -> JsonValue:
        """Return the messages of a prompt masked, one for one."""

    def masked_tools(self, tools: JsonValue) -> JsonValue:
        """Return the tool definitions of a prompt masked."""


def masked_records(masker: Masker | Masking, plain: list[JsonObject]) -> list[JsonObject]:
    """Return records masked, which were read from JSON: the masker may keep them.

    Raises:
        RecordError: the masker failed. Nothing may be stored.
    """
    kinds = " or ".join(dict.fromkeys(fields["kind"] for fields in plain))
    try:
        if callable(masker):
            found = [masker(fields) for fields in plain]
        else:
            found = list(masker.masked(plain))
    except Exception as error:
        raise _failed(kinds, error) from error
    for fields in found:
        if not isinstance(fields, dict):
            raise RecordError(
                f"The masker made a {type(fields).__name__} of a {kinds} record.",
                hint="Nothing of it was stored. A masker gives an object back for an object.",
            )
    return [
        {**fields, **{name: value for name, value in before.items() if name in STRUCTURAL}}
        for fields, before in zip(found, plain, strict=True)
    ]


def _failed(kinds: str, error: Exception) -> RecordError:
    return RecordError(
        f"The masker failed on a {kinds} record: {type(error).__name__}: {error}",
        hint="Nothing of the record was stored. A masker takes any JSON value.",
    )


@dataclass(frozen=True, slots=True)
class _Prompt:
    messages: bytes
    """As the recorder gave them."""
    masked: bytes
    """The very same object where nothing had to be masked."""
    tools: bytes
    masked_tools: bytes
    version: int
    unclosed: memoryview = field(init=False, repr=False)
    """``messages`` without the bracket that closes them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "unclosed", memoryview(self.messages)[:-1])


class PromptMasking:
    """Masks prompts, of which each repeats the last: only what is new in one is looked at."""

    def __init__(self, masking: Masking) -> None:
        self._masking = masking
        self._lock = threading.Lock()
        self._last: OrderedDict[str, _Prompt] = OrderedDict()
        self._bytes = 0

    @property
    def version(self) -> int:
        """That of the masker."""
        return self._masking.version

    def masked_exactly(self, messages: bytes, tools: bytes) -> tuple[bytes, bytes]:
        """Return the JSON of a prompt masked that orjson would not carry; nothing is remembered.

        Raises:
            RecordError: the masker failed.
        """
        try:
            new = self._masking.masked_messages(decode(messages, exact=True))
            new_tools = self._masking.masked_tools(decode(tools, exact=True))
        except Exception as error:
            raise _failed("model_call", error) from error
        return encode(new)[0], encode(new_tools)[0]

    def looked_over(
        self, trace_id: str, head: bytes, messages: bytes, tools: bytes
    ) -> tuple[bytes, bytes] | None:
        """Return what `masked` would, after one look at all that is new; None: it found something.

        ``head``: JSON of what else is in the record, looked at with it.
        """
        version = self._masking.version
        with self._lock:
            last = self._last.get(trace_id)
        if last is not None and last.version != version:
            last = None
        masked, new = messages, [head, messages]  # not put together: a prompt may be long
        if last is not None and messages is last.messages:
            masked, new = last.masked, [head]
        elif last is not None and messages.startswith(last.unclosed):
            tail = messages[len(last.unclosed) :]
            masked = messages if last.masked is last.messages else last.masked[:-1] + tail
            new = [head + tail]
        if last is not None and last.tools == tools:
            tools, masked_tools = last.tools, last.masked_tools
        else:
            masked_tools = tools
            new.append(tools)
        if any(map(self._concerns, new)) or self._masking.version != version:
            return None
        if last is None or messages is not last.messages or tools is not last.tools:
            prompt = _Prompt(messages, masked, tools, masked_tools, version)
            with self._lock:
                self._remember(trace_id, prompt)
        return masked, masked_tools

    def masked(self, trace_id: str, messages: bytes, tools: bytes) -> tuple[bytes, bytes]:
        """Return the JSON of a trace's next prompt masked: its messages and its tools.

        Whoever sees that ``version`` grew meanwhile asks again: something may stand further up.

        Raises:
            RecordError: the masker failed.
        """
        with self._lock:
            last = self._last.get(trace_id)
        try:
            prompt = self._prompt(last, messages, tools)
        except Exception as error:
            raise _failed("model_call", error) from error
        with self._lock:
            self._remember(trace_id, prompt)
        return prompt.masked, prompt.masked_tools

    def _prompt(self, last: _Prompt | None, messages: bytes, tools: bytes) -> _Prompt:
        version = self._masking.version
        if last is not None and last.version != version:
            last = None
        masked = self._grown(last, messages)
        if last is not None and last.tools == tools:
            tools, masked_tools = last.tools, last.masked_tools
        else:
            masked_tools = self._whole(tools, self._masking.masked_tools)
        return _Prompt(messages, masked, tools, masked_tools, version)

    def _grown(self, last: _Prompt | None, messages: bytes) -> bytes:
        """Return messages masked; those that the last prompt had are masked already."""
        if last is None or not messages.startswith(last.unclosed):
            return self._whole(messages, self._masking.masked_messages)
        tail = messages[len(last.messages) - 1 :]
        if not self._concerns(tail):
            is_clean = last.masked is last.messages
            return messages if is_clean else last.masked[:-1] + tail
        comma = tail[:1] if tail.startswith(b",") else b""
        new = orjson.loads(b"[" + tail[len(comma) :])
        found = self._masking.masked_messages(new)
        if found == new and last.masked is last.messages:
            return messages
        return last.masked[:-1] + comma + orjson.dumps(found)[1:]

    def _whole(self, encoded: bytes, masked: Masker) -> bytes:
        if not self._concerns(encoded):
            return encoded
        plain = orjson.loads(encoded)
        found = masked(plain)
        return encoded if found == plain else orjson.dumps(found)

    def _concerns(self, encoded: bytes) -> bool:
        return self._masking.concerns(encoded.decode("utf-8", "replace"), "model_call")

    def _remember(self, trace_id: str, prompt: _Prompt) -> None:
        before = self._last.pop(trace_id, None)
        if before is not None:
            self._bytes -= len(before.messages)
        self._last[trace_id] = prompt
        self._bytes += len(prompt.messages)
        while len(self._last) > 1 and (
            len(self._last) > _PROMPTS_MAX or self._bytes > _PROMPT_BYTES_MAX
        ):
            _, oldest = self._last.popitem(last=False)
            self._bytes -= len(oldest.messages)
