"""What an option is given as a text or JSON, or as the name of a file that has it: ``@FILE``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from replay.errors import ReplayError


def text_given(given: str) -> str:
    """Return what was given, or what is in the file that ``@FILE`` names.

    Raises:
        ReplayError: the file cannot be read.
    """
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ReplayError(f"The file {given[1:]!r} cannot be read: {why}.") from error


def json_given(option: str, given: str) -> Any:
    """Return the JSON that was given, or that is in the file.

    Raises:
        ReplayError: the file cannot be read, or it is no JSON; names ``option``.
    """
    text = text_given(given)
    try:
        return json.loads(text)
    except ValueError as error:
        raise ReplayError(
            f"What {option} gives is no JSON: {error}: {cut(text)}.",
            hint="In a shell, put it in single quotes, or give a file: @edited.json.",
        ) from error


def cut(text: str | None) -> str:
    """Return what was given as an error shows it."""
    said = repr(text)
    return said if len(said) <= 80 else f"{said[:79]}…"
