"""However the terminal UI ends, the terminal is as it was and the database whole."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.store import Store
from tests.tui.person import use
from tests.tui.test_terminal import ROOT, SECONDS_MAX, Terminal, command
from tui.crash import write_report
from tui.screens.traces import TracesScreen

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not installed; it is the terminal of this test"
)

SANE = "alternate_on=0 mouse=0 cursor=1"


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    one = Terminal(f"replay-leaving-{os.getpid()}")
    yield one
    subprocess.run(["tmux", "-L", one.name, "kill-server"], capture_output=True, check=False)


def process_of(terminal: Terminal) -> int:
    """Return the process that draws: the python below the pane's shell."""
    (shell,) = terminal.tmux("list-panes", "-t", "t", "-F", "#{pane_pid}").split()
    below = subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=True)
    return int(below.stdout.split()[-1])


def modes(terminal: Terminal) -> str:
    form = "alternate_on=#{alternate_on} mouse=#{mouse_any_flag} cursor=#{cursor_flag}"
    return terminal.tmux("display-message", "-p", "-t", "t", form).strip()


def sees_modes(terminal: Terminal, wanted: str) -> None:
    end = time.monotonic() + SECONDS_MAX
    while modes(terminal) != wanted:
        assert time.monotonic() < end, modes(terminal)
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_with_the_terminal_as_it_was(
    terminal: Terminal, database: Path, number: signal.Signals
) -> None:
    terminal.start(f"{command(database, 'b-trip')}; stty -a", columns=100, lines=30)
    terminal.sees("stopped at 3")
    os.kill(process_of(terminal), number)
    terminal.sees("EXIT=0", " icanon", " echo ")  # of stty, which comes last

    assert modes(terminal) == SANE
    assert "Traceback" not in terminal.screen
    with Store.open(database) as store:
        assert store.check() == []


def test_the_exit_code_says_which_signal_it_was(terminal: Terminal, database: Path) -> None:
    terminal.start(command(database), columns=100, lines=30)
    terminal.sees("1 / 3")
    os.kill(process_of(terminal), signal.SIGTERM)
    terminal.sees(f"EXIT={128 + signal.SIGTERM}")


@pytest.mark.slow
def test_killed_without_warning_the_database_is_whole(terminal: Terminal, database: Path) -> None:
    terminal.start(command(database, "b-trip"), columns=100, lines=30)
    terminal.sees("stopped at 3")
    os.kill(process_of(terminal), signal.SIGKILL)
    terminal.sees(f"EXIT={128 + signal.SIGKILL}")

    with Store.open(database) as store:
        assert store.check() == []


@pytest.mark.slow
def test_ctrl_z_leaves_it_to_the_shell_and_fg_comes_back(
    terminal: Terminal, database: Path
) -> None:
    terminal.tmux(
        "new-session", "-d", "-s", "t", "-x", "100", "-y", "30", "PS1='shell> ' bash --norc -i"
    )
    terminal.press(f"{command(database, 'b-trip')}", "Enter")
    terminal.sees("stopped at 3")
    terminal.press("C-z")
    terminal.sees("Stopped", "shell>")
    sees_modes(terminal, SANE)
    terminal.press("fg", "Enter")
    terminal.sees("stopped at 3", "? help  q back")
    terminal.press("n")
    terminal.sees("stopped at 4")
    terminal.press("Q")
    sees_modes(terminal, SANE)


@pytest.mark.slow
def test_a_locked_database_does_not_keep_it_from_ending(terminal: Terminal, database: Path) -> None:
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("UPDATE meta SET value = value")
    terminal.start(command(database), columns=100, lines=30)
    terminal.sees("opening ")
    began = time.monotonic()
    terminal.press("Q")
    terminal.sees("EXIT=0")
    holder.close()

    assert time.monotonic() - began < 8  # the lock is waited for ten seconds


@pytest.mark.slow
def test_a_bug_of_ours_leaves_a_report_and_the_terminal_as_it_was(
    terminal: Terminal, database: Path, tmp_path: Path
) -> None:
    program = (
        "import sys; import tui.app as a; from tui.screens.traces import TracesScreen as T\n"
        "def bug(self): secret = 'recorded words'; raise KeyError('ours')\n"
        "T.action_copy = bug\n"
        "from pathlib import Path; sys.exit(a.run(Path(sys.argv[1])))"
    )
    words = shlex.join([sys.executable, "-c", program, str(database)])
    terminal.start(f"cd {shlex.quote(str(ROOT))} && {words}", columns=120, lines=30)
    terminal.sees("1 / 3")
    terminal.press("y")
    terminal.sees("EXIT=3", "a mistake of its own: KeyError", "The report is")

    assert modes(terminal) == SANE
    assert "Traceback" not in terminal.screen
    (report,) = (tmp_path / "state" / "replay").glob("replay-ui-*.txt")
    text = report.read_text()
    assert "KeyError: 'ours'" in text
    assert "on TracesScreen" in text
    assert "textual 8" in text
    assert report.stat().st_mode & 0o077 == 0


def test_a_report_that_cannot_be_written_there_goes_to_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    report = write_report(ValueError("x"), folder=tmp_path / "file" / "replay", screen="S")

    assert report is not None
    assert report.parent == tmp_path


def test_a_bug_is_raised_where_tests_see_it(
    database: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def bug(self: TracesScreen) -> None:
        raise KeyError("ours")

    monkeypatch.setattr(TracesScreen, "action_copy", bug)

    async def script(person: object) -> None:
        await person.press("y")  # type: ignore[attr-defined]

    with pytest.raises(KeyError, match="ours"):
        use(database, script)


def test_it_ends_when_its_terminal_is_gone_and_no_signal_said_so(tmp_path: Path) -> None:
    import pty

    Store.open(tmp_path / "traces.db", "create").close()
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "replay.cli.main", "ui", str(tmp_path / "traces.db")]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "TERM": "xterm"}
    # A session of its own without a controlling terminal: nobody sends it SIGHUP.
    running = subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    assert os.read(ours, 1)  # it draws
    os.close(ours)
    try:
        assert running.wait(SECONDS_MAX) != 0
    finally:
        running.kill()
        running.wait()
