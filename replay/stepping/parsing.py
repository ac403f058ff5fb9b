"""From the text of a condition to its expression; a mistake is told with its place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from typing import Literal as Literal_

from replay.records import JsonValue
from replay.records.codes import code_named
from replay.stepping.closed_lists import is_on_its_list, words_of
from replay.stepping.conditions import (
    FUNCTIONS,
    AnyPart,
    Called,
    Compared,
    Condition,
    Expression,
    Joined,
    Literal,
    Not,
    Part,
    Path,
)
from replay.stepping.facts import FACTS
from replay.stepping.tokens import ConditionError, Token, tokens

_DEPTH_MAX: Final = 40
_SIGNS: Final = ("==", "!=", "<", "<=", ">", ">=", "in", "contains", "like")
_CONSTANTS: Final[dict[str, JsonValue]] = {
    "true": True,
    "false": False,
    "null": None,
    "none": None,
    "True": True,
    "False": False,
    "None": None,
}
_WHOLE: Final = ("==", "!=", "in", "not in")
"""Signs that take a whole value of a closed list, not a piece of one."""
_WORDS: Final = frozenset(("and", "or", "not", "in", "contains", "like"))


@lru_cache(maxsize=512)
def parse(text: str, *, is_kept: bool = False) -> Condition:
    """Return the condition, or the watched expression, that ``text`` says.

    ``is_kept``: it was read before, be it by another version, whose lists may be longer; what is
    compared with a verdict or the like may then be one that there is not.

    Raises:
        ConditionError: it says none; the message shows where, and the nearest name.
    """
    root = _Parser(text, is_kept=is_kept).whole()
    return Condition(text.strip(), root, frozenset(root.names()))


class _Parser:
    """One reading of one text, from left to right."""

    def __init__(self, text: str, *, is_kept: bool) -> None:
        self.text = text
        self.is_kept = is_kept
        self.tokens = tokens(text)
        self.at = 0
        self.depth = 0

    def here(self) -> Token:
        return self.tokens[self.at]

    def whole(self) -> Expression:
        if self.here().kind == "end":
            raise self.error("A condition is wanted", hint="For one: payload.total > 1000")
        found = self.either()
        if self.here().kind != "end":
            raise self.error(f"{self.here().text!r} is too much", hint=self._join_hint())
        return found

    def either(self) -> Expression:
        parts = [self.both()]
        while self.takes("name", "or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Joined("or", tuple(parts))

    def both(self) -> Expression:
        parts = [self.negated()]
        while self.takes("name", "and"):
            parts.append(self.negated())
        return parts[0] if len(parts) == 1 else Joined("and", tuple(parts))

    def negated(self) -> Expression:
        if self.takes("name", "not"):
            self.deeper()
            part = Not(self.negated())
            self.depth -= 1
            return part
        return self.compared()

    def compared(self) -> Expression:
        start = self.at
        left = self.value()
        token = self.here()
        sign = token.text if token.kind in ("name", "sign") else ""
        if sign == "not" and self.tokens[self.at + 1].text == "in":
            self.at += 1
            sign = "not in"
        elif sign not in _SIGNS:
            return left
        self.at += 1
        right_at = self.at
        right = self.value(after=sign)
        self.refuse_unknown(left, sign, right, right_at)
        self.refuse_unknown(right, sign, left, start)
        if self.here().text in _SIGNS and self.here().kind != "text":
            raise self.error("One comparison after the other", hint="Join them with and.")
        return Compared(_as_stored(left, right), sign, _as_stored(right, left))

    def refuse_unknown(self, fact: Expression, sign: str, other: Expression, other_at: int) -> None:
        """Refuse a value that the fact never has: what asks for it would never hold."""
        if self.is_kept or sign not in _WHOLE or not isinstance(other, Literal):
            return
        words = words_of(fact.name) if isinstance(fact, Path) and not fact.parts else None
        if words is None:
            return
        assert isinstance(fact, Path)
        for one in other.value if isinstance(other.value, list) else [other.value]:
            if isinstance(one, str) and not is_on_its_list(fact.name, one):
                while self.tokens[other_at].text != one:
                    other_at += 1
                self.at = other_at
                hint = _nearest(one, words)
                raise self.error(f"The {fact.name} of a step is never {one!r}", hint=hint)

    def value(self, *, after: str = "") -> Expression:
        token = self.here()
        if token.kind == "text":
            self.at += 1
            return Literal(token.text)
        if token.kind == "number":
            self.at += 1
            return Literal(_number(token.text))
        if self.takes("sign", "("):
            self.deeper()
            found = self.either()
            self.expect(")", "that closes the one before")
            self.depth -= 1
            return found
        if self.takes("sign", "["):
            return Literal(self.listed())
        if token.kind == "name" and token.text not in _WORDS:
            return self.named()
        wanted = f"A value is wanted after {after!r}" if after else "A value is wanted"
        raise self.error(wanted)

    def listed(self) -> list[JsonValue]:
        found: list[JsonValue] = []
        while not self.takes("sign", "]"):
            if found:
                self.expect(",", "between the values of a list")
            value = self.value()
            if not isinstance(value, Literal):
                self.at -= 1
                raise self.error("A list holds only texts, numbers, true, false and null")
            found.append(value.value)
        return found

    def named(self) -> Expression:
        token = self.here()
        self.at += 1
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text])
        if self.here().text == "(" and self.here().kind == "sign":
            return self.called(token)
        if token.text not in FACTS:
            self.at -= 1
            raise self.error(f"A step has no {token.text!r}", hint=_nearest(token.text, FACTS))
        return Path(token.text, tuple(self.parts()))

    def called(self, name: Token) -> Expression:
        if name.text not in FUNCTIONS:
            self.at -= 1
            hint = _nearest(name.text, FUNCTIONS)
            raise self.error(f"There is no function {name.text!r}", hint=hint)
        self.expect("(", "")
        self.deeper()
        part = self.value(after=f"{name.text}(")
        self.expect(")", "that closes the one before")
        self.depth -= 1
        return Called(name.text, part)

    def parts(self) -> Iterable[Part]:
        while True:
            if self.takes("sign", "."):
                yield self.key()
            elif self.takes("sign", "["):
                yield self.index()
                self.expect("]", "that closes the one before")
            else:
                return

    def key(self) -> Part:
        token = self.here()
        if token.kind not in ("name", "number") and token.text != "*":
            raise self.error("A name is wanted after '.'", hint="Other keys in quotes: ['a key']")
        self.at += 1
        return AnyPart() if token.text == "*" else token.text

    def index(self) -> Part:
        token = self.here()
        self.at += 1
        if token.kind == "text":
            return token.text
        if token.kind == "number" and token.text.lstrip("-").isdigit():
            return int(token.text)
        if token.text == "*":
            return AnyPart()
        self.at -= 1
        raise self.error("An index, a 'key' or * is wanted after '['")

    def takes(self, kind: str, text: str) -> bool:
        if self.here().kind != kind or self.here().text != text:
            return False
        self.at += 1
        return True

    def expect(self, sign: str, why: str) -> None:
        if not self.takes("sign", sign):
            raise self.error(f"{sign!r} is wanted {why}".strip())

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEPTH_MAX:
            raise self.error(f"More than {_DEPTH_MAX} conditions within one another")

    def error(self, said: str, *, hint: str | None = None) -> ConditionError:
        return ConditionError(said, self.text, self.here().at, hint=hint)

    def _join_hint(self) -> str | None:
        said = self.here().text.lower()
        return f"Write {said}." if said in _WORDS else "Join conditions with and, or."


def _as_stored(one: Expression, other: Expression) -> Expression:
    """Return what is compared with a verdict or an outcome as the code that its word stands for."""
    if not (isinstance(one, Literal) and isinstance(other, Path) and not other.parts):
        return one
    if other.name not in ("outcome", "verdict"):
        return one
    kind: Literal_["outcome", "verdict"] = "outcome" if other.name == "outcome" else "verdict"
    return Literal(_coded(kind, one.value))


def _coded(kind: Literal_["outcome", "verdict"], value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_coded(kind, each) for each in value]
    return (code_named(kind, value) or value) if isinstance(value, str) else value


def _number(text: str) -> JsonValue:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _nearest(word: str, words: Iterable[str]) -> str:
    known = list(words)
    found = difflib.get_close_matches(word, known, n=1)
    return f"Nearest: {found[0]}." if found else f"There are: {', '.join(known)}."
