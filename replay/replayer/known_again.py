"""Values that are masked in a recording, and that the tools' own world holds today.

A tool that looks a customer up by email got a real one when it was recorded; the recording has its
placeholder, and the world that the tools' code makes has the real one still. So placeholders that
stand for what is in that world are given back to the tools as what they stand for. It is never
stored: what tools ask and answer is masked in the worker, before anybody is told, and what they
print in the pool, which hears for that what has no form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from cassettes.placeholders import PLACEHOLDER
from cassettes.redaction.vault import Vault
from replay.records import JsonObject
from replay.replayer.own_data import LENGTH_MAX, texts_in

if TYPE_CHECKING:
    from cassettes.redaction import Redactor
    from cassettes.redaction.personal import Kind

_WHOLE_MAX: Final = 64
_CODE: Final = re.compile(r"(?<![0-9.\-])[0-9]{6,15}(?![0-9.\-])")
"""Digits for digits under a secret name: only the key tells that they are a placeholder."""
_NUMBER: Final = re.compile(r"(?<![\w.\-+])[+(]?[0-9][0-9 ().\-/]{5,20}[0-9](?![\w])")
"""What is of a kind where a name says so, and has no form: ``"phone": "555-123-2002"``."""
_NUMBER_LENGTH_MAX: Final = 24
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


class _ListeningVault(Vault):
    """Tells of each value that is learned, and of what stands for it."""

    def __init__(self, heard: Callable[[str, str], object]) -> None:
        super().__init__()
        self._told = heard

    def learn(
        self,
        value: str,
        stand_in: str | None,
        *,
        puts_away: bool = True,
        is_marked: bool = False,
    ) -> None:
        """Remember a value, and tell of it."""
        if stand_in is not None:
            self._told(value, stand_in)
        super().learn(value, stand_in, puts_away=puts_away, is_marked=is_marked)


class KnownAgain:
    """What placeholders stand for, as far as a world tells."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self._real: dict[str, str] = {}
        self._digits: dict[tuple[str, str], str] = {}
        """By kind and the digits of a placeholder, the digits of the value: however it is written.
        """
        self._whole: dict[str, str] = {}
        """By a text as it is masked, the text: also where its parts are packed or spelled oddly."""
        self._shaped: dict[str, dict[str, str]] = {}
        """By the mark in a placeholder, it with the shape that it kept, and what it stands for."""
        self._marked: dict[str, str] = {}
        """What placeholders of no kind stand for: learned, so that it is masked again."""
        self._looked_at: set[str] = set()
        self._unhashed: list[str] = []
        """Texts of which nobody has asked yet what would stand for them."""
        self._short: dict[str, str] = {}
        """Other short texts, by what would stand for them."""
        self._heard: set[str] | None = None
        """What tools answered today; None: no world was looked at."""

    def is_of(self, redactor: Redactor) -> bool:
        """Whether it was made for ``redactor``."""
        return redactor is self.redactor

    @property
    def told(self) -> JsonObject:
        """What was learned so far, for `take_over` in another process."""
        return {
            "real": self._real,
            "digits": [[*key, digits] for key, digits in self._digits.items()],
            "whole": self._whole,
            "shaped": self._shaped,
            "marked": self._marked,
            "looked_at": list(self._looked_at),
        }

    @property
    def texts(self) -> frozenset[str]:
        """The texts of a world that it has looked at."""
        return frozenset(self._looked_at)

    def take_over(self, told: JsonObject) -> None:
        """Know what another process has learned, and told."""
        self._real |= told["real"]
        self._digits |= {(kind, made): digits for kind, made, digits in told["digits"]}
        self._whole |= told["whole"]
        self._shaped |= told["shaped"]
        self._marked |= told["marked"]
        self._looked_at.update(told["looked_at"])
        self._unhashed += told["looked_at"]
        for made, one in self._marked.items():
            self.redactor.vault.learn(one, made)

    def look_at(self, *parts: Any, whole: bool = False) -> None:
        """Take note of the personal data in a world, and of its texts.

        ``whole``: of texts of any length, which are files then, and hold others.
        """
        found = dict.fromkeys(texts_in(parts, whole=whole))
        texts = [one for one in found if one not in self._looked_at]
        self._looked_at.update(texts)
        self._unhashed += texts
        self._heard = self._heard or set()
        vault = _ListeningVault(self._take_shaped)
        masking = self.redactor.with_vault(vault)
        for text in texts:
            self._look_at_personal(text)
            if len(text) <= LENGTH_MAX and masking.concerns(text):
                masked = masking.text(text)
                if masked != text:
                    self._whole[masked] = text

    def _look_at_personal(self, text: str) -> None:
        rules = self.redactor.rules
        for kind in rules.kinds_in(text):
            for start, end in kind.spans(text):
                self._take(kind, text[start:end])
        if len(text) <= _NUMBER_LENGTH_MAX and _NUMBER.fullmatch(text):
            for kind in rules.kinds:
                if kind.is_named(text):
                    self._take(kind, text)

    def _take(self, kind: Kind, value: str) -> None:
        if kind.is_stand_in(value):
            return
        made = kind.masked(self.redactor.key, value)
        self._real[made] = value
        digits = _number(kind, value)
        if digits and kind.names:
            self._digits[kind.name, _number(kind, made)] = digits

    def _take_shaped(self, value: str, made: str) -> None:
        for mark in PLACEHOLDER.findall(made):
            self._shaped.setdefault(mark, {})[made] = value

    def call(self, call: JsonObject) -> JsonObject:
        """Return a recorded call with what it was asked as it was, where that is known again."""
        found = dict(call)
        found["arguments"] = self.text(call["arguments"])
        if call.get("positional"):
            found["positional"] = self.value(call["positional"])
        return found

    def answered(self, exchange: JsonObject) -> JsonObject:
        """Return a recorded exchange with what it was answered as it was, where that is known."""
        from cassettes.redaction.exchanges import mended

        response = exchange.get("response")
        if not isinstance(response, dict) or "body" not in response:
            return exchange
        body = self.value(response["body"])
        if body == response["body"]:
            return exchange
        return {**exchange, "response": mended({**response, "body": body}, response)}

    def hear(self, response: Any) -> None:
        """Take note of what a tool answered today: a token that it gave out may come back."""
        if self._heard is None or not isinstance(response, str):
            return
        try:
            told = json.loads(response)
        except ValueError:
            told = response.split()
        new = [one for one in texts_in([told]) if one not in self._heard]
        self._heard.update(new)
        self._unhashed += new

    def value(self, value: Any) -> Any:
        """Return a JSON value with what is known again in its texts."""
        if type(value) is str:
            return self.text(value)
        if type(value) is dict:
            return {name: self.value(item) for name, item in value.items()}
        return [self.value(item) for item in value] if type(value) is list else value

    def text(self, text: str) -> str:
        """Return a text, which may be JSON, with what is known again in it."""
        if text in self._whole:
            return self._whole[text]
        self._try_marked(text)
        if self._whole and text[:1] in ("{", "["):
            text = _STRING.sub(self._string, text)
        for mark in set(PLACEHOLDER.findall(text)):
            for made, value in sorted(self._shaped.get(mark, {}).items(), key=_by_length):
                text = text.replace(made, _written(value))
        if not self._real:
            return text
        for kind in self.redactor.rules.kinds_in(text):
            for start, end in reversed(list(kind.spans(text))):
                real = self._stood_for(kind, text[start:end])
                if real is not None:
                    text = text[:start] + _written(real) + text[end:]
        text = _NUMBER.sub(self._named, text)
        text = PLACEHOLDER.sub(lambda found: _written(self._real.get(found[0], found[0])), text)
        return _CODE.sub(lambda found: self._real.get(found[0], found[0]), text)

    def _string(self, found: re.Match[str]) -> str:
        """Return a string in JSON; as it was, where all of it is known again."""
        try:
            real = self._whole.get(json.loads(found[0]))
        except ValueError:
            return found[0]
        return found[0] if real is None else json.dumps(real, ensure_ascii=False)

    def _named(self, found: re.Match[str]) -> str:
        """Return what a number stands for that a name says is one; itself: for nothing known."""
        for kind in _kinds_of_stand_in(found[0], self.redactor):
            real = self._stood_for(kind, found[0])
            if real is not None:
                return _written(real)
        return found[0]

    def _stood_for(self, kind: Kind, made: str) -> str | None:
        """Return what a placeholder stands for, written as it is; None: nobody knows."""
        from cassettes.redaction.personal.kind import digits_of, with_digits

        if made in self._real:
            return self._real[made]
        number = _number(kind, made)
        digits = self._digits.get((kind.name, number))
        if digits is not None and len(digits) == len(number):
            lead = digits_of(made)[: len(digits_of(made)) - len(digits)]
            return with_digits(made, lead + digits)
        return None

    def _try_marked(self, text: str) -> None:
        """Find out what placeholders of any text stand for: one of the world's short texts."""
        wanted = {found[0] for found in PLACEHOLDER.finditer(text)}
        wanted = (wanted | _codes_in(text, self.redactor)) - self._real.keys()
        if not wanted:
            return
        for one in self._unhashed:
            if 6 <= len(one) <= _WHOLE_MAX:
                made = self.redactor.placeholder(one)
                if made != one:  # a placeholder that the world was made of
                    self._short[made] = one
        self._unhashed.clear()
        for made in wanted & self._short.keys():
            one = self._short[made]
            self.redactor.vault.learn(one, made)
            if one in self.redactor.vault or one.isdecimal():
                self._real[made] = self._marked[made] = one


