"""A person's session in a real terminal: tmux holds it, keys go in, the screen is read."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.store import Store

ROOT = Path(__file__).parent.parent.parent
SECONDS_MAX = 60

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not installed; it is the terminal of this test"
)


class Terminal:
    """One tmux server of our own, with one window."""

    def __init__(self, name: str) -> None:
        self.name = name

    def tmux(self, *words: str) -> str:
        ran = subprocess.run(
            ["tmux", "-L", self.name, "-f", os.devnull, *words],
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout

    def start(self, command: str, *, columns: int, lines: int) -> None:
        shell = f"{command}; echo EXIT=$?; read line"
        self.tmux("new-session", "-d", "-s", "t", "-x", str(columns), "-y", str(lines), shell)
        self.tmux("set", "-s", "escape-time", "0")
        self.tmux("set", "-s", "set-clipboard", "on")

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", "t", *keys)

    @property
    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "t")

    def sees(self, *texts: str) -> None:
        end = time.monotonic() + SECONDS_MAX
        while time.monotonic() < end:
            screen = self.screen
            if all(text in screen for text in texts):
                return
            time.sleep(0.05)  # the only thing to wait on is the screen itself
        raise AssertionError(f"not seen: {texts}\n{screen}")


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    one = Terminal(f"replay-test-{os.getpid()}")
    yield one
    subprocess.run(["tmux", "-L", one.name, "kill-server"], capture_output=True, check=False)


def command(*words: object) -> str:
    program = [sys.executable, "-m", "replay.cli.main", "ui", *map(str, words)]
    # COLUMNS is what some shells export: it must not keep the screen from following the window.
    variables = "COLUMNS=80 LINES=24 TERM=xterm-256color"
    return f"cd {shlex.quote(str(ROOT))} && {variables} {shlex.join(program)}"


def test_open_filter_find_the_difference_step_back_approve_quit(
    terminal: Terminal, database: Path
) -> None:
    terminal.start(command(database), columns=100, lines=30)
    terminal.sees("3 traces", "1 / 3")
    terminal.press("f")
    terminal.sees("words  tool:NAME")
    terminal.press("v", "e", "r", "d", "i", "c", "t", ":", "a", "n", "y")
    terminal.sees("1 / 1")
    terminal.press("Enter")
    terminal.sees("filter verdict:any   1 trace")
    terminal.press("Enter")
    terminal.sees("stopped at 3", '"degrees": 4')
    terminal.press("p")
    terminal.sees("stopped at 2")
    terminal.press("F5")
    terminal.sees("stopped at 3")
    terminal.press("4")
    terminal.sees('"temperature": 4')
    terminal.press("y")
    terminal.sees("copied step 3")
    assert '"tool": "get_weather"' in terminal.tmux("show-buffer")
    terminal.press("R")
    terminal.sees("a approves it")
    terminal.press("a")
    terminal.sees("approve: why?")
    terminal.press("m", "e", "a", "n", "t", "Enter")
    terminal.sees("≈ approved")
    terminal.tmux("resize-window", "-t", "t", "-x", "60", "-y", "16")
    terminal.sees("Findings", "? help  q back")
    terminal.press("Escape")
    terminal.sees("Steps")
    terminal.press("Q")
    terminal.sees("EXIT=0")

    assert "Traceback" not in terminal.screen
    with Store.open(database) as store:
        assert [one.note for one in store.approvals()] == ["meant"]


@pytest.mark.slow
def test_the_mouse_works_and_the_wheel_scrolls_nothing_away(
    terminal: Terminal, database: Path
) -> None:
    terminal.start(command(database, "b-trip"), columns=120, lines=36)
    terminal.sees("stopped at 3")
    terminal.tmux("set", "-g", "mouse", "off")
    terminal.press("-H", *(f"{ord(char):x}" for char in "\x1b[<0;10;3M\x1b[<0;10;3m"))
    terminal.sees("stopped at 1")
    terminal.press("q", "q")
    terminal.sees("EXIT=0")


@pytest.mark.slow
def test_killed_the_terminal_can_be_used_and_the_database_is_whole(
    terminal: Terminal, database: Path
) -> None:
    terminal.start(f"({command(database)})", columns=80, lines=24)
    terminal.sees("1 / 3")
    (pid,) = terminal.tmux("list-panes", "-t", "t", "-F", "#{pane_pid}").split()
    child = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", pid], capture_output=True, text=True, check=True
    ).stdout.split()
    os.kill(int(child[-1]), 15)
    terminal.sees("EXIT=")

    with Store.open(database) as store:
        assert store.check() == []


@pytest.mark.slow
def test_the_screen_is_left_to_the_debugger_and_taken_back(
    terminal: Terminal, tmp_path: Path
) -> None:
    demo = [sys.executable, "-m", "replay.cli.main", "demo"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(demo, cwd=tmp_path, env=environment, check=True, capture_output=True)
    folder = tmp_path / "replay-demo"
    program = [sys.executable, "-m", "replay.cli.main", "ui", "traces.db", "time-to-write"]
    shell = f"cd {shlex.quote(str(folder))} && PYTHONPATH={ROOT} {shlex.join(program)}"
    terminal.start(shell, columns=100, lines=30)
    terminal.sees("stopped at 2")
    terminal.press("d")
    terminal.sees("taken = calendar.event_at(date, time)", "(Pdb)")
    terminal.press("p", " ", "t", "i", "t", "l", "e", "Enter")
    terminal.sees("'Writing'")
    terminal.press("c", "Enter")
    terminal.sees("now passing", "Enter goes back")
    terminal.press("Enter")
    terminal.sees("stopped at 2")
    terminal.press("q", "q")
    terminal.sees("EXIT=0")
