"""Lines of a tool's source, as people look for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_BEGINNINGS: Final = ("def ", "async def ")


def definition_line(lines: Sequence[str], first: int) -> int:
    """Return the line of a function's ``def``, which Python says begins at its first decorator.

    ``lines``: of the file, or none; ``first``: what Python says, from 1, and comes back where
    nothing better is found.
    """
    if not 0 < first <= len(lines) or not lines[first - 1].lstrip().startswith("@"):
        return first
    for number, line in enumerate(lines[first - 1 :], first):
        if line.lstrip().startswith(_BEGINNINGS):
            return number
    return first
