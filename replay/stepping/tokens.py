"""The words of a condition, each with its place; and the error that shows where one is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from replay.errors import ReplayError

TEXT_CHARS_MAX: Final = 2_000

Kind: TypeAlias = Literal["number", "text", "name", "sign", "end"]

_TOKEN: Final = re.compile(
    r"(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>==|!=|<=|>=|[<>.,*()\[\]])"
)
_INSTEAD: Final = {"&&": "and", "||": "or", "!": "not", "=": "==", "=~": "like", "~": "like"}
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}


class ConditionError(ReplayError):
    """A condition that cannot be read; the message shows the place."""

    def __init__(self, said: str, text: str, at: int, *, hint: str | None = None) -> None:
        """``at``: the index of the character in ``text`` where it went wrong."""
        self.said = said
        self.column = at + 1
        pointed = f"  {text}\n  {' ' * at}^"
        super().__init__(f"{said} (column {self.column}):\n{pointed}", hint=hint)

    @property
    def short(self) -> str:
        """The message without the condition, for a single line."""
        hint = f" {self.hint}" if self.hint else ""
        return f"column {self.column}: {self.said}.{hint}"


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, text or sign."""

    kind: Kind
    text: str
    """As written; of a quoted text what stands between the quotes."""
    at: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of ``text``; the last one is its end.

    Raises:
        ConditionError: a sign that no condition has, a quote that is not closed, too long a text.
    """
    if len(text) > TEXT_CHARS_MAX:
        said = f"A condition has at most {TEXT_CHARS_MAX:,} characters, this one {len(text):,}"
        raise ConditionError(said, text[:60] + "…", 0)
    found: list[Token] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return [*found, Token("end", "", at)]
        match = _TOKEN.match(text, at)
        if match is None:
            raise _no_token(text, at)
        kind: Kind = match.lastgroup  # type: ignore[assignment]  # the groups are the kinds
        written = match.group()
        found.append(Token(kind, _unquoted(written) if kind == "text" else written, at))
        at = match.end()


def _unquoted(written: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), written[1:-1])


def _no_token(text: str, at: int) -> ConditionError:
    for sign, instead in _INSTEAD.items():
        if text.startswith(sign, at):
            return ConditionError(f"{sign!r} has no meaning here", text, at, hint=f"Use {instead}.")
    if text[at] in "'\"":
        return ConditionError("This quote is not closed", text, at)
    return ConditionError(f"{text[at]!r} has no meaning here", text, at)
