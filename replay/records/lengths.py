"""Lengths of time and sizes of files, as people write them: ``30d``, ``500MB``."""

from __future__ import annotations

import re
from typing import Final

FOREVER: Final = "forever"
_UNITS_S: Final = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
_UNITS: Final = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
SIZE_BYTES_MIN: Final = 1_000_000
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?")


def seconds_kept(text: str) -> int | None:
    """Return how many seconds ``30m``, ``12h``, ``7d``, ``2w``, ``1y`` are; None: ``forever``.

    Raises:
        ValueError: it is none of these.
    """
    if text == FOREVER:
        return None
    unit = _UNITS_S.get(text[-1:])
    if unit is None or not text[:-1].isdecimal() or not int(text[:-1]):
        raise ValueError(f"{text!r} is no length of time: write 12h, 30d, 8w, 1y or forever")
    return int(text[:-1]) * unit


def size_bytes(text: str | int) -> int:
    """Return how many bytes ``500MB``, ``2 GiB`` or a number are.

    Raises:
        ValueError: it is none of these, or less than a database takes in which there is nothing.
    """
    found = _SIZE.fullmatch(str(text).strip().lower())
    if found is None:
        raise ValueError(f"{text!r} is no size: write 500MB or 2GiB")
    number, unit, binary = found.groups()
    factor = _UNITS[unit]
    if binary:
        factor = 1024 ** ["", "k", "m", "g", "t"].index(unit)
    size = round(float(number) * factor)
    if size < SIZE_BYTES_MIN:
        raise ValueError(
            f"{text!r} is too small: an empty database takes half a megabyte. 1MB is the least"
        )
    return size
