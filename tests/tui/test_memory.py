"""How much the program takes while somebody walks through many calls and big values."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from benchmarks.queries_database import build
from benchmarks.screens_terminal import Terminal
from tests.tui.big import append_big

_CALLS: Final = 100_000
_SIZE: Final = 2_500_000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many calls, and two traces with values of megabytes, which one finding has."""
    path = tmp_path_factory.mktemp("many") / "many.db"
    build(path, _CALLS)
    append_big(path, "big-nested", "big-payload", size=_SIZE)
    return path


@pytest.fixture
def terminal(many: Path) -> Iterator[Terminal]:
    started = Terminal([sys.executable, "-m", "tui", str(many)])
    yield started
    started.close()


def press(terminal: Terminal, key: str, seen: str) -> None:
    """Press a key, and wait for what it shows and until nothing more is done."""
    since = len(terminal.written)
    terminal.press(key)
    terminal.sees(seen, since)
    terminal.settle(0.2)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_walk_through_many_calls_and_big_values_takes_little_memory(terminal: Terminal) -> None:
    """Every duration in each grouping, caches of each thread: of these calls 55 MB once, now 24."""
    terminal.sees("big-payload")
    terminal.settle(0.3)
    started_mb, _ = terminal.memory_mb()
    press(terminal, "x", "tool_1")
    press(terminal, "q", "big-payload")
    press(terminal, "m", "Latency")
    press(terminal, "]", "the last 30 days")
    press(terminal, "q", "big-payload")
    _, metrics_mb = terminal.memory_mb()
    press(terminal, "r", "t:box")
    press(terminal, "\r", "call 1 of 2")
    for key, number in zip("npnp", (2, 1, 2, 1), strict=True):
        press(terminal, key, f"call {number} of 2")
    _, all_mb = terminal.memory_mb()

    assert metrics_mb - started_mb < 40
    assert all_mb - started_mb < 100
