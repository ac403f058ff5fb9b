"""A request's body as its bytes: what the last request of the conversation had is not read again.

A prompt repeats the conversation, so the body of one model call begins with the bytes of the one
before, up to the end of its messages, and mostly ends with the same bytes: model, tools and
parameters. Comparing 64 KB takes microseconds, parsing and writing them again half a millisecond.
That a body *is* cut at the right places is proven by its parts being JSON: where they are not, the
whole body is read instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from replay.records import JsonObject

_KEYS: Final = {"chat.completions": "messages", "responses": "input", "messages": "messages"}
_SYSTEM_BESIDE: Final = ("messages",)
"""APIs whose system prompt stands beside the messages; here it is the first of them."""
_CLOSING: Final = ord("]")
_SEAMS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Rest:
    """What stands around the messages: model, tools, parameters; the same in a conversation."""

    content: bytes
    """What follows the messages' closing bracket."""
    fields: JsonObject
    """Of the whole body, in its order."""
    tools: bytes | None
    """JSON of the tools."""
    first: bytes = b""
    """JSON of a message that stands elsewhere in the body, and a comma."""


@dataclass(slots=True)
class Sent:
    """A body, read."""

    content: bytes = field(repr=False)
    start: int
    """Where the bracket that opens the messages is."""
    end: int
    """Where the bracket that closes them is."""
    messages: list[Any] = field(repr=False)
    rest: Rest
    opening: memoryview = field(init=False, repr=False)
    """The body up to ``end``."""
    _messages_json: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.opening = memoryview(self.content)[: self.end]

    def messages_json(self) -> bytes:
        """Return the JSON of the messages, as it was sent; each time the very same bytes."""
        if self._messages_json is None:
            first = self.rest.first
            if first:
                sent = self.content[self.start + 1 : self.end + 1]
                self._messages_json = b"[" + (first[:-1] if sent == b"]" else first) + sent
            else:
                self._messages_json = self.content[self.start : self.end + 1]
        return self._messages_json


def read_sent(api: str, content: bytes, before: Sent | None) -> Sent | None:
    """Return a body in its parts, or None when it is not written as OpenAI's clients do.

    ``before``: an earlier body that this one may begin with.
    """
    try:
        if before is not None and content.startswith(before.opening):
            grown = _grown(content, before)
            if grown is not None:
                return grown
        return _read(content, api) if api in _KEYS else None
    except orjson.JSONDecodeError:
        return None


def _grown(content: bytes, before: Sent) -> Sent | None:
    """Return a body that goes on from ``before`` and ends as it does."""
    rest = before.rest
    end = len(content) - len(rest.content) - 1
    if end < before.end or content[end] != _CLOSING or not content.endswith(rest.content):
        return None
    messages = before.messages
    new = content[before.end : end]
    if new:
        if before.end > before.start + 1:
            if not new.startswith(b","):
                return None
            new = new[1:]
        try:
            messages = [*messages, *orjson.loads(b"[" + new + b"]")]
        except orjson.JSONDecodeError:  # what looks like its end is inside of something else
            return None
    return Sent(content, before.start, end, messages, rest)


def _read(content: bytes, api: str) -> Sent | None:
    key = _KEYS[api]
    opening = f'"{key}":['.encode()
    at = content.find(opening)
    if at < 1:
        return None
    fields = orjson.loads(content)
    # What is before the messages is JSON once it is closed: so they are not inside of anything.
    names_before = list(orjson.loads(content[: at - 1] + b"}")) if at > 1 else []
    messages = fields.pop(key, None)
    names = list(fields)
    if not isinstance(messages, list) or names[: len(names_before)] != names_before:
        return None
    start = at + len(opening) - 1
    end = _end(content, start, names[len(names_before) :])
    if end is None:
        return None
    tools = fields.get("tools")
    tools_json = orjson.dumps(tools) if isinstance(tools, list) else None
    first = b""
    if (
        api in _SYSTEM_BESIDE
        and not _names_earlier(fields)
        and (system := fields.pop("system", None))
    ):
        said = {"role": "system", "content": system}
        messages = [said, *messages]
        first = orjson.dumps(said) + b","
    return Sent(content, start, end, messages, Rest(content[end + 1 :], fields, tools_json, first))


def _names_earlier(fields: JsonObject) -> bool:
    """Whether the server adds what it was told before, the system prompt too."""
    thread = fields.get("thread")
    return isinstance(thread, dict) and thread.get("previous_message_id") is not None


def _end(content: bytes, start: int, names: list[str]) -> int | None:
    """Return where the messages that begin at ``start`` end; ``names``: the keys after them."""
    if not names:
        return len(content) - 2 if content.endswith(b"]}") else None
    # Inside a string its quotes would be escaped.
    seam = f'],"{names[0]}":'.encode()
    end = start
    for _ in range(_SEAMS_MAX):
        end = content.find(seam, end + 1)
        if end < 0:
            return None
        try:
            if list(orjson.loads(b"{" + content[end + 2 :])) == names:
                return end
        except orjson.JSONDecodeError:  # this one is inside of a message
            continue
    return None
