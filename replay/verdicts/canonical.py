"""The canonical form of a response: what a text *says*, whatever way it is spelled.

A tool tells the model a text. The text is read as JSON where it is JSON, else as a Python literal
(``str(dict)``), else it stands for itself. ``1``, ``1.0`` and ``true`` stay apart.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import count
from typing import Any, Final, Literal

import orjson

from replay.records import JsonValue

_CONTAINERS: Final = (dict, list)
"""A name for it: the union would be made anew for each of a million values."""

_DEPTH_MAX: Final = 200
"""Deeper values are compared as text: Python's own recursion limit is not far above."""

_LITERAL_CHARS_MAX: Final = 1_000_000
"""Longer Python literals are compared as text: ``ast`` takes about 300 bytes a character."""

_INTEGRAL_MAX: Final = 2**53
"""Up to here every whole float is exactly one integer."""

_SPELLINGS: Final = (
    # pydantic puts its own version into every error text
    (re.compile(r"https://errors\.pydantic\.dev/[^/\s]+/"), "https://errors.pydantic.dev/*/"),
    # <Client object at 0x7f2a5c0b3d90>
    (re.compile(r"\bat 0x[0-9a-fA-F]{6,16}\b"), "at 0x*"),
    (re.compile(r"[\r\n]+$"), ""),
    # what our own error texts name beside the mistake: a further tool changes no answer
    (re.compile(r"(?<=\. )The tools are: [^\n]*\.$"), "The tools are: *."),
    (re.compile(r"(?<=there is no such argument\. )It takes: [^\n]*\.(?=\n|$)"), "It takes: *."),
)

_MAY_BE_RESPELLED: Final = re.compile(r"[\r\n]$|at 0x|errors\.pydantic|The tools are: |It takes: ")
"""Most texts are short values: one look tells them from what needs three."""

Form = Literal["json", "python", "text", "nothing"]
"""How a response was spelled. ``nothing``: the model was told nothing at all."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a response says."""

    form: Form
    value: JsonValue
    """For ``text`` the text itself, for ``nothing`` None."""


class Likeness(StrEnum):
    """How alike two responses are."""

    SAME = "same"
    """One canonical form, spelled in one way."""
    RESPELLED = "respelled"
    """They say one and the same in two spellings."""
    DIFFERENT = "different"


def read_response(text: str | None) -> Reading:
    """Return what ``text`` says. Never raises: a text nobody can parse stands for itself."""
    if text is None:
        return Reading("nothing", None)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _read_literal(text)
    if _is_text(value, text) or nests_deeply(value):
        return Reading("text", text)
    return Reading("json", value)


def _is_text(value: JsonValue, text: str) -> bool:
    """Whether a bare value is a text that only looks like JSON: ``1.10``, ``1e3``, `` 7``.

    Nobody writes a number so as JSON, and as a version or a code it is another than 1.1.
    """
    return not isinstance(value, dict | list | str) and json.dumps(value) != text


def compare(recorded: str | None, replayed: str | None) -> Likeness:
    """Return how alike two responses are; costs next to nothing for equal texts."""
    if recorded == replayed:
        return Likeness.SAME
    if recorded is None or replayed is None:
        return Likeness.DIFFERENT
    return compare_readings(
        read_response(recorded),
        read_response(replayed),
        # The order of JSON's keys is no spelling at all. Spaces and escapes are; they show in
        # the length.
        same_layout=len(recorded) == len(replayed),
    )


def compare_readings(recorded: Reading, replayed: Reading, *, same_layout: bool) -> Likeness:
    """Return how alike two read responses are."""
    if "text" in (recorded.form, replayed.form) and recorded.form != replayed.form:
        return Likeness.DIFFERENT  # `"ab"` with its quotes, and ab without
    if canonical_bytes(recorded.value) == canonical_bytes(replayed.value):
        both_json = recorded.form == replayed.form == "json"
        return Likeness.SAME if both_json and same_layout else Likeness.RESPELLED
    return (
        Likeness.RESPELLED
        if respelled(recorded.value) == respelled(replayed.value)
        else Likeness.DIFFERENT
    )


