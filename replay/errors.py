"""Errors that a user can act on, and the exit codes they end a command with.

Draw of the tree::

    ReplayError                 every mistake a user can mend; the CLI prints it without a traceback
    ├── StoreError              the database: foreign, newer, truncated, locked, read-only, full
    ├── RecordError             a record that the format cannot hold
    ├── ToolboxError            `--tools` that does not import, a tool that cannot be registered
    ├── ImportFileError         a foreign file: the line, the column, what was expected there
    │   └── MissingExtraError   a file that an optional package would read, and it is not there
    ├── SelectionError          a trace, tool or run that does not exist
    └── WorkerError             a replay worker that could not be started
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended. Stable: a number is never reused for another meaning."""

    OK = 0
    """Everything asked for was done; for a replay run: all verdicts same or allowed."""
    BREAKING = 1
    """The replay run found calls that today's tools reject, fail or no longer know."""
    NEEDS_A_PERSON = 2
    """The replay run found changes or inconclusive verdicts that only a person can judge; an import
    read the rest of a folder, and left out what it needs another package for."""
    COULD_NOT_RUN = 3
    """Nothing was judged: a command line or input that cannot be read, a database that cannot be
    opened, tools that do not import."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C; what was done is kept."""


class ReplayError(Exception):
    """A mistake that its reader can mend.

    The message is built in one place from four parts: what was wanted, the value and where it
    stood, the nearest thing that exists, what to do.
    """

    exit_code: ExitCode = ExitCode.COULD_NOT_RUN

    def __init__(self, wanted: str, *, nearest: str | None = None, hint: str | None = None) -> None:
        """``wanted`` says what failed with the value in it; ``hint`` says what to do next."""
        self.wanted = wanted
        self.nearest = nearest
        self.hint = hint
        parts = [wanted]
        if nearest:
            parts.append(f"Nearest: {nearest}")
        if hint:
            parts.append(hint)
        super().__init__("\n".join(parts))


class StoreError(ReplayError):
    """The database could not be opened, read or written."""


class RecordError(ReplayError):
    """A record that the format cannot hold."""


class ToolboxError(ReplayError):
    """Tools that cannot be imported, registered or started."""


class ImportFileError(ReplayError):
    """A foreign file that could not be read."""


class MissingExtraError(ImportFileError):
    """A foreign file that is of a format we know, and the package that reads it is not installed.

    In a folder it is left out, and all else is imported.
    """

    def __init__(self, wanted: str, *, extra: str, hint: str) -> None:
        """``extra``: its name in `pip install 'replay-sandbox[...]'`."""
        super().__init__(wanted, hint=hint)
        self.extra = extra


class SelectionError(ReplayError):
    """A trace, tool, model or replay run that the database does not have."""


class WorkerError(ReplayError):
    """A replay worker that could not be started."""
