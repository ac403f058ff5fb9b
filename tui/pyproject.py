"""What the working directory says of itself: its configuration, and whether git knows it."""

from __future__ import annotations

from pathlib import Path


def is_mentioned(words: bytes) -> bool:
    """Say whether a pyproject.toml here or above has ``words`` in it.

    Reading all of the configuration, to find that it says nothing of it, would cost a first paint.
    """
    here = Path.cwd()
    files = (folder / "pyproject.toml" for folder in (here, *here.parents))
    return any(words in _text(file) for file in files)


def is_in_repository() -> bool:
    """Say whether the working directory is in a git repository."""
    here = Path.cwd()
    return any((folder / ".git").exists() for folder in (here, *here.parents))


def _text(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # not there, or not ours to read
