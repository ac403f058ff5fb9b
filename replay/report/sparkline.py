"""A row of numbers as marks of different heights: how something went over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

BLOCKS: Final = "▁▂▃▄▅▆▇█"
LETTERS: Final = "_.-=+*#@"
"""Where the output's encoding has no blocks."""


def sparkline(numbers: Sequence[float], *, encoding: str | None = "utf-8") -> str:
    """Return one mark for each number; a space for zero, the highest for the largest."""
    marks = BLOCKS if (encoding or "utf-8").lower().startswith("utf") else LETTERS
    most = max(numbers, default=0)
    if not most:
        return " " * len(numbers)
    return "".join(
        " " if not number else marks[min(len(marks) - 1, int(number / most * len(marks)))]
        for number in numbers
    )
