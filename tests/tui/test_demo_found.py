"""The demo that was recorded here once is found again, and named."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from replay.store import Store
from tests.tui.person import Person, use
from tests.tui.records import replay_run, trip, write
from tests.tui.test_terminal import ROOT, Terminal
from tui.paths import shown_path

DEMO = Path("replay-demo", "traces.db")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with a demo that was recorded and replayed."""
    monkeypatch.chdir(tmp_path)
    DEMO.parent.mkdir()
    write(DEMO, *trip("a-trip", 0), *trip("b-trip", 60), *replay_run())
    return tmp_path


def test_the_list_says_that_nobody_named_it_and_its_path(place: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("replay-demo/traces.db   2 traces", "no traces.db here; this is the demo")
        await person.press("j")
        await person.sees_no("this is the demo")

    use(DEMO, script, is_found=True)


def test_t_opens_the_demo_that_is_here_without_running_it_again(place: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("Nothing recorded yet", "the demo that is here: replay-demo/traces.db")
        await person.press("t")
        await person.sees("replay-demo/traces.db   2 traces")

    use(Path("other.db"), script)
    with Store.open(DEMO) as store:
        assert [one.id for one in store.runs()] == ["run-1"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is the terminal of this test")
def test_who_named_no_database_is_told_its_name_at_the_end(place: Path) -> None:
    terminal = Terminal(f"replay-demo-found-{os.getpid()}")
    program = shlex.join([sys.executable, "-m", "replay.cli.main", "ui"])
    variables = f"PYTHONPATH={shlex.quote(str(ROOT))} TERM=xterm-256color"
    try:
        terminal.start(
            f"cd {shlex.quote(str(place))} && {variables} {program}", columns=100, lines=30
        )
        terminal.sees("this is the demo")
        terminal.press("q")
        terminal.sees("EXIT=0", "`replay ui replay-demo/traces.db` opens it again")
    finally:
        subprocess.run(["tmux", "-L", terminal.name, "kill-server"], check=False)


def test_a_path_is_shown_as_it_would_be_typed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "work")

    assert shown_path(Path("traces.db")) == "traces.db"
    assert shown_path(Path("../traces.db")) == "../traces.db"
    assert shown_path(tmp_path / "work" / "runs" / "traces.db") == "runs/traces.db"
    assert shown_path(tmp_path / "home" / "traces.db") == "~/traces.db"
    assert shown_path(Path("/srv/agents/traces.db"), 12) == "…s/traces.db"
