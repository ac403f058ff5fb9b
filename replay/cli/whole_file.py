"""Files that a command writes: whole or not at all, and for their owner's eyes.

What was recorded is in them, so nobody else may read them unless their owner says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

from replay.cli import terminal
from replay.errors import ReplayError


@contextmanager
def whole_text(output: Path) -> Iterator[TextIO]:
    """Yield what to write text to (UTF-8); the file gets its name when it is whole.

    Raises:
        ReplayError: it cannot be written; what was there before still is.
    """
    with (
        _partial(output) as partial,
        partial.open("w", encoding="utf-8", errors=terminal.ESCAPES, newline="\n") as file,
    ):
        yield file


@contextmanager
def whole_bytes(output: Path) -> Iterator[IO[bytes]]:
    """Yield what to write bytes to, as `whole_text`."""
    with _partial(output) as partial, partial.open("wb") as file:
        yield file


@contextmanager
def _partial(output: Path) -> Iterator[Path]:
    from replay.records.private_files import private

    partial = output.with_name(output.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        yield private(partial, instead_of=output)
        partial.replace(output)
    except OSError as error:
        raise ReplayError(
            f"Cannot write {str(output)!r}: {error.strerror}.", hint="Nothing was changed there."
        ) from error
    finally:
        if partial.parent.is_dir():
            partial.unlink(missing_ok=True)
