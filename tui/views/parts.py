"""Words with roles: the smallest things a pane is made of.

A role says what a text *is* (``key``, ``bad``, ``dim``); the theme says how that looks. Recorded
text is not trusted: whatever could steer a terminal is shown as an escape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size

Part: TypeAlias = tuple[str, str]
"""A text and its roles, apart by spaces; ``""`` is plain."""
Parts: TypeAlias = tuple[Part, ...]


def printable(text: str) -> str:
    """Return ``text`` on one line, with control characters as escapes and tabs as spaces."""
    if text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    if char == "\t":
        return "    "
    if char in "\n\r":
        return "⏎" if char == "\n" else ""
    if char.isspace():
        return " "
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def cut(text: str, width: int) -> str:
    """Return ``text`` in at most ``width`` columns, with ``…`` where it was cut."""
    if width <= 0:
        return ""
    if len(text) <= width and text.isascii():
        return text
    text = text[: width * 2 + 1]
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def cut_middle(text: str, width: int) -> str:
    """Return ``text`` in at most ``width`` columns, its beginning and its end where it is cut."""
    if cell_len(text) <= width or width < 8 or not text.isascii():
        return cut(text, width)
    end = (width - 1) // 2
    return f"{text[: width - 1 - end]}…{text[-end:]}"


def fit(text: str, width: int) -> str:
    """Return ``text`` in exactly ``width`` columns."""
    text = cut(text, width)
    return text + " " * (width - cell_len(text))


def lasted(duration_ms: float | None) -> str:
    """Return a length of time in at most seven columns: ``40 µs``, ``0.4 ms``, ``2.1 s``."""
    if duration_ms is None:
        return ""
    if duration_ms >= 100_000:
        return f"{duration_ms / 60_000:.1f} min"
    if duration_ms >= 1000:
        return f"{duration_ms / 1000:.1f} s"
    if duration_ms >= 1:
        return f"{duration_ms:.0f} ms"
    return f"{duration_ms:.1f} ms" if duration_ms >= 0.1 else f"{duration_ms * 1000:.0f} µs"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 call``, ``1,204 calls``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def parts_text(parts: Sequence[Part]) -> str:
    """Return the words without their roles."""
    return "".join(text for text, _ in parts)


def fit_parts(parts: Sequence[Part], width: int) -> list[Part]:
    """Return words in exactly ``width`` columns: cut with ``…``, or filled with spaces."""
    fitted: list[Part] = []
    left = width
    for text, role in parts:
        size = cell_len(text)
        if size > left:
            fitted.append((fit(text, left), role))
            return fitted
        fitted.append((text, role))
        left -= size
    if left:
        fitted.append((" " * left, ""))
    return fitted


def within(parts: Sequence[Part], width: int) -> Sequence[Part]:
    """Return words in at most ``width`` columns; spaces too many at their end are no loss."""
    if sum(cell_len(text) for text, _ in parts) <= width:
        return parts
    if cell_len(parts_text(parts).rstrip()) <= width:
        return parts
    return fit_parts(parts, width)
