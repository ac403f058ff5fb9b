"""A text handed over to the editor of the user's, and taken back."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from textual.app import App, SuspendNotSupported

from replay.errors import ReplayError

_WITH_GOTO: Final = frozenset(("code", "code-insiders", "codium", "cursor", "windsurf"))
_USUAL: Final = ("sensible-editor", "nano", "vi")
"""Tried in this order where neither VISUAL nor EDITOR is set."""
_WITH_COLON: Final = frozenset(("subl", "zed", "hx", "helix"))


def editor_words(file: Path, line: int | None = None) -> list[str]:
    """Return the command that opens ``file`` at ``line`` in the editor named, or a usual one.

    Raises:
        ReplayError: none is named, and there is no usual one.
    """
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or _usual_editor()
    if named is None:
        raise ReplayError(
            "No editor is named.", hint="Name one before you start: `export EDITOR=vim`."
        )
    try:
        words = shlex.split(named)
    except ValueError as error:
        raise ReplayError(f"EDITOR={named!r} is no command: {error}.") from error
    if line is None:
        return [*words, str(file)]
    program = Path(words[0]).name
    if program in _WITH_GOTO:
        return [*words, "--goto", f"{file}:{line}"]
    if program in _WITH_COLON:
        return [*words, f"{file}:{line}"]
    return [*words, f"+{line}", str(file)]


def _usual_editor() -> str | None:
    """Return what git and others fall back to; None: it is not there."""
    return next((name for name in _USUAL if shutil.which(name)), None)


def edited_text(app: App[Any], text: str, *, name: str) -> str:
    """Return ``text`` as the user left it in the editor; ``name`` is the file's.

    Raises:
        ReplayError: there is no editor, it failed, or what it left cannot be read.
    """
    with TemporaryDirectory(prefix="replay-edit-") as folder:
        file = Path(folder, name)
        file.write_text(text, "utf-8")
        _edit(app, editor_words(file))
        try:
            return file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ReplayError(f"What the editor left cannot be read: {error}.") from error


def show_text(app: App[Any], text: str, *, name: str) -> None:
    """Show ``text`` in the editor: a copy that is thrown away.

    Raises:
        ReplayError: there is no editor, or it failed.
    """
    with TemporaryDirectory(prefix="replay-show-") as folder:
        file = Path(folder, name)
        file.write_text(text, "utf-8")
        file.chmod(0o444)
        _edit(app, editor_words(file))


def show_file(app: App[Any], file: Path, line: int | None) -> None:
    """Open a file of the user's in the editor.

    Raises:
        ReplayError: there is no editor, or it failed.
    """
    _edit(app, editor_words(file, line))


def _edit(app: App[Any], words: list[str]) -> None:
    with screen_left(app):
        try:
            code = subprocess.run(words, check=False).returncode
        except OSError as error:
            raise ReplayError(
                f"The editor {words[0]!r} cannot be started: {error.strerror}.",
                hint="EDITOR names the program: `export EDITOR=vim`.",
            ) from error
    if code != 0:
        raise ReplayError(
            f"The editor {words[0]!r} ended with {code}: nothing was taken over.",
            hint="Does it wait until the file is closed? VS Code does with `code --wait`.",
        )


@contextmanager
def screen_left(app: App[Any]) -> Iterator[None]:
    """Leave the terminal to another program while the block runs.

    Raises:
        ReplayError: this terminal cannot be left.
    """
    try:
        with app.suspend():
            yield
    except SuspendNotSupported as error:
        raise ReplayError("This terminal cannot be left to another program.") from error
