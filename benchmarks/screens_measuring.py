"""One session of the terminal UI on a pseudo-terminal: every screen opened, every key pressed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.screens_terminal import QUIET_S, Answer, Terminal
from benchmarks.screens_visits import ESCAPE, Session, Visit

_ESCAPE_S: Final = 0.15
"""What follows an escape sooner would be another key."""
_OPENED_MIN: Final = 2


@dataclass(frozen=True, slots=True)
class Opened:
    """One opening of a screen, in milliseconds."""

    answered: float
    """Until the first byte."""
    there: float
    """Until its text is there."""
    cpu: float


@dataclass(slots=True)
class Measured:
    """What one session gave."""

    paint_ms: list[float] = field(default_factory=list)
    content_ms: list[float] = field(default_factory=list)
    start_cpu_ms: list[float] = field(default_factory=list)
    opened: dict[Visit, list[Opened]] = field(default_factory=dict)
    keys: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    """By screen and key."""
    memory_mb: float = 0.0
    """The highest there was."""


def measure(command: Sequence[str], session: Session, rounds: int) -> Measured:
    """Start, open every screen and press every key ``rounds`` times."""
    found = Measured()
    for number in range(rounds):
        terminal = Terminal([*command, *session.words])
        try:
            painted = terminal.sees(session.paint)
            content = terminal.sees(session.first.sees)
            found.paint_ms.append((painted - terminal.started_at) * 1000)
            found.content_ms.append((content - terminal.started_at) * 1000)
            found.start_cpu_ms.append(terminal.cpu_ms())
            if number == rounds - 1:
                terminal.settle(0.6)
                _visit(terminal, session.first, rounds, found)
                found.memory_mb = terminal.memory_mb()[1]
        finally:
            terminal.close()
    return found


def _visit(terminal: Terminal, visit: Visit, rounds: int, found: Measured) -> None:
    for _ in range(rounds):
        for key in visit.keys:
            answer = terminal.answer_ms(key)
            if answer is not None:
                found.keys.setdefault((visit.name, key), []).append(answer)
            if key == ESCAPE:
                terminal.settle(_ESCAPE_S)
    for screen in visit.then:
        for number in range(max(rounds, _OPENED_MIN)):
            found.opened.setdefault(screen, []).append(_open(terminal, screen))
            if number == 0:
                _visit(terminal, screen, rounds, found)
            _press_all(terminal, screen.leave)


def _open(terminal: Terminal, screen: Visit) -> Opened:
    """Open a screen; where that takes several keys, the last one is measured."""
    _press_all(terminal, screen.open[:-1])
    since, before = len(terminal.written), terminal.cpu_ms()
    pressed = terminal.press(screen.open[-1])
    terminal.sees("(?s).", since)
    answered = time.perf_counter()
    there = terminal.sees(screen.sees, since)
    terminal.settle()
    cpu = terminal.cpu_ms() - before
    return Opened((answered - pressed) * 1000, (there - pressed) * 1000, cpu)


def _press_all(terminal: Terminal, keys: str) -> None:
    for key in keys:
        terminal.press(key)
        terminal.settle(_ESCAPE_S if key == ESCAPE else QUIET_S)
