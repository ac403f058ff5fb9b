"""Plain functions over one shared list, at their own pace; CHANGE says what is new today."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from cassettes import external
from replay import Toolbox

toolbox = Toolbox("parallel")
CHANGE = os.environ.get("CHANGE", "")


@dataclass
class Board:
    lines: list[str] = field(default_factory=list)


@toolbox.world
def board(start: object) -> Board:
    del start
    return Board()


@toolbox.state
def state(board: Board) -> list[str]:
    return board.lines


@toolbox.tool
def write(line: str, wait_ms: int, board: Board) -> int:
    """Wait, then put a line on the board; return how many there are."""
    if CHANGE == "last first":
        wait_ms = 600 - wait_ms
    time.sleep(5 if line == CHANGE.removeprefix("slow ") else wait_ms / 1000)
    board.lines.append(line)
    if line == CHANGE.removeprefix("twice "):
        board.lines.append(line)
        return len(board.lines) - 1
    return len(board.lines)


@toolbox.tool
def show(board: Board) -> list[str]:
    """Return the lines on the board."""
    return list(board.lines)


@toolbox.tool(timeout_ms=5_000 if CHANGE == "patient" else 500)
def tarry(line: str, wait_ms: int, board: Board) -> str:
    """Put a line on the board when nobody waits any more."""
    time.sleep(60 if CHANGE == "hangs" else wait_ms / 1000)
    board.lines.append(line)
    return "done"


@external
def rate(currency: str) -> float:
    """Ask somebody who takes his time."""
    time.sleep(1.0)
    return 1.25


@toolbox.tool(timeout_ms=60)
def exchange(currency: str) -> float:
    """Return a rate."""
    return rate(currency)