def has_placeholders(job: JsonObject, redactor: Redactor) -> bool:
    """Whether the calls of a job were asked anything, or answered, that is masked."""
    orders = [order for group in job["groups"] for order in group]
    told = json.dumps([(one["call"]["arguments"], one["interactions"]) for one in orders])
    return has_stand_ins(told, redactor)


def has_stand_ins(text: str, redactor: Redactor) -> bool:
    """Whether something in a text stands for what is masked, as far as the key tells.

    Also what is packed as base64.
    """
    if _is_stand_in_in(text, redactor):
        return True
    if not redactor.rules.may_be_packed(text):
        return False
    from cassettes.redaction.packed import opened_base64

    found = False

    def look_into(plain: str) -> str:
        nonlocal found
        found = found or _is_stand_in_in(plain, redactor)
        return plain

    opened_base64(text, look_into)
    return found


def _is_stand_in_in(text: str, redactor: Redactor) -> bool:
    return (
        redactor.holds_placeholders(text)
        or bool(_codes_in(text, redactor))
        or any(_kinds_of_stand_in(found[0], redactor) for found in _NUMBER.finditer(text))
    )


def _kinds_of_stand_in(number: str, redactor: Redactor) -> list[Kind]:
    """Return the kinds that a number is a placeholder of, if a name says that it is of the kind."""
    kinds = redactor.rules.kinds
    return [one for one in kinds if one.is_named(number) and one.is_stand_in(number)]


def _codes_in(text: str, redactor: Redactor) -> set[str]:
    """Return the digits in a text that pass for placeholders of this key: their halves fit."""
    found = {one[0] for one in _CODE.finditer(text)}
    return {one for one in found if redactor.placeholder(one) == one}


def _number(kind: Kind, value: str) -> str:
    """Return the digits of a value; of a phone number those that it has within its country."""
    from cassettes.redaction.personal.kind import digits_of
    from cassettes.redaction.personal.phone import digits_within_country

    return digits_within_country(value) if kind.name == "phone" else digits_of(value)


def _by_length(shaped: tuple[str, str]) -> int:
    return -len(shaped[0])


def _written(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]
