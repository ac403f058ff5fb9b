"""What was copied, as a file: for terminals that do not take a clipboard's worth of text.

OSC 52 is a request that nobody answers: a terminal that does not know it drops it silently, and
some take a hundred kilobytes at most.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


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
