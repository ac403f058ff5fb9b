"""From the model's raw text to a dict of arguments, or a precise complaint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from replay.records import JsonObject
from replay.records.quotes import quoted_place


class BadJson(Exception):
    """The arguments are not a JSON object. The message is written for the model."""


@dataclass(slots=True)
class ParsedArguments:
    """Arguments as a dict, with what a reader should know of how they were read."""

    values: JsonObject
    notes: list[str]


class _PairsReader:
    """Builds each object and remembers keys that occur twice."""

    __slots__ = ("repeated",)

    def __init__(self) -> None:
        self.repeated: list[str] = []

    def read(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(pairs)
        if len(values) != len(pairs):
            names = [name for name, _ in pairs]
            self.repeated += sorted({name for name in names if names.count(name) > 1})
        return values


def _no_constant(name: str) -> NoReturn:
    raise BadJson(f"The arguments hold {name}, which JSON does not have.")


_decoder = json.JSONDecoder(parse_constant=_no_constant)
_scan = _decoder.scan_once  # type: ignore[attr-defined]  # public, but not in typeshed


def parse_arguments(raw: str) -> ParsedArguments:
    """Return the arguments that ``raw`` holds; an empty text is no arguments.

    Raises:
        BadJson: it is not JSON, or not an object; says where and what was found.
    """
    try:
        values, end = _scan(raw, 0)
    except StopIteration:
        values, end = None, -1
    except BadJson:
        raise
    except (ValueError, RecursionError):
        values, end = None, -1  # read again below, where the complaint is made
    if type(values) is not dict or end != len(raw):
        values = _decoded(raw)
    if values is _EMPTY:
        return ParsedArguments({}, ["The arguments were an empty text, read as {}."])
    if raw.count('":') != len(values):
        return ParsedArguments(values, _repeated_keys(raw))
    return ParsedArguments(values, [])


_EMPTY: Any = object()


def _decoded(raw: str) -> Any:
    try:
        values = _decoder.decode(raw)
    except BadJson:
        raise
    except json.JSONDecodeError as error:
        if not raw.strip():
            return _EMPTY
        raise BadJson(_complaint(raw, error)) from error
    except RecursionError as error:
        raise BadJson("The arguments are nested too deeply to be read.") from error
    except ValueError as error:  # an integer of more than 4,300 digits
        raise BadJson(f"The arguments cannot be read as JSON: {error}.") from error
    if type(values) is not dict:
        raise BadJson(
            f'The arguments must be a JSON object, like {{"name": "value"}}; '
            f"they are {_kind(values)}."
        )
    return values


def raw_arguments(arguments: str | Mapping[str, Any] | None) -> str:
    """Return ``arguments`` as the text that is recorded: text as it is, else compact JSON."""
    if type(arguments) is str:
        return arguments
    if arguments is None:
        return "{}"
    if isinstance(arguments, str):
        return str(arguments)
    try:
        return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return repr(arguments)


def _repeated_keys(raw: str) -> list[str]:
    reader = _PairsReader()
    json.JSONDecoder(object_pairs_hook=reader.read).decode(raw)
    return [
        f"The key {name!r} occurs more than once in one object; the last value counts."
        for name in reader.repeated
    ]


def _complaint(raw: str, error: json.JSONDecodeError) -> str:
    what = error.msg.removesuffix(" at")  # "Unterminated string starting at"
    return f"The arguments are not valid JSON: {what} {quoted_place(raw, error)}."


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "a text" if isinstance(value, str) else "a list"
