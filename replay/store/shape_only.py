"""Calls of tools of which nothing is stored but a keyed hash and the shape.

Equal payloads have equal hashes, so it can still be seen that a tool was asked the same twice. What
a model said to such a tool, and what it was told, is left out of prompts and outputs in the same
way; raw streams that hold such a call are left out whole.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any, Final

from replay.records.base import JsonObject, JsonValue
from replay.records.canonical import canonical_json
from replay.records.sensitive import SHAPE, STORED, ToolMarks, announced

_PAYLOADS: Final = ("payload", "positional", "result")
_TEXTS: Final = ("arguments", "response")
_CALLS_MAX: Final = 4096
_SAID: Final = ("arguments", "input", "args")
_CALL_IDS: Final = ("id", "call_id")
_ANSWERED: Final = ("tool_call_id", "tool_use_id", "call_id")
_TOLD: Final = ("content", "output")


class ShapeOnly:
    """Which tools are so, and the ids of their latest calls: answers name only these."""

    def __init__(self, tools: Iterable[str], key: Callable[[], bytes]) -> None:
        self._globs = tuple(tools)
        self._key = key
        self._lock = threading.Lock()
        self._calls: OrderedDict[str, None] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._globs)

    def concern(self, encoded: str) -> bool:
        """Whether the JSON of records may hold a call of such a tool, or an answer to one."""
        return any(
            any(sign in glob for sign in "*?[") or glob in encoded for glob in self._globs
        ) or any(call in encoded for call in list(self._calls))

    def covers(self, tool: Any) -> bool:
        """Whether ``tool`` is such a one."""
        return type(tool) is str and any(fnmatchcase(tool, glob) for glob in self._globs)

    def of(self, value: Any) -> JsonObject:
        """Return what is stored of a value: ``{"stored": "shape", "hash": ..., "shape": ...}``."""
        if is_shape(value):
            return dict(value)
        encoded = canonical_json(value)
        digest = hmac.new(self._key(), b"shape" + encoded, hashlib.sha256).hexdigest()[:32]
        return {STORED: SHAPE, "hash": digest, "shape": shape_of(value)}

    def text_of(self, text: str) -> str:
        """Return what is stored of a text, which may be JSON."""
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        return json.dumps(self.of(value), ensure_ascii=False, separators=(",", ":"))

    def call(self, fields: JsonObject) -> JsonObject:
        """Return the record of a tool call without its payloads; of another tool as it is."""
        if not self.covers(fields["tool"]):
            return fields
        self._remember(fields.get("id"), fields.get("provider_call_id"))
        found = dict(fields)
        for name in _PAYLOADS:
            if found.get(name) is not None:
                found[name] = self.of(found[name])
        for name in _TEXTS:
            if found.get(name):
                found[name] = self.text_of(found[name])
        if found.get("error") is not None:
            error = found["error"]
            details = _bare_details(error.get("details"))
            found["error"] = {**error, "message": "", "traceback": None, "details": details}
        found.pop("draws", None)
        found["attributes"] = {
            **{
                name: found.get("attributes", {}).get(name)
                for name in ("request_id", "toolbox")
                if name in found.get("attributes", {})
            },
            STORED: SHAPE,
        }
        return found

    def record(self, fields: JsonObject) -> JsonObject:
        """Return any record without what it holds of such calls."""
        kind = fields["kind"]
        if kind == "tool_call":
            return self.call(fields)
        if kind in ("interaction", "attempt"):
            call_id = fields.get("tool_call_id", fields.get("call_id"))
            return _without_content(fields) if self.is_of_call(call_id) else fields
        if kind != "model_call":
            return fields
        said = {name: self.said(value) for name, value in fields.items()}
        if said != fields:
            said.pop("stream", None)
        return said

    def is_of_call(self, call_id: Any) -> bool:
        """Whether the call with this id, ours or the provider's, is one of such a tool."""
        return call_id in self._calls

    def said(self, value: Any) -> Any:
        """Return what a model said or was told without such calls and their answers."""
        if type(value) is list:
            return [self.said(item) for item in value]
        if type(value) is not dict:
            return value
        function = value.get("function")
        named: JsonObject = function if type(function) is dict else value
        if self.covers(named.get("name")) and any(name in named for name in _SAID):
            self._remember(*(value.get(name) for name in _CALL_IDS))
            return self._without(value, named)
        if any(self.is_of_call(value.get(name)) for name in _ANSWERED):
            return {
                name: self._told(item) if name in _TOLD else item for name, item in value.items()
            }
        return {name: self.said(item) for name, item in value.items()}

    def _without(self, value: JsonObject, named: JsonObject) -> JsonObject:
        clean = {
            name: item if name not in _SAID else self._told(item) for name, item in named.items()
        }
        return clean if named is value else {**value, "function": clean}

    def _told(self, value: Any) -> Any:
        return self.text_of(value) if type(value) is str else self.of(value)

    def _remember(self, *ids: Any) -> None:
        with self._lock:
            for one in ids:
                if type(one) is str and one:
                    self._calls[one] = None
            while len(self._calls) > _CALLS_MAX:
                self._calls.popitem(last=False)


