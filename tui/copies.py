"""What is copied: as a text, and as a file for terminals that do not take a clipboard's worth.

OSC 52 is a request that nobody answers: a terminal that does not know it drops it silently, and
some take a hundred kilobytes at most.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import orjson

_BIG_MIN: Final = 5_000
"""Values in a value, or hundreds of characters, from which on a key would wait."""


def save_copy(text: str, name: str = "copied.json") -> Path:
    """Write ``text`` where only its user can read it, over what was there; return the file.

    Raises:
        OSError: it cannot be written.
    """
    folder = Path(tempfile.gettempdir()) / f"replay-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(13, "it belongs to somebody else", str(folder))
    place = folder / name
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return place


def is_big(value: Any) -> bool:
    """Say whether writing ``value`` as JSON would keep a key waiting; looks at a part of it."""
    left = _BIG_MIN
    waiting = [value]
    while waiting and left > 0:
        held = waiting.pop()
        left -= 1
        if isinstance(held, str):
            left -= len(held) // 100
        elif isinstance(held, dict):
            left -= len(held)
            waiting.extend(held.values() if left > 0 else ())
        elif isinstance(held, list):
            left -= len(held)
            waiting.extend(held if left > 0 else ())
    return left <= 0


def spelled(value: Any) -> str:
    """Return ``value`` as JSON that any terminal takes: half a surrogate is an escape.

    Indented, unless it is big: what nests deeply would become ten times as big by that.
    """
    indent: int | None = 2
    if is_big(value):
        indent = None
        try:  # a second less for five megabytes
            return orjson.dumps(value).decode()
        except TypeError:  # surrogates, integers beyond 64 bits, what is no JSON
            pass
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace").decode()
