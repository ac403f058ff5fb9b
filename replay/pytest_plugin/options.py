"""What is replayed and how: `--replay-with` takes the very options of `replay run`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import click
import pytest

from replay.cli.run import run as run_command
from replay.cli.selection import SAMPLING_FIELDS, SELECTION_FIELDS, sampled, selection_from
from replay.records import Selection

_NOT_HERE: Final = {
    "approve": "--approve",
    "resume": "--resume",
    "show_output": "--show-output",
    "output": "--output",
    "junit": "--junit",
    "html": "--html",
    "markdown": "--markdown",
    "sarif": "--sarif",
    "as_json": "--json",
}
"""Options of `replay run` that say what to do with a stored run: here none is stored."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """A selection of traces, and how they are replayed."""

    selection: Selection = field(default_factory=Selection)
    approvals_file: Path | None = None
    replaying: dict[str, Any] = field(default_factory=dict)
    """As `replay.cli.run.replayer_of` takes them."""
    reveal: bool = False
    """Whether failures show hidden values."""

    def with_selection(self, selection: Selection) -> ReplayOptions:
        """Return them with this selection."""
        return replace(self, selection=selection)

    def with_tools(self, toolbox: str | None) -> ReplayOptions:
        """Return them with these tools, where any are named."""
        if toolbox is None:
            return self
        return replace(self, replaying={**self.replaying, "toolbox": toolbox})


def read_options(text: str) -> ReplayOptions:
    """Return what ``text``, as typed after `replay run DATABASE`, asks for.

    Raises:
        pytest.UsageError: it is no such command line, or asks for what a test cannot do.
    """
    try:
        given = run_command.make_context("replay run", shlex.split(text)).params
        if given.pop("words"):
            raise click.UsageError("It takes options; the database is named by --replay.")
        for name, option in _NOT_HERE.items():
            if given.pop(name, None):
                raise click.UsageError(f"{option} has no meaning in a test: nothing is stored.")
        given.pop("report_format", None)
        reveal = bool(given.pop("reveal", False))
        sample = {name: given.pop(name) for name in SAMPLING_FIELDS}
        selection = selection_from({name: given.pop(name) for name in SELECTION_FIELDS})
        selection = sampled(selection, **sample)
    except (click.UsageError, ValueError) as error:
        said = error.format_message() if isinstance(error, click.UsageError) else str(error)
        raise pytest.UsageError(
            f"--replay-with {text!r}: {said}\nIt takes the options of `replay run`."
        ) from error
    return ReplayOptions(selection, given.pop("approvals_file"), given, reveal)
