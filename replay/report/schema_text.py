"""A tool's schema as text: its parameters as a table, its definition as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from difflib import unified_diff

from replay.compatibility.changes import SchemaChange
from replay.compatibility.type_words import Parameter
from replay.records import JsonValue
from replay.report.ink import cells, cut, plain, wrap

_ADDED = ("PROPERTY_ADDED", "PROPERTY_ADDED_TO_OPEN", "VALUE_ADDED", "VARIANT_ADDED")
_REMOVED = ("PROPERTY_REMOVED", "REMOVED_FROM_OPEN", "REMOVED_FROM_CLOSED", "VALUE_REMOVED")
_NAME_WIDTH_MAX = 36
_TYPE_WIDTH_MAX = 26
_BESIDE_WIDTH_MIN = 40


def parameter_lines(parameters: Sequence[Parameter], *, width: int) -> list[str]:
    """Return a table of parameters, ``?`` behind those that may be left out.

    Descriptions are wrapped and whole: in a column of their own where it is wide enough.
    """
    if not parameters:
        return ["It takes no arguments."]
    names = [f"{plain(one.path)}{'' if one.required else '?'}" for one in parameters]
    types = [_type_of(one) for one in parameters]
    name_width = min(max(cells(name) for name in names), _NAME_WIDTH_MAX)
    type_width = min(max(cells(kind) for kind in types), _TYPE_WIDTH_MAX)
    beside = width - name_width - type_width - 4
    lines = []
    for one, name, kind in zip(parameters, names, types, strict=True):
        description = plain(one.description)
        if beside >= _BESIDE_WIDTH_MIN:
            texts = [_folded(name, name_width), _folded(kind, type_width)]
            lines += _columns([*texts, _folded(description, beside)], [name_width, type_width])
        else:
            texts = [_folded(name, name_width), _folded(kind, max(20, width - name_width - 2))]
            lines += _columns(texts, [name_width])
            lines += wrap(description, width, indent="    ", hang="") if description else []
    return lines


def _type_of(one: Parameter) -> str:
    default = "" if one.default is None else f" = {one.default}"
    return plain(f"{one.type}{default}")


def _columns(texts: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """Return columns of lines side by side; the last one needs no width."""
    lines = []
    for row in range(max(len(column) for column in texts)):
        parts = [column[row] if row < len(column) else "" for column in texts]
        filled = [
            part + " " * (size - cells(part)) for part, size in zip(parts, widths, strict=False)
        ]
        lines.append("  ".join([*filled, *parts[len(widths) :]]).rstrip())
    return lines


def _folded(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=True, break_on_hyphens=False) or [""]


def json_lines(value: JsonValue) -> list[str]:
    """Return ``value`` as indented JSON, its keys in their own order."""
    return json.dumps(value, indent=2, ensure_ascii=False).splitlines()


def change_lines(changes: Sequence[SchemaChange], *, width: int, indent: str = "  ") -> list[str]:
    """Return each difference: its sign, its place, what is another now, the rule's name."""
    lines = []
    for one in changes:
        place = f"`{plain(one.path)}` " if one.path else ""
        said = f"{_sign(one.rule)} {place}{plain(one.said)} [{one.rule}]"
        lines += wrap(said, width, indent=indent)
    return lines


def _sign(rule: str) -> str:
    return "+" if rule.endswith(_ADDED) else "-" if rule.endswith(_REMOVED) else "~"


def json_difference(old: JsonValue, new: JsonValue, names: tuple[str, str]) -> list[str]:
    """Return the unified diff of two schemas as indented JSON; empty where they are the same.

    Keys are sorted, but for the names of properties: their order is what a model sees.
    """
    texts = json_lines(_sorted(old)), json_lines(_sorted(new))
    return list(unified_diff(*texts, *names, lineterm="", n=3))


def _sorted(value: JsonValue, *, names: bool = False) -> JsonValue:
    if isinstance(value, dict):
        keys = list(value) if names else sorted(value)
        return {key: _sorted(value[key], names=key == "properties" and not names) for key in keys}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def folded_diff(lines: Sequence[str], *, width: int) -> list[str]:
    """Return the lines of a diff in at most ``width`` columns: what goes on keeps its sign."""
    folded = []
    for line in lines:
        if cells(line) <= width or line.startswith(("@@", "---", "+++")):
            folded.append(cut(line, width))
            continue
        sign, rest = line[:1], line[1:]
        indent = " " * (len(rest) - len(rest.lstrip()))
        parts = _folded(rest.strip(), max(20, width - len(indent) - 3))
        folded += [
            f"{sign}{indent}{'' if index == 0 else '  '}{part}" for index, part in enumerate(parts)
        ]
    return folded
