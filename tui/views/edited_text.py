"""What is edited of a call, as text for an editor, and back as words for `replay what-if`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from replay.records import Edit


def edit_problem(part: str, text: str) -> str | None:
    """Return what is wrong with an edited text, in words; None: nothing is."""
    try:
        value = json.loads(text)
    except ValueError as error:
        return f"not JSON: {error}"
    if part == "arguments" and not isinstance(value, dict):
        return "arguments are an object: {...}"
    return None


def spelled(value: Any) -> str:
    """Return a value as an editor shows it."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def is_as_given(text: str, given: Any) -> bool:
    """Say whether an edited text is still what it was: ``1`` is not ``true``."""
    value = json.loads(text)
    return bool(value == given and spelled(value) == spelled(given))


def file_name(name: str) -> str:
    """Return a tool's name as part of a file's."""
    return "".join(char if char.isalnum() or char in "-_" else "_" for char in name)[:60]


def words_of_edits(edits: Sequence[Edit], folder: Path) -> list[str]:
    """Return edits as options of `replay what-if`, their values in files of ``folder``.

    Raises:
        OSError: a file cannot be written.
    """
    words: list[str] = []
    for at, edit in enumerate(edits):
        file = folder / f"edited-{at}.json"
        # What the model is told is a text as it is; everything else is JSON.
        is_text = edit.part == "response" and isinstance(edit.edited, str)
        text = edit.edited if is_text else json.dumps(edit.edited, ensure_ascii=False)
        file.write_text(str(text), "utf-8")
        place = f"{edit.interaction}=@{file}" if edit.part == "outside" else f"@{file}"
        words += [f"--{edit.part}", place]
    return words
