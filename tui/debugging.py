"""The screen handed over to `replay debug`, and taken back when it ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from textual.app import App, SuspendNotSupported

from replay.errors import ReplayError
from replay.records import ReplayRun

_OTHER_SCREEN: Final = "\x1b[?1049h\x1b[H\x1b[2J"
_OWN_SCREEN: Final = "\x1b[?1049l"
"""What was said in the debugger does not stay in the shell when the program is left."""


def debug_command(path: Path, trace_id: str, step_number: int, run: ReplayRun | None) -> list[str]:
    """Return the command that stops in a call: with the tools of ``run``, where it was replayed."""
    command = [sys.executable, "-m", "replay.cli.main", "debug", str(path), trace_id]
    command += ["--step", str(step_number)]
    if run is not None:
        command += ["--tools", run.toolbox]
        for folder in run.options.get("paths") or []:
            command += ["--path", str(folder)]
    return command


def leave_screen_to(app: App[None], command: Sequence[str]) -> None:
    """Run ``command`` in the terminal, wait for somebody to have read it, and come back.

    Raises:
        ReplayError: this terminal cannot be left to another program.
    """
    try:
        with app.suspend():
            print(_OTHER_SCREEN, end="", flush=True)
            try:
                subprocess.run(list(command), check=False)
                print("\nEnter goes back to the transcript. ", end="", flush=True)
                sys.stdin.readline()
            finally:
                print(_OWN_SCREEN, end="", flush=True)
    except SuspendNotSupported as error:
        raise ReplayError(
            "This terminal cannot be left to a debugger.",
            hint="Run `replay debug` in another one.",
        ) from error
