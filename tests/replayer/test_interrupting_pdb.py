"""Ctrl-C while something is being written, in the debugger that a tool stops in."""

from __future__ import annotations

import io
import signal
from collections.abc import Callable

import pytest

from replay.replayer.debugging.stopping import ToolDebugger
from tests.replayer.pressed_screen import Screen


def tool() -> int:
    said = 1
    print("It works", flush=True)
    said += 1
    return said


@pytest.fixture
def debugged(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], tuple[int, str]]:
    def run(pressed_at: str, typed: str) -> tuple[int, str]:
        screen = Screen(pressed_at)
        out = io.TextIOWrapper(io.BufferedWriter(screen, 1 << 16), write_through=True)
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        debugger = ToolDebugger("dumb", only_errors=False)
        debugger.skip.add(Screen.__module__)  # a terminal has no lines of Python to stop at
        with debugger.attends(tool.__code__):
            result = tool()
        out.flush()
        return result, screen.said

    return run


def test_ctrl_c_while_the_tool_prints_stops_it_once_that_is_out(
    debugged: Callable[[str, str], tuple[int, str]],
) -> None:
    before = signal.getsignal(signal.SIGINT)

    result, said = debugged("It works\n", "c\np said\nc\n")

    assert result == 2
    _, after = said.split("Program interrupted: `c` goes on.\n")
    assert "(Pdb) 1\n" in after
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_while_the_debugger_shows_where_it_stands_changes_nothing(
    debugged: Callable[[str, str], tuple[int, str]],
) -> None:
    result, said = debugged("-> said = 1", "p said if 0 else 'here'\nc\n")

    assert result == 2
    assert "'here'" in said
    assert "interrupted" not in said


def test_ctrl_c_after_a_step_stops_the_tool_too(
    debugged: Callable[[str, str], tuple[int, str]],
) -> None:
    result, said = debugged("It works\n", "n\nn\nc\n")

    assert result == 2
    assert "Program interrupted" in said
