"""Answers that come in pieces: a value may begin in one event and end in the next.

What stands at the same place of all events is put together, masked as one text, and laid out over
the events again. Where it became longer or shorter, pieces end elsewhere than they did; together
they say the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from cassettes.redaction.spelling import spelled_as

_PIECES_MIN: Final = 2
_DEPTH_MAX: Final = 12

Place = tuple[str | int, ...]


class Events:
    """The lines of a text that are JSON, and what stands at each place of them."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self._parsed: dict[int, tuple[str, str, str, Any]] = {}
        """By line: what stands before the JSON, the JSON, what follows it, and what it says."""
        self._pieces: dict[Place, list[tuple[int, Place, str]]] = {}
        for number, line in enumerate(self.lines):
            self._read(number, line)

    def _read(self, number: int, line: str) -> None:
        start, end = line.find("{"), line.rfind("}") + 1
        if start < 0 or end <= start:
            return
        try:
            parsed = json.loads(line[start:end])
        except (ValueError, RecursionError):
            return
        self._parsed[number] = (line[:start], line[start:end], line[end:], parsed)
        self._collect(number, parsed, (), ())

    def _collect(self, number: int, value: Any, place: Place, path: Place) -> None:
        if len(path) > _DEPTH_MAX:
            return
        if type(value) is str:
            self._pieces.setdefault(place, []).append((number, path, value))
        elif type(value) is dict:
            beside = value.get("index")
            for name, item in value.items():
                self._collect(number, item, (*place, *_index(beside), name), (*path, name))
        elif type(value) is list:
            for at, item in enumerate(value):
                self._collect(number, item, (*place, "[]"), (*path, at))

    def masked(
        self, mask: Callable[[str], str], whole_in: Callable[[str], list[tuple[int, int]]]
    ) -> str:
        """Return the text with what its pieces say together masked.

        ``whole_in`` says what of a text no piece may end in: half a placeholder is none.
        """
        changed: set[int] = set()
        for pieces in self._pieces.values():
            said = [piece for _, _, piece in pieces]
            if len(said) < _PIECES_MIN or len(set(said)) == 1:
                continue
            whole = "".join(said)
            found = mask(whole)
            if found != whole:
                self._lay_out(pieces, found, whole_in(found))
                changed.update(number for number, _, _ in pieces)
        for number in changed:
            before, written, after, parsed = self._parsed[number]
            self.lines[number] = before + spelled_as(written, json.loads(written), parsed) + after
        return "\n".join(self.lines)

    def _lay_out(
        self, pieces: list[tuple[int, Place, str]], found: str, whole: list[tuple[int, int]]
    ) -> None:
        at = 0
        for count, (number, path, piece) in enumerate(pieces, 1):
            end = len(found) if count == len(pieces) else max(at, min(at + len(piece), len(found)))
            end = next((after for before, after in whole if before < end < after), end)
            _put(self._parsed[number][3], path, found[at:end])
            at = end


def _index(beside: Any) -> Place:
    return (beside,) if type(beside) is int else ()


def _put(value: Any, path: Place, text: str) -> None:
    for part in path[:-1]:
        value = value[part]
    value[path[-1]] = text
