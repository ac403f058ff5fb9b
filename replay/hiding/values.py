"""The hidden values of one trace, and the sign that stands for each of them wherever they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from cassettes.redaction.shapes import is_placeholder
from cassettes.redaction.vault import is_learnable, spellings

SIGN: Final = "•••••"
"""What is shown in the place of a hidden value, whatever it is and however long."""
OTHER: Final = "•••••≠"
"""The same for a value of today's where another one was recorded: that it differs is no secret."""

_HEAD: Final = 4
_FEW: Final = 64
"""Values that are looked for one by one; of more only those whose first letters stand in a text."""
_BEGINNING_MIN: Final = 6
"""Letters of a value that are known again where a text was cut within it."""


@dataclass(slots=True)
class HiddenValues:
    """Values that stand at hidden places. Learning and looking are not thread-safe."""

    wholes: set[str] = field(default_factory=set)
    """JSON of the values that stood at hidden places."""
    texts: dict[str, str] = field(default_factory=dict)
    """Whole texts that hold hidden values, with what is shown of them: a call's arguments."""
    short: dict[str, str] = field(default_factory=dict)
    """Words and short numbers: looked for nowhere but in what is said of their own place."""
    _needles: dict[str, str] = field(default_factory=dict)
    """Spellings of values, with what stands for each."""
    _heads: dict[str, list[str]] = field(default_factory=dict)
    """Spellings by their first letters."""
    _keys: dict[str, dict[str, int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._needles or self.texts)

    def learn(self, value: Any, shown: Any) -> None:
        """Know a value of a hidden place again, and the texts and numbers in it.

        ``shown``: what is shown of it.
        """
        self.wholes.add(_json(value))
        self._learn(value, shown)

    def know(self, text: str, shown: str) -> None:
        """Know a text that holds a part of a hidden value, and what is shown of it."""
        self._know({text: shown})

    def has(self, value: Any) -> bool:
        """Whether just this value stood at a hidden place."""
        return _json(value) in self.wholes

    def _learn(self, value: Any, shown: Any) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                self._learn(item, shown[name] if isinstance(shown, dict) else shown)
        elif isinstance(value, list):
            for at, item in enumerate(value):
                self._learn(item, shown[at] if isinstance(shown, list) else shown)
        elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
            self._learn_text(str(value), str(shown))

    def _learn_text(self, text: str, shown: str) -> None:
        if is_shown(text) or text == shown:
            return
        if is_learnable(text, is_marked=True):
            if text not in self._needles:
                self._know(dict.fromkeys(spellings(text), shown))
        elif len(text) > _FEW:
            self.texts[text] = shown
        else:
            self.short[text] = shown

    def _know(self, needles: dict[str, str]) -> None:
        for needle in needles:
            if needle not in self._needles:
                self._heads.setdefault(needle[:_HEAD], []).append(needle)
        self._needles |= needles

    def take(self, other: HiddenValues) -> None:
        """Know those of another, too."""
        self.wholes |= other.wholes
        self.texts = other.texts | self.texts
        self.short = other.short | self.short
        self._know(other._needles | self._needles)

    def add(self, others: Iterable[HiddenValues]) -> HiddenValues:
        """Return these and others together."""
        found = HiddenValues()
        for one in (*others, self):  # what is known of these goes before
            found.wholes |= one.wholes
            found.texts |= one.texts
            found.short |= one.short
            found._know(one._needles)
        return found

    def text(self, text: str, *, is_cut: bool = False) -> str:
        """Return a text with the sign for each hidden value; ``is_cut``: it may end within one."""
        whole = self.texts.get(text)
        if whole is not None:
            return whole
        for needle in self._standing_in(text):
            text = text.replace(needle, self._needles[needle])
        if self._needles and (is_cut or "…" in text):
            return self._without_beginnings(text, is_cut=is_cut)
        return text

    def key(self, name: str) -> str:
        """Return a key of an object so: hidden ones stay apart, by a number."""
        shown = self.text(name)
        if shown is name or shown == name:
            return name
        others = self._keys.setdefault(shown, {})
        number = others.setdefault(name, len(others) + 1)
        return shown if number == 1 else f"{shown} {number}"

    def value(self, value: Any) -> Any:
        """Return a JSON value or a record so; the very same one where nothing is hidden in it."""
        if type(value) is str:
            return self.text(value)
        if type(value) is dict:
            found = {self.key(name): self.value(item) for name, item in value.items()}
            return value if _same(found, value) else found
        if type(value) is list:
            items = [self.value(item) for item in value]
            return value if all(map(_is, items, value)) else items
        if type(value) is int:
            return self._number(value)
        if isinstance(value, BaseModel):
            return self.record(value)
        return value

    def _number(self, value: int) -> int | str:
        shown = self._needles.get(str(value))
        if shown is None:
            return value
        return int(shown) if shown.isdecimal() else shown

    def record(self, record: Any, left: frozenset[str] = frozenset()) -> Any:
        """Return a record so, but for the fields ``left``."""
        changed = {}
        for name, item in record.__dict__.items():
            if name not in left and item is not None:
                found = self.value(item)
                if found is not item:
                    changed[name] = found
        return record.model_copy(update=changed) if changed else record

    def said(self, text: str) -> str:
        """Return a line about a hidden place: words and short numbers of it are hidden, too."""
        text = self.text(text)
        for short in sorted(self.short, key=len, reverse=True):
            if short.strip():
                word = rf"(?<![\w.]){re.escape(short)}(?!\.?\w)"
                text = re.sub(word, self.short[short].replace("\\", r"\\"), text)
        return text

    def _standing_in(self, text: str) -> list[str]:
        """Return the spellings that stand in a text, the longest first."""
        if len(self._needles) <= _FEW:
            found = [one for one in self._needles if one in text]
        else:
            heads = {text[at : at + _HEAD] for at in range(len(text) - _HEAD + 1)}
            found = [
                one
                for head in heads & self._heads.keys()
                for one in self._heads[head]
                if one in text
            ]
        return sorted(found, key=len, reverse=True)

    def _without_beginnings(self, text: str, *, is_cut: bool) -> str:
        """Return a text without the beginnings of values at which it was cut."""
        pieces = text.split("…")
        last = len(pieces) - 1
        for at, piece in enumerate(pieces):
            if at < last or is_cut:
                pieces[at] = self._without_beginning(piece)
        return "…".join(pieces)

    def _without_beginning(self, text: str) -> str:
        for needle in self._needles:
            start = text.rfind(needle[:_BEGINNING_MIN])
            if start >= 0 and needle.startswith(text[start:]):
                return text[:start] + self._needles[needle]
        return text


def is_shown(value: Any) -> bool:
    """Whether a value at a hidden place is shown all the same: nothing, or a placeholder."""
    if value is None or value in (SIGN, OTHER):
        return True
    if isinstance(value, (dict, list)):
        items = value.values() if isinstance(value, dict) else value
        return bool(items) and all(map(is_shown, items))
    return isinstance(value, str) and is_placeholder(value)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _same(found: dict[str, Any], value: dict[str, Any]) -> bool:
    return len(found) == len(value) and all(
        name in found and found[name] is item for name, item in value.items()
    )


def _is(one: Any, other: Any) -> bool:
    return one is other
