"""One span of OpenTelemetry, in one form whatever it was written as."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from replay.records import CallError, JsonObject, JsonValue

EXCEPTION: Final = "exception"


@dataclass
class SpanEvent:
    """Something that happened inside a span, or a log record that names the span."""

    name: str
    attributes: JsonObject
    body: JsonValue = None
    time_ns: int | None = None


@dataclass
class Span:
    """A span; what is not there is empty."""

    trace_id: str
    id: str
    name: str
    parent_id: str | None = None
    scope: str | None = None
    started_ns: int | None = None
    ended_ns: int | None = None
    is_error: bool = False
    status_message: str = ""
    attributes: JsonObject = field(default_factory=dict)
    events: list[SpanEvent] = field(default_factory=list)
    resource: JsonObject = field(default_factory=dict)

    def text(self, *names: str) -> str | None:
        """Return the first of these attributes that is a text with something in it, or None."""
        values = (self.attributes.get(name) for name in names)
        return next((value for value in values if isinstance(value, str) and value), None)

    def number(self, *names: str) -> int | float | None:
        """Return the first of these attributes that is a number, or None."""
        values = (self.attributes.get(name) for name in names)
        kinds = (int, float)
        return next((v for v in values if isinstance(v, kinds) and not isinstance(v, bool)), None)

    def error(self) -> CallError | None:
        """Return the error that ended it, or None."""
        thrown = next((e.attributes for e in self.events if e.name == EXCEPTION), None)
        kind = self.text("error.type", "exception.type")
        if not (self.is_error or kind or (thrown is not None and self.is_error)):
            return None
        thrown = thrown or {}
        words = thrown.get("exception.message") or self.status_message or self.text("error.message")
        return CallError(
            type=str(thrown.get("exception.type") or kind or "Error"), message=str(words or "")
        )

    def rest(self, *prefixes: str) -> JsonObject:
        """Return the attributes whose names begin with none of ``prefixes``."""
        return {n: v for n, v in self.attributes.items() if not n.startswith(prefixes)}


def parsed(value: JsonValue) -> JsonValue:
    """Return what a text holds as JSON where it does; anything else as it is."""
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def objects(value: JsonValue) -> list[JsonObject]:
    """Return the objects in ``value``, which may be a list, one object, or either as text."""
    value = parsed(value)
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        return []
    found = [parsed(one) for one in value]
    return [one for one in found if isinstance(one, dict)]


def unflattened(attributes: JsonObject, prefix: str) -> JsonValue:
    """Return what the attributes ``prefix.*`` spell: numbers are places in lists."""
    root: JsonObject = {}
    start = f"{prefix}."
    for name, value in attributes.items():
        if not name.startswith(start):
            continue
        node = root
        *path, last = name[len(start) :].split(".")
        for part in path:
            below = node.setdefault(part, {})
            if not isinstance(below, dict):
                break
            node = below
        else:
            if isinstance(node.get(last), dict) and not isinstance(value, dict):
                continue
            node[last] = value
    return _lists(root)


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(one) for key, one in value.items()}


def flattened(value: JsonValue, prefix: str = "") -> JsonObject:
    """Return nested attributes as flat ones: the way back from `unflattened`."""
    if isinstance(value, dict) and value:
        pairs: Iterable[tuple[str, JsonValue]] = value.items()
    elif isinstance(value, list) and any(isinstance(one, (dict, list)) for one in value):
        pairs = ((str(index), one) for index, one in enumerate(value))
    else:
        return {prefix: value} if prefix else {}
    found: JsonObject = {}
    for key, one in pairs:
        found |= flattened(one, f"{prefix}.{key}" if prefix else key)
    return found


def chat_usage(
    asked: int | float | None,
    said: int | float | None,
    *,
    cached: int | float | None = None,
    written: int | float | None = None,
    reasoning: int | float | None = None,
    total: int | float | None = None,
) -> JsonObject | None:
    """Return token counts in the words of chat completions; None where there are none."""
    if asked is None and said is None and total is None:
        return None
    usage: JsonObject = {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": total}
    if total is None and asked is not None and said is not None:
        usage["total_tokens"] = asked + said
    details = {"cached_tokens": cached, "cache_write_tokens": written}
    details = {name: count for name, count in details.items() if count is not None}
    found = {name: count for name, count in usage.items() if count is not None}
    if details:
        found["prompt_tokens_details"] = details
    if reasoning is not None:
        found["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return found
