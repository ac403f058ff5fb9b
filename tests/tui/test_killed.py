"""Ended while a replay, a what-if, an approval runs: the terminal is sane, the store whole."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.records import Trace
from replay.store import Store
from tests.tui.records import moment, tool_call
from tests.tui.shop import make_shop
from tests.tui.test_leaving import SANE, process_of, sees_modes
from tests.tui.test_terminal import ROOT, SECONDS_MAX, Terminal, command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]

SIGNALS = (signal.SIGTERM, signal.SIGKILL)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    one = Terminal(f"replay-killed-{os.getpid()}")
    yield one
    subprocess.run(["tmux", "-L", one.name, "kill-server"], capture_output=True, check=False)


def commands_of(process: int) -> list[int]:
    """Return the `replay` commands that the screen began."""
    said = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True)
    return [int(one) for one in said.stdout.split()]


def wait_until_gone(processes: list[int]) -> None:
    end = time.monotonic() + SECONDS_MAX
    while any(Path(f"/proc/{one}").exists() for one in processes):
        assert time.monotonic() < end, processes
        time.sleep(0.05)


@pytest.fixture
def slow_shop(tmp_path: Path) -> Path:
    """One call that takes its time, and one that changes after it."""
    given = {"arguments": '{"seconds": 60}', "payload": None, "response": "done"}
    return make_shop(
        tmp_path,
        Trace(id="long", started_at=moment(30)),
        tool_call("long", 1, "wait", **given, model_call_id=None),
    )


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("is_what_if", [False, True])
def test_in_the_middle_of_what_runs_tools(
    terminal: Terminal, slow_shop: Path, number: signal.Signals, is_what_if: bool
) -> None:
    program = [sys.executable, "-m", "replay.cli.main", "ui", "traces.db", "long"]
    editor = "sed -i s/60/61/"
    variables = f"PYTHONPATH={ROOT} EDITOR={shlex.quote(editor)} TERM=xterm-256color"
    folder = shlex.quote(str(slow_shop.parent))
    terminal.start(
        f"cd {folder}; {variables} {shlex.join(program)}; stty -a", columns=100, lines=30
    )
    terminal.sees("stopped at 1")
    if is_what_if:
        terminal.press("i")
        terminal.sees("◐ what if, step 1")
    else:
        terminal.press("r")
        terminal.sees("enter starts it")
        terminal.press("Enter")
        terminal.sees("◐ replaying this trace, long")
    process = process_of(terminal)
    begun = commands_of(process)
    assert begun
    os.kill(process, number)
    if number is signal.SIGKILL:  # nobody is left to put the terminal back, nor to end the command
        terminal.sees("EXIT=")
        for one in begun:
            os.kill(one, signal.SIGINT)
    else:
        terminal.sees("EXIT=0", " icanon", " echo ")  # of stty, which comes last
        sees_modes(terminal, SANE)
        assert "Traceback" not in terminal.screen
    wait_until_gone(begun)

    with Store.open(slow_shop) as store:
        assert store.check() == []
        assert [one.status for one in store.runs()] in ([], ["interrupted"])
        assert store.runs(what_ifs=True) == store.runs()


@pytest.mark.parametrize("number", SIGNALS)
def test_in_the_middle_of_an_approval_it_is_kept_or_was_never_made(
    terminal: Terminal, database: Path, number: signal.Signals
) -> None:
    terminal.start(f"{command(database, 'b-trip')}; stty -a", columns=100, lines=30)
    terminal.sees("stopped at 3")
    terminal.press("a")
    terminal.sees("why?")
    terminal.press("Enter")
    terminal.sees("◐ approving")
    process = process_of(terminal)
    begun = commands_of(process)
    os.kill(process, number)
    terminal.sees("EXIT=")
    if number is signal.SIGTERM:
        terminal.sees("EXIT=0", " icanon", " echo ")
        sees_modes(terminal, SANE)
    wait_until_gone(begun)

    with Store.open(database) as store:
        assert store.check() == []
        kept = [one.signature for one in store.approvals()]
        assert kept in ([], ["5161a7e1"])
        assert kept or number is signal.SIGKILL  # who leaves in order finishes what was asked for
