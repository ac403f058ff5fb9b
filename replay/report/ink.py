"""Colour that may be absent: every mark is also a word or a sign.

Colours are the terminal's own sixteen, so that a light and a dark terminal both show them.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Final

_CODES: Final = {
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "bold": "1",
    "dim": "2",
}

WIDTH_MIN: Final = 40


@dataclass(frozen=True, slots=True)
class Ink:
    """Writes in colour, or without."""

    colored: bool = False

    def paint(self, text: str, *styles: str) -> str:
        """Return ``text`` in ``styles`` (``red``, ``bold``, ...), or as it is without colour."""
        if not self.colored or not styles or not text:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


def plain(text: str) -> str:
    """Return ``text`` on one line without control characters: recorded text is not trusted."""
    text = " ".join(text.split())
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def cells(text: str) -> int:
    """Return the columns that ``text`` takes: a CJK character or an emoji takes two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, width: int) -> str:
    """Return ``text`` in at most ``width`` columns, with ``…`` where it was cut."""
    if cells(text) <= width:
        return text
    from rich.cells import set_cell_size

    return set_cell_size(text, max(0, width - 1)).rstrip() + "…"


def wrap(text: str, width: int, *, indent: str = "", hang: str = "  ") -> list[str]:
    """Return ``text`` as lines of at most ``width`` columns; ``hang`` leads all but the first."""
    return textwrap.wrap(
        text,
        max(width, WIDTH_MIN),
        initial_indent=indent,
        subsequent_indent=indent + hang,
        break_long_words=True,
        break_on_hyphens=False,
    ) or [indent.rstrip()]


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 call``, ``1,204 calls``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