def canonical_bytes(value: JsonValue) -> bytes:
    """Return ``value`` as JSON with sorted keys; also NaN, infinities and lone surrogates.

    Unlike a stored identity this never raises for what a tool may return: a NaN equals a NaN.
    """
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=repr
    ).encode("utf-8", "surrogatepass")


def same_value(recorded: JsonValue, replayed: JsonValue) -> bool:
    """Return whether two values are equal, with ``1``, ``1.0`` and ``True`` kept apart."""
    if recorded is replayed:
        return True
    if type(recorded) is not type(replayed):
        return False
    if isinstance(recorded, dict | list):
        if len(recorded) != len(replayed):
            return False
        quick = _quick_comparison(recorded, replayed)
        if quick is not None:
            return quick
        return canonical_bytes(recorded) == canonical_bytes(replayed)
    if isinstance(recorded, float):
        return repr(recorded) == repr(replayed)
    return bool(recorded == replayed)


def _quick_comparison(recorded: JsonValue, replayed: JsonValue) -> bool | None:
    """Return what `canonical_bytes` would say, twenty times faster; None: only it can say.

    Two values of one text are one, and of two texts two, but for NaN and the infinities, which
    are null here.
    """
    try:
        left = orjson.dumps(recorded, option=orjson.OPT_SORT_KEYS)
        right = orjson.dumps(replayed, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # surrogates, integers beyond 64 bits, keys that are no text
        return None
    if left != right:
        return False
    return True if b"null" not in left or recorded == replayed else None


def same_but_spelling(recorded: JsonValue, replayed: JsonValue) -> bool:
    """Return whether two values differ in spelling at most: ``65`` and ``65.0``."""
    return same_value(recorded, replayed) or respelled(recorded) == respelled(replayed)


def respelled(value: JsonValue) -> bytes:
    """Return the canonical bytes of ``value`` with everything that is only spelling taken out."""
    return canonical_bytes(_respell(value))


def nests_deeply(value: JsonValue) -> bool:
    """Return whether ``value`` nests deeper than can safely be walked."""
    wrapped = value
    for _ in range(_orjson_depth_max() - _DEPTH_MAX):
        wrapped = [wrapped]
    try:  # ten times faster than looking at every value, for nearly all that there are
        orjson.dumps(wrapped)
    except TypeError:  # too deep, or nothing for orjson
        return _nests_deeply(value)
    return False


@cache
def _orjson_depth_max() -> int:
    """Return how deep a value may nest that orjson writes."""
    value: JsonValue = []
    for depth in count(1):
        try:
            orjson.dumps(value)
        except TypeError:
            return depth - 1
        value = [value]
    raise AssertionError("not reached")


def _nests_deeply(value: JsonValue) -> bool:
    level = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(_DEPTH_MAX):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, _CONTAINERS)
        ]
        if not level:
            return False
    return True


def _respell(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _respell(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_respell(child) for child in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < _INTEGRAL_MAX:
        return int(value)
    if isinstance(value, str):
        return _respell_text(value)
    return value


def _respell_text(text: str) -> str:
    if not _MAY_BE_RESPELLED.search(text):
        return text
    for pattern, plain in _SPELLINGS:
        text = pattern.sub(plain, text)
    return text


def _read_literal(text: str) -> Reading:
    """Read ``str(value)`` of a dict, list, tuple or set, ``None``, ``True`` or ``False``."""
    bare = text.strip()
    looks_literal = bare[:1] in ("{", "[", "(") or bare in ("None", "True", "False")
    if not looks_literal or len(bare) > _LITERAL_CHARS_MAX:
        return Reading("text", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" inside a text is the tool's business
            value = _plain(ast.literal_eval(bare))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return Reading("text", text)
    return Reading("text", text) if nests_deeply(value) else Reading("python", value)


def _plain(value: Any) -> JsonValue:
    """A Python literal as JSON: tuples become lists, sets sorted lists (their order is chance)."""
    if isinstance(value, dict):
        plain = {
            key if isinstance(key, str) else repr(key): _plain(child)
            for key, child in value.items()
        }
        if len(plain) < len(value):
            raise ValueError("two keys of the literal become one in JSON")
        return plain
    if isinstance(value, set | frozenset):
        return sorted((_plain(child) for child in value), key=canonical_bytes)
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return repr(value)
