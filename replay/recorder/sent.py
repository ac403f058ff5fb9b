"""A request's body as its bytes: what the last request of the conversation had is not read again.

A prompt repeats the conversation, so the body of one model call begins with the bytes of the one
before: ``{"messages":[`` and the messages so far. Comparing 64 KB takes microseconds, parsing and
writing them again half a millisecond. That a body *is* cut at the right place is proven by both
parts being JSON: where it is not, the whole body is read instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from replay.records import JsonObject

_OPENINGS: Final = {"chat.completions": b'{"messages":', "responses": b'{"input":'}
_SEAMS: Final = (b'],"model":', b'],"instructions":')
"""What OpenAI's clients write after the messages. Inside a string its quotes would be escaped."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What follows the messages: model, tools and parameters; the same in a whole conversation."""

    content: bytes
    fields: JsonObject
    tools: bytes | None
    """JSON of the tools."""


@dataclass(slots=True)
class Sent:
    """A body, read."""

    opening: bytes
    """The body up to the bracket that closes the messages, without it."""
    messages: list[Any] = field(repr=False)
    rest: Rest
    _messages_json: bytes | None = field(default=None, repr=False)

    def messages_json(self) -> bytes:
        """Return the JSON of the messages, as it was sent; each time the very same bytes."""
        if self._messages_json is None:
            self._messages_json = self.opening[self.opening.index(b"[") :] + b"]"
        return self._messages_json


def read_sent(api: str, content: bytes, before: Sent | None) -> Sent | None:
    """Return a body in its parts, or None when it is not written as OpenAI's clients do.

    ``before``: an earlier body that this one may begin with.
    """
    start = len(_OPENINGS[api])
    messages: list[Any] = []
    if before is not None and content.startswith(before.opening):
        messages = before.messages
        start = len(before.opening)
    elif not content.startswith(_OPENINGS[api] + b"["):
        return None
    end = content.find(_SEAMS[0], start)
    if end < 0:
        end = content.find(_SEAMS[1], start)
    if end < 0:
        return None
    new = content[start:end]
    try:
        if not messages:
            messages = orjson.loads(new + b"]")
        elif new:
            if not new.startswith(b","):
                return None
            messages = [*messages, *orjson.loads(b"[" + new[1:] + b"]")]
        rest = _rest(content[end + 2 :], before)
    except orjson.JSONDecodeError:
        return None
    if _OPENINGS[api][2:-2].decode() in rest.fields:
        return None  # a key twice: the last one counts
    return Sent(content[:end], messages, rest)


def _rest(content: bytes, before: Sent | None) -> Rest:
    if before is not None and content == before.rest.content:
        return before.rest
    fields = orjson.loads(b"{" + content)
    tools = fields.get("tools")
    return Rest(content, fields, orjson.dumps(tools) if isinstance(tools, list) else None)