class OnlyShapes:
    """A `replay.store.masking.Masking` for where nothing else is masked: such calls still are."""

    version = 0

    def __init__(self, tools: Iterable[str], key: Callable[[], bytes]) -> None:
        """``tools``: globs of names, beside those of the tools that say so themselves."""
        self._globs, self._key = tuple(tools), key
        self._marks: ToolMarks | None = None
        self._shape_only = ShapeOnly(self._globs, key)

    def _of_now(self) -> ShapeOnly:
        """Tools may be registered after the recorder was made."""
        marks = announced()
        if marks is not self._marks:
            self._marks = marks
            self._shape_only = ShapeOnly((*self._globs, *sorted(marks.shape_only)), self._key)
        return self._shape_only

    def concerns(self, encoded: str, kind: str) -> bool:
        """Whether the JSON of records could hold such a call, or an answer to one."""
        del kind
        shape_only = self._of_now()
        return bool(shape_only) and shape_only.concern(encoded)

    def masked(self, records: list[JsonObject]) -> list[JsonObject]:
        """Return records without what they hold of such calls."""
        shape_only = self._of_now()
        return [shape_only.record(fields) for fields in records]

    def masked_messages(self, messages: JsonValue) -> JsonValue:
        """Return the messages of a prompt without such calls and their answers."""
        found: JsonValue = self._of_now().said(messages)
        return found

    def masked_tools(self, tools: JsonValue) -> JsonValue:
        """Return the tool definitions of a prompt as they are."""
        return tools


def is_shape(value: Any) -> bool:
    """Whether ``value`` is what `ShapeOnly.of` made."""
    return type(value) is dict and value.get(STORED) == SHAPE and "hash" in value


def _without_content(fields: JsonObject) -> JsonObject:
    """Return an interaction or a try of such a call."""
    from cassettes.redaction.exchanges import bare_exchange

    if fields["kind"] == "attempt":
        return {name: value for name, value in fields.items() if name != "error"}
    why = "only the shape of this tool's calls is stored"
    return {**fields, "exchange": bare_exchange(fields["exchange"], why)}


def _bare_details(details: Any) -> list[JsonObject] | None:
    """Return of pydantic's errors which they are and where; of other details nothing."""
    if type(details) is not list or not all(type(one) is dict for one in details):
        return None
    return [{name: one[name] for name in ("type", "loc") if name in one} for one in details] or None


def shape_of(value: Any) -> Any:
    """Return the shape of a JSON value: types in the places of values, and how long lists are."""
    if type(value) is dict:
        return {name: shape_of(item) for name, item in value.items()}
    if type(value) is list:
        shapes = [shape_of(item) for item in value]
        kinds = [one for at, one in enumerate(shapes) if one not in shapes[:at]]
        return {"list": kinds, "length": len(value)}
    names = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")
