"""Dates and numbers at marked places: only the place tells that they stand for others.

A placeholder of a text has a mark, that of an email a form. ``1977-01-01`` under a mark is a date
like any: it stands for each of that year that the tools' own world holds. These are masked in what
tools answer today, as they were when it was recorded, and where there is one alone it is given back
to the tool.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from cassettes.redaction.vault import is_learnable
from replay.records import JsonObject, JsonValue
from replay.records.sensitive import Fit

if TYPE_CHECKING:
    from replay.store.redaction import Redaction

_LENGTH_MAX: Final = 32
_DIGIT: Final = re.compile(r"[0-9]")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class MarkedAgain:
    """What marked dates and numbers in one job's arguments stand for, as far as a world tells."""

    def __init__(self, job: JsonObject, redaction: Redaction) -> None:
        self._redaction = redaction
        self._wanted: dict[tuple[str | None, Fit], set[str]] = {}
        """By what their places say, the placeholders."""
        self._alone: dict[str, str] = {}
        self._calls = [order["call"] for group in job["groups"] for order in group]
        self._waiting: list[tuple[str, str, str | None]] = []
        """Values, what stands for each, and the last call whose recorded answer has it openly."""
        for call in self._calls:
            self._at_marks(call, self._note)

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def look_among(self, texts: Iterable[str]) -> None:
        """Find out which of a world's texts the wanted ones stand for."""
        shapes = {_shape(made) for group in self._wanted.values() for made in group}
        numbers = [one for one in texts if _shape(one) in shapes and _is_number(one)]
        for (kind, fit), wanted in self._wanted.items():
            meant: dict[str, list[str]] = {}
            for one in numbers:
                made = self._masked(one, kind, fit)
                if made in wanted and made != one:
                    meant.setdefault(made, []).append(one)
            for made, found in meant.items():
                self._waiting += [(one, made, self._last_open(one)) for one in found]
                if len(found) == 1:
                    self._alone[made] = found[0]
        self._learn_after(None)

    def call(self, call: JsonObject) -> JsonObject:
        """Return a recorded call with what is known at its marked places as it was."""
        return self._at_marks(call, self._as_it_was) if self._alone else call

    def ended(self, call_id: str) -> None:
        """Mask from now on what no later call answered openly: it was learned there."""
        if self._waiting:
            self._learn_after(call_id)

    def _learn_after(self, call_id: str | None) -> None:
        for one, made, last in self._waiting:
            if last == call_id:
                self._redaction.redactor.vault.learn(one, made, is_marked=True)
        self._waiting = [waiting for waiting in self._waiting if waiting[2] != call_id]

    def _last_open(self, value: str) -> str | None:
        held = [call["id"] for call in self._calls if value in (call.get("response") or "")]
        return held[-1] if held else None

    def _at_marks(self, call: JsonObject, act: Any) -> JsonObject:
        given = self._redaction.at_marks(call["tool"], call["arguments"], act)
        return {**call, "arguments": given}

    def _masked(self, text: str, kind: str | None, fit: Fit) -> str:
        from cassettes.redaction.sensitive import Sensitives

        redactor = self._redaction.redactor
        return Sensitives(redactor.key, redactor.placeholder).text(text, kind, fit)

    def _note(self, value: JsonValue, kind: str | None, fit: Fit) -> JsonValue:
        for one in _texts(value):
            if _is_number(one) and not fit.choices:
                self._wanted.setdefault((kind, fit), set()).add(one)
        return value

    def _as_it_was(self, value: JsonValue, kind: str | None, fit: Fit) -> JsonValue:
        if type(value) is dict:
            return {name: self._as_it_was(item, kind, fit) for name, item in value.items()}
        if type(value) is list:
            return [self._as_it_was(item, kind, fit) for item in value]
        return self._alone.get(value, value) if type(value) is str else value


def _texts(value: JsonValue) -> Iterable[str]:
    if type(value) is str:
        yield value
    elif type(value) in (dict, list):
        for item in value.values() if type(value) is dict else value:
            yield from _texts(item)


def _shape(text: str) -> str:
    """Return what a placeholder of digits shares with its value; of a date the year, too."""
    if len(text) > _LENGTH_MAX:
        return ""
    year = text[:4] if _DATE.match(text) else ""
    return year + _DIGIT.sub("0", text)


def _is_number(text: str) -> bool:
    return (
        len(text) <= _LENGTH_MAX
        and not any(map(str.isalpha, text))
        and is_learnable(text, is_marked=True)
    )
