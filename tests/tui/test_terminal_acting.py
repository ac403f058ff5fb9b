"""A person's session in a real terminal: find a difference, edit, run on, replay, approve, quit."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.store import Store
from tests.tui.shop import make_shop
from tests.tui.test_terminal import ROOT, Terminal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    one = Terminal(f"replay-acting-{os.getpid()}")
    yield one
    subprocess.run(["tmux", "-L", one.name, "kill-server"], capture_output=True, check=False)


def test_find_a_difference_edit_run_on_replay_approve_and_quit(
    terminal: Terminal, tmp_path: Path
) -> None:
    database = make_shop(tmp_path)
    program = [sys.executable, "-m", "replay.cli.main"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([*program, "run"], cwd=tmp_path, env=environment, capture_output=True)
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\nsed -i \'s/"count": 2/"count": 5/\' "$1"\n')
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    words = shlex.join([*program, "ui", "traces.db"])
    variables = f"PYTHONPATH={ROOT} EDITOR={editor} TERM=xterm-256color"
    terminal.start(f"cd {shlex.quote(str(tmp_path))} && {variables} {words}", columns=110, lines=32)

    terminal.sees("1 / 1")
    terminal.press("f")
    terminal.sees("words  tool:NAME")
    terminal.press("t", "e", "a", "Enter")
    terminal.sees("filter tea   1 trace")
    terminal.press("Enter")
    terminal.sees("stopped at 6", "≠ changed", "cause  ", '"items": 2')
    terminal.press("T")
    terminal.sees("stopped at 4")
    terminal.press("i")
    terminal.sees("what if", "the arguments of step 4 edited. 2 calls of 3 differ by it")
    terminal.press("n")
    terminal.sees("stood in an answer that no longer says it")
    terminal.press("q")
    terminal.sees("stopped at 4")
    terminal.press("c")
    terminal.sees("stopped at 6")
    terminal.press("r")
    terminal.sees("this trace, tea", "shop:toolbox")
    terminal.press("Enter")
    terminal.sees("replayed 3 calls")
    terminal.press("a")
    terminal.sees("why?")
    terminal.press("m", "e", "a", "n", "t", "Enter")
    terminal.sees("approved: receipt", "≈ approved")
    terminal.press("o")
    terminal.sees("that was a copy")
    terminal.press("Q")
    terminal.sees("EXIT=0")

    assert "Traceback" not in terminal.screen
    with Store.open(database) as store:
        assert [one.note for one in store.approvals()] == ["meant"]
        assert len(store.runs()) == 2
        assert len(store.runs(what_ifs=True)) == 3
        (call,) = [one for one in store.transcript("tea").steps if one.step_number == 4]
        assert json.loads(call.arguments)["count"] == 2  # type: ignore[union-attr]  # a tool call
        assert store.check() == []
