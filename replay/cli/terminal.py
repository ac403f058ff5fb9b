"""The one owner of stdout (data) and of stderr (talk)."""

from __future__ import annotations

import codecs
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from replay.errors import ReplayError

WIDTH_MIN = 40
"""Narrower terminals get lines of this width: nothing readable fits in less."""


ESCAPES = "replay-escapes"
"""What `open` and `encode` do with text that has no bytes: escape it as JSON does."""


def emit(text: str) -> None:
    """Write ``text`` and a line end to stdout: what the command was asked for.

    Raises:
        ReplayError: stdout is a file on a disk that is full, or the like.
    """
    try:
        sys.stdout.write(printable(text, sys.stdout.encoding) + "\n")
    except BrokenPipeError:
        reader_is_gone()
    except OSError as error:
        raise not_written(error) from error


def emit_json(value: Any) -> None:
    """Write ``value`` as one JSON document to stdout; keys keep their order."""
    import json

    emit(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def say(text: str) -> None:
    """Write ``text`` and a line end to stderr: what a person wants to know meanwhile."""
    try:
        sys.stderr.write(printable(text, sys.stderr.encoding) + "\n")
        sys.stderr.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def complain(error: ReplayError) -> None:
    """Tell a user's mistake on stderr: red word in a terminal, never a traceback."""
    say(f"{paint('Error:', 'red', sys.stderr)} {error}")


def reader_is_gone() -> None:
    """Send the rest of stdout nowhere: the program that read it (``head``) has seen enough.

    The command goes on, and its exit code stays its own.
    """
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.close(devnull)


def not_written(error: OSError) -> ReplayError:
    """Return what to tell of a stdout that takes no more; the rest of it goes nowhere."""
    reader_is_gone()
    return ReplayError(
        f"The output could not be written: {error.strerror}.",
        hint="Nothing in the database was lost. Send the output elsewhere and run it again.",
    )


def flush() -> None:
    """Empty stdout's buffer, so that no error can come after the exit code is known.

    Raises:
        ReplayError: it cannot be written.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        reader_is_gone()
        sys.stdout.flush()
    except OSError as error:
        raise not_written(error) from error


def typed(path: Path) -> str:
    """Return ``path`` as somebody types it here: below this directory without its head."""
    below = path.is_absolute() and path.is_relative_to(Path.cwd())
    return shlex.quote(str(path.relative_to(Path.cwd()) if below else path))


def width() -> int:
    """Return the columns to write in: the terminal's (or ``COLUMNS``), 80 in a pipe."""
    return max(WIDTH_MIN, shutil.get_terminal_size((80, 24)).columns)


def colours(stream: Any) -> bool:
    """Return whether ``stream`` shows colours: a terminal, and ``NO_COLOR`` is not set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(stream.isatty())


def paint(text: str, colour: str, stream: Any) -> str:
    """Return ``text`` in ``colour`` where ``stream`` shows colours, else as it is."""
    import click

    return click.style(text, fg=colour) if colours(stream) else text


def printable(text: str, encoding: str | None) -> str:
    """Return ``text`` as ``encoding`` can carry it: the rest escaped as JSON does it.

    So a JSON document stays one: it knows escapes of four digits only, Python has three kinds.
    """
    encoding = encoding or "utf-8"
    return text.encode(encoding, ESCAPES).decode(encoding)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (units[index : index + 2].hex() for index in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs), error.end


codecs.register_error(ESCAPES, _escaped)
