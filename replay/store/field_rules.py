"""Rules for places: values of tools' calls and of other records that are masked whatever they are.

What a tool is asked stands in its call, and in what the model said and was told again: each of
these is looked through for calls of the tool.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Final

from replay.records.base import JsonObject
from replay.records.sensitive import FieldRule, Fit, Path
from replay.store.torn_json import torn

_ASKED: Final = ("arguments", "payload", "positional")
_PARTS: Final = ("arguments", "result", "response")
_ANY: Final = ("*", "**")

Mask = Callable[[Any, "str | None", Fit], Any]
"""What makes of a value at a marked place what stands for it."""


class FieldRules:
    """The rules of one process, by the records that they are about."""

    def __init__(self, paths: Iterable[str] = (), rules: Iterable[FieldRule] = ()) -> None:
        """``paths``: those of ``[tool.replay.mask]``; ``rules``: those that tools say."""
        self._of_records: list[tuple[str, Path]] = []
        self._of_tools: list[FieldRule] = list(rules)
        for path in paths:
            self._add(tuple(path.replace("[", ".").replace("]", "").split(".")))
        self._needles = {_needle(rule.path) for rule in self._of_tools}
        self._needles |= {_needle(path) for _, path in self._of_records}

    def __bool__(self) -> bool:
        return bool(self._of_tools or self._of_records)

    def _add(self, path: Path) -> None:
        first, *rest = path
        if first in _ANY or rest[:1] == ["**"]:
            inside = rest if first in _ANY else rest[1:]
            self._of_tools += [FieldRule("*", (part, "**", *inside)) for part in _PARTS]
        elif first == "tool_calls" and len(rest) > 1:
            self._of_tools.append(FieldRule(rest[0], tuple(rest[1:])))
        if first != "tool_calls":
            depth = ("**",) if first in _ANY else ()
            self._of_records.append((first, (*depth, *rest)))

    def concern(self, encoded: str) -> bool:
        """Whether a rule may be about the JSON of records; False is certain."""
        return any(needle in encoded for needle in self._needles)

    def are_of_tool(self, tool: str) -> bool:
        """Whether a rule is about calls of ``tool``."""
        return any(fnmatchcase(tool, rule.tool) for rule in self._of_tools)

    def are_of_records(self, kind: str) -> bool:
        """Whether a rule is about records of ``kind`` that are no tool calls: ``trace``."""
        return any(record in (*_ANY, f"{kind}s") for record, _ in self._of_records)

    def applied(self, fields: JsonObject, mask: Mask) -> JsonObject:
        """Return a record with the values at marked places masked."""
        kind = fields["kind"]
        if kind == "tool_call":
            return self._call(fields, mask)
        found = fields
        for record, path in self._of_records:
            if record in (*_ANY, f"{kind}s"):
                found = _at(found, path, partial(_masked, mask, FieldRule("*", path)))
        return {name: self.said(value, mask) for name, value in found.items()}

    def said(self, value: Any, mask: Mask) -> Any:
        """Return what a model said, or was told, with the arguments of calls in it masked."""
        if type(value) is list:
            return [self.said(item, mask) for item in value]
        if type(value) is not dict:
            return value
        found = {name: self.said(item, mask) for name, item in value.items()}
        tool = found.get("name", found.get("tool"))
        if type(tool) is str:
            for name in ("arguments", "input", "args"):
                if name in found:
                    found[name] = self.part(tool, "arguments", found[name], mask)
        return found

    def _call(self, fields: JsonObject, mask: Mask) -> JsonObject:
        found = dict(fields)
        tool = fields["tool"]
        for name, value in fields.items():
            part = "arguments" if name in _ASKED else name
            found[name] = self.part(tool, part, value, mask)
        return found

    def part(self, tool: str, part: str, value: Any, mask: Mask) -> Any:
        """Return one part of a tool's call, ``arguments`` or ``result``, with marks masked."""
        for rule in self._of_tools:
            named, *inside = rule.path
            if fnmatchcase(tool, rule.tool) and fnmatchcase(part, named):
                value = _inside(value, tuple(inside), partial(_masked, mask, rule))
        return value


def _masked(mask: Mask, rule: FieldRule, value: Any) -> Any:
    return mask(value, rule.kind, rule.fit)


def _needle(path: Path) -> str:
    """Return what must stand in a record for ``path`` to lead anywhere in it."""
    return next((part for part in reversed(path) if not part.isdigit() and "*" not in part), "")


def _inside(value: Any, path: Path, mask: Callable[[Any], Any]) -> Any:
    """Return a value, or the JSON in a text, with what ``path`` leads to masked."""
    if type(value) is not str or not path:
        return _at(value, path, mask)
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return torn(value, path, mask) if value.lstrip()[:1] in ("{", "[") else value
    if type(parsed) not in (dict, list):
        return value
    found = _at(parsed, path, mask)
    if found == parsed:
        return value
    is_wide = ", " in value or '": ' in value
    return json.dumps(found, ensure_ascii=False, separators=None if is_wide else (",", ":"))


def _at(value: Any, path: Path, mask: Callable[[Any], Any]) -> Any:
    """Return a JSON value with what ``path`` leads to masked."""
    if not path:
        return mask(value)
    first, rest = path[0], path[1:]
    if first == "**":
        value = _at(value, rest, mask) if rest else mask(value)
        return _each(value, lambda item: _at(item, path, mask))
    if first == "*":
        return _each(value, lambda item: _at(item, rest, mask))
    if type(value) is dict:
        return {
            name: _at(item, rest, mask) if fnmatchcase(name, first) else item
            for name, item in value.items()
        }
    if type(value) is list and first.isdigit() and int(first) < len(value):
        at = int(first)
        return [*value[:at], _at(value[at], rest, mask), *value[at + 1 :]]
    return value


def _each(value: Any, masked: Callable[[Any], Any]) -> Any:
    if type(value) is dict:
        return {name: masked(item) for name, item in value.items()}
    return [masked(item) for item in value] if type(value) is list else value
