"""Esc and arrow keys, which begin alike: on a real terminal, and with reads in a known order."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from textual import constants, events

from benchmarks.screens_terminal import Terminal
from tui.keyboard import Keyboard

ESCAPE, DOWN = "\x1b", "\x1b[B"


def started(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    terminal = Terminal([sys.executable, "-m", "tui", str(database)])
    terminal.sees("1 / 3")
    terminal.settle()
    return terminal


def test_esc_and_an_arrow_key_are_told_apart_on_a_real_terminal(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ESCDELAY", raising=False)
    terminal = started(database, tmp_path, monkeypatch)
    try:
        terminal.press(DOWN)
        terminal.sees("2 / 3")
        since = len(terminal.written)
        for keys in (ESCAPE, DOWN + ESCAPE):  # the second typed ahead: a line down, and away
            terminal.press("?")
            terminal.sees("esc closes", since)
            since = len(terminal.written)
            terminal.press(keys)
            terminal.sees("2 / 3", since)
    finally:
        terminal.close()


def test_with_a_longer_escdelay_of_ones_own_an_arrow_key_may_come_in_two_pieces(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCDELAY", "20000")
    terminal = started(database, tmp_path, monkeypatch)
    try:
        terminal.press(ESCAPE)
        time.sleep(0.3)  # a slow line: many times the delay that there is by itself
        terminal.press(DOWN[1:])
        terminal.sees("2 / 3")
    finally:
        terminal.close()


# -- in a known order -----------------------------------------------------------------------------


class Typed:
    """A keyboard whose reads come as told: each a text, or None for nothing in all the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *reads: str | None) -> None:
        self.waits: list[float] = []
        self.keys: list[str] = []
        self._reads = list(reads)
        self._read_end, self._write_end = os.pipe()
        self._keyboard: Any = Keyboard.__new__(Keyboard)
        self._keyboard._debug = False
        self._keyboard.fileno = self._read_end
        self._keyboard.exit_event = threading.Event()
        self._keyboard.process_message = self._take
        monkeypatch.setattr("tui.keyboard.select", self._select)
        try:
            self._keyboard.run_input_thread()
        finally:
            os.close(self._read_end)
            os.close(self._write_end)

    def _take(self, message: object) -> None:
        assert isinstance(message, events.Key)
        self.keys.append(message.key)

    def _select(self, readers: list[int], _: Any, __: Any, wait_s: float) -> Any:
        self.waits.append(wait_s)
        text = self._reads.pop(0) if self._reads else None
        if not self._reads:
            self._keyboard.exit_event.set()
        if text is None:
            time.sleep(min(wait_s, constants.ESCAPE_DELAY))
            return [], [], []
        os.write(self._write_end, text.encode())
        return select.select(readers, [], [], 1.0)


def test_esc_is_a_key_when_nothing_follows_for_as_long_as_escdelay_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 0.01)
    typed = Typed(monkeypatch, "j", ESCAPE, None, None, None)

    assert typed.keys == ["j", "escape"]
    assert typed.waits == [0.1, 0.1, 0.01, 0, 0.1]


@pytest.mark.parametrize(("own", "delay"), [(None, "0.02"), ("300", "0.3")])
def test_the_delay_is_short_and_ones_own_wins(
    own: str | None, delay: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ESCDELAY", raising=False)
    if own is not None:
        monkeypatch.setenv("ESCDELAY", own)
    look = "import tui.actions; from textual.constants import ESCAPE_DELAY; print(ESCAPE_DELAY)"
    ran = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == delay


@pytest.mark.parametrize("late", [(), (None,)])
def test_the_rest_of_an_arrow_key_counts_when_it_is_there_however_late_it_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, late: tuple[None, ...]
) -> None:
    typed = Typed(monkeypatch, ESCAPE, *late, DOWN[1:], "k", None)

    assert typed.keys == ["down", "k"]


def test_what_comes_after_the_delay_is_a_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = Typed(monkeypatch, ESCAPE, None, None, DOWN[1:], None)

    assert typed.keys == ["escape", "left_square_bracket", "B"]


@pytest.mark.parametrize(
    ("reads", "keys"),
    [
        (["\x1bqr", None], ["escape", "q", "r"]),
        (["\x1b\r", None], ["escape", "enter"]),
        ([ESCAPE, "\r", None], ["escape", "enter"]),
        ([ESCAPE, "?", None], ["escape", "question_mark"]),
        (["a\x1b", None, None, "j", None], ["a", "escape", "j"]),
        (["\x1b\x1b[B", None], ["escape", "down"]),
        (["\x1bOB\x1b[B\x1bj", None], ["down", "down", "escape", "j"]),
        (["\x1b\x7f", None], ["ctrl+w"]),
    ],
)
def test_esc_and_a_key_that_come_together_are_both_keys(
    monkeypatch: pytest.MonkeyPatch, reads: list[str | None], keys: list[str]
) -> None:
    assert Typed(monkeypatch, *reads).keys == keys


def test_a_chosen_key_with_alt_stays_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keyboard, "has_alt_keys", True)

    assert Typed(monkeypatch, "\x1bq", None, None).keys == ["alt+q"]


def test_what_is_pasted_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard: Any = Keyboard.__new__(Keyboard)
    pasted = "\x1b[200~one \x1btwo\x1b[201~"

    assert keyboard._told_apart(f"{pasted}\x1bj", False) == f"{pasted}\x1b[27uj"
