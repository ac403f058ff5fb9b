"""JSON bytes without some of their members: what is left out is passed over, and never decoded.

A verdict has today's arguments, result and response, a what-if all of them several times: of what
may be thirty megabytes, mostly a tenth is wanted. Decoded, each megabyte takes ten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Final, TypeAlias

Place: TypeAlias = tuple[str, ...]
Span: TypeAlias = tuple[int, int]

EACH: Final = "[*]"
"""In a path: every element of a list."""

_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_KEY: Final = re.compile(rb"\s*+(" + _STRING + rb")\s*+:\s*+", re.DOTALL)
_PLAIN: Final = re.compile(_STRING + rb"|[^\s\"{}\[\],:]++", re.DOTALL)
_BRACKET: Final = re.compile(
    rb'[^"{}\[\]]*+(?:' + _STRING + rb'[^"{}\[\]]*+)*+([{}\[\]])', re.DOTALL
)
_SPACE: Final = re.compile(rb"\s*+")
_NULL: Final = b"null"
_BIG_SIZE: Final = 50_000
_KNOWN_MAX: Final = 8


class _FoundError(Exception):
    """What was looked for begins here: what follows does not matter."""

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.start = start


class NotCutError(ValueError):
    """These bytes are no JSON, or not as it is written here."""


def without_members(body: bytes | memoryview, paths: Sequence[Place]) -> bytes:
    """Return ``body`` with null at ``paths``; where there is nothing, nothing is changed.

    A path is the keys from the root; of a list the number of an element, ``EACH`` for all of them.

    Raises:
        NotCutError: the bytes are not JSON. Not all that is no JSON is noticed.
    """
    return without_spans(body, member_spans(body, paths).values())


def member_spans(body: bytes | memoryview, paths: Sequence[Place]) -> dict[Place, Span]:
    """Return where the values at ``paths`` begin and end, by their paths with all numbers.

    Raises:
        NotCutError: as `without_members`.
    """
    walk = _Walk(body)
    walk.value(0, [tuple(path) for path in paths], ())
    return walk.spans


def without_spans(
    body: bytes | memoryview, spans: Iterable[Span], within: Span | None = None
) -> bytes:
    """Return ``body``, or what is ``within``, with null in the place of the spans in it."""
    start, end = within or (0, len(body))
    pieces: list[bytes | memoryview] = []
    for first, last in sorted(spans):
        if start <= first and last <= end:
            pieces += [body[start:first], _NULL]
            start = last
    return b"".join([*pieces, body[start:end]])


def member_span(body: bytes | memoryview, path: Place) -> Span | None:
    """Return where the value at ``path`` begins and ends; None: there is none.

    Raises:
        NotCutError: as `without_members`.
    """
    start = member_start(body, path)
    return None if start is None else (start, _Walk(body).value(start, [], ()))


def member_start(body: bytes | memoryview, path: Place) -> int | None:
    """Return where the value at ``path`` begins, looking at nothing of it; None: there is none.

    Raises:
        NotCutError: as `without_members`.
    """
    try:
        _Walk(body, is_start_enough=True).value(0, [path], ())
    except _FoundError as found:
        return found.start
    return None


class _Walk:
    """One pass over JSON; only what leads to a path is looked at member by member."""

    def __init__(self, body: bytes | memoryview, *, is_start_enough: bool = False) -> None:
        self._body = body
        self._is_start_enough = is_start_enough
        self.spans: dict[Place, Span] = {}
        self._known: list[Span] = []
        """Big values: the same one may come again, as what two tools were given."""

    def value(self, at: int, paths: list[Place], here: Place) -> int:
        """Note the spans below the value that begins at ``at``; return where it ends."""
        at = self._after_space(at)
        is_wanted = () in paths
        if is_wanted and self._is_start_enough:
            raise _FoundError(at)
        deeper = [path for path in paths if path]
        kind = self._body[at : at + 1]
        if deeper and kind == b"{":
            end = self._object(at + 1, deeper, here)
        elif deeper and kind == b"[":
            end = self._list(at + 1, deeper, here)
        else:
            end = self._passed(at)
        if is_wanted:
            self.spans[here] = (at, end)
        return end

    def _object(self, at: int, paths: list[Place], here: Place) -> int:
        wanted = _by_first(paths)
        if self._is(at, b"}"):
            return self._after_space(at) + 1
        while True:
            key = _KEY.match(self._body, at)
            if key is None:
                raise NotCutError(at)
            name = str(json.loads(key[1]))
            at = self.value(key.end(), wanted.get(name, []), (*here, name))
            if not self._is(at, b","):
                return self._closed(at, b"}")
            at = self._after_space(at) + 1

    def _list(self, at: int, paths: list[Place], here: Place) -> int:
        wanted = _by_first(paths)
        if self._is(at, b"]"):
            return self._after_space(at) + 1
        for index in count():
            name = str(index)
            at = self.value(at, wanted.get(EACH, []) + wanted.get(name, []), (*here, name))
            if not self._is(at, b","):
                break
            at = self._after_space(at) + 1
        return self._closed(at, b"]")

    def _passed(self, at: int) -> int:
        """Return where the value that begins at ``at`` ends."""
        if self._body[at : at + 1] not in (b"{", b"["):
            plain = _PLAIN.match(self._body, at)
            if plain is None:
                raise NotCutError(at)
            return plain.end()
        for first, last in self._known:
            end = at + last - first
            if bytes(self._body[at:end]) == bytes(self._body[first:last]):
                return end
        end = self._closing(at)
        if end - at > _BIG_SIZE:
            self._known.append((at, end))
            del self._known[:-_KNOWN_MAX]
        return end

    def _closing(self, at: int) -> int:
        depth = 0
        for bracket in _BRACKET.finditer(self._body, at):
            depth += 1 if bracket[1] in b"{[" else -1
            if not depth:
                return bracket.end()
        raise NotCutError(at)

    def _after_space(self, at: int) -> int:
        space = _SPACE.match(self._body, at)
        return at if space is None else space.end()

    def _is(self, at: int, sign: bytes) -> bool:
        at = self._after_space(at)
        return self._body[at : at + 1] == sign

    def _closed(self, at: int, sign: bytes) -> int:
        if not self._is(at, sign):
            raise NotCutError(at)
        return self._after_space(at) + 1


def _by_first(paths: list[Place]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for first, *rest in paths:
        found.setdefault(first, []).append(tuple(rest))
    return found
