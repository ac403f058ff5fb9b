"""``python -m benchmarks.screens``: the terminal UI on a million tool calls, key by key.

The real command on a real pseudo-terminal of 120x36: when the first picture is there and when the
first rows; how long each screen takes to open; how long each key takes until the first byte of its
answer, and until nothing more comes. Then the same command in tmux, where that is installed, and
the screens in-process through Textual's Pilot on 300x100. A hello-world of Textual runs beside it.
What is over its aim is marked, and the exit code is 1 then.

Making the database takes half a minute and 0.7 GB (``--database`` keeps it for the next time).
"""

from __future__ import annotations

import argparse
import compileall
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.screens_database import build
from benchmarks.screens_elsewhere import pilot_table, tmux_ms
from benchmarks.screens_terminal import QUIET_S, Terminal
from benchmarks.screens_visits import ESCAPE, SESSIONS, Session, Visit

ROOT: Final = Path(__file__).resolve().parent.parent
PAINT_MS: Final = 1_000.0
SCREEN_MS: Final = 150.0
KEY_MS: Final = 50.0
MEMORY_MB: Final = 250.0
_ESCAPE_S: Final = 0.6
_NAMED: Final = 6
"""Keys that are named because they take longest."""
_SHOWN: Final = {
    "\r": "enter",
    "\x1b": "esc",
    "\t": "tab",
    " ": "space",
    "\x7f": "backspace",
    "\x02": "^b",
}


@dataclass(slots=True)
class Measured:
    """What one session gave."""

    paint_ms: list[float] = field(default_factory=list)
    content_ms: list[float] = field(default_factory=list)
    start_cpu_ms: list[float] = field(default_factory=list)
    opened: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """By screen: milliseconds until its text was there, and processor time."""
    keys: dict[tuple[str, str], list[tuple[float, float, float]]] = field(default_factory=dict)
    """By screen and key: milliseconds until the first byte, until the last, and processor time."""
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
            before = terminal.cpu_ms()
            answer = terminal.answer_ms(key)
            if answer is not None:
                cpu = terminal.cpu_ms() - before
                found.keys.setdefault((visit.name, key), []).append((*answer, cpu))
            if key == ESCAPE:  # with what follows at once it would be another key
                terminal.settle(_ESCAPE_S)
    for screen in visit.then:
        for number in range(rounds):
            since, before = len(terminal.written), terminal.cpu_ms()
            pressed = terminal.press(screen.open)
            opened = (terminal.sees(screen.sees, since) - pressed) * 1000
            terminal.settle(3 * QUIET_S)
            cpu = terminal.cpu_ms() - before
            found.opened.setdefault(screen.name, []).append((opened, cpu))
            if number == rounds - 1:
                _visit(terminal, screen, rounds, found)
            terminal.press(screen.leave)
            terminal.settle(_ESCAPE_S if screen.leave == ESCAPE else 3 * QUIET_S)


def p95(values: Sequence[float]) -> float:
    """Return the value that one in twenty is above."""
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


def show(name: str, found: Measured) -> bool:
    """Print the rows of one session; say whether everything holds its aim."""
    paint, content = statistics.median(found.paint_ms), statistics.median(found.content_ms)
    good = _row(f"{name}: first picture", paint, min(found.paint_ms), None, PAINT_MS)
    cpu = statistics.median(found.start_cpu_ms)
    good &= _row("  its rows are there", content, min(found.content_ms), cpu, PAINT_MS)
    for screen, times in found.opened.items():
        waits = [wait for wait, _ in times]
        cpu = statistics.median(cpu for _, cpu in times)
        good &= _row(f"  open {screen}", statistics.median(waits), max(waits), cpu, SCREEN_MS)
    pressed = [one for times in found.keys.values() for one in times]
    firsts, lasts, cpus = zip(*pressed, strict=True)
    cpu = p95(cpus)
    good &= _row(f"  {len(firsts)} keys: first byte", p95(firsts), max(firsts), cpu, KEY_MS)
    _row(f"  {len(lasts)} keys: last byte", p95(lasts), max(lasts), None, None)
    for at, name in ((0, "slowest keys"), (2, "keys with most processor time")):
        print(f"    the {name}, in the median: {_most(found, at)}")
    over = "  over" if found.memory_mb > MEMORY_MB else ""
    print(f"  {'memory at its highest, MB':46}{found.memory_mb:9.0f}{'':18}{MEMORY_MB:9.0f}{over}")
    return good and not over


def _most(found: Measured, at: int) -> str:
    medians = {
        key: statistics.median(one[at] for one in times) for key, times in found.keys.items()
    }
    most = sorted(medians, key=lambda key: -medians[key])[:_NAMED]
    return ", ".join(
        f"{_SHOWN.get(key, key)} ({screen}) {medians[screen, key]:.0f}" for screen, key in most
    )


def _row(name: str, value: float, other: float, cpu: float | None, aim: float | None) -> bool:
    """Print one row; say whether ``value`` holds the aim."""
    over = aim is not None and value > aim
    shown = "" if cpu is None else f"{cpu:.0f}"
    wanted = "" if aim is None else f"{aim:.0f}"
    said = "  over" if over else ""
    print(f"{name:48}{value:9.0f}{other:9.0f}{shown:>9}{wanted:>9}{said}", flush=True)
    return not over


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000, help="tool calls in the database")
    parser.add_argument("--database", type=Path, help="make it here and keep it, or take this one")
    parser.add_argument("--rounds", type=int, default=7, help="how often everything is done")
    parser.add_argument("--only", default="", help="sessions with this in their name")
    parser.add_argument("--command", default="", help="the command; else this checkout's")
    args = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for package in ("replay", "tui", "cassettes", "benchmarks"):
        compileall.compile_dir(ROOT / package, quiet=2)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        os.environ["XDG_STATE_HOME"] = folder  # where one was is nobody's business here
        path = args.database or Path(folder) / "calls.db"
        if not path.exists():
            before = time.perf_counter()
            build(path, args.calls)
            print(f"made in {time.perf_counter() - before:.0f} s", file=sys.stderr)
        command = args.command.split() or [sys.executable, "-m", "replay.cli.main"]
        return _measure_all([*command, "ui", str(path)], path, args.rounds, args.only)


def _measure_all(command: list[str], path: Path, rounds: int, only: str) -> int:
    load = os.getloadavg()[0]
    print(f"{path.stat().st_size / 1e9:.2f} GB, load {load:.1f} on {os.cpu_count()} cores")
    print(f"{'ms':48}{'median':>9}{'best or':>9}{'cpu':>9}{'aim':>9}")
    print(f"{'':48}{'or p95':>9}{'worst':>9}")
    hello = Visit("hello", "", "hello, world")
    plain = [sys.executable, str(Path(__file__).with_name("screens_hello.py"))]
    floor = measure(plain, Session("hello", (), "hello, world", hello), rounds)
    _row(
        "hello, world of Textual: first picture",
        statistics.median(floor.paint_ms),
        min(floor.paint_ms),
        statistics.median(floor.start_cpu_ms),
        None,
    )
    good = True
    for session in SESSIONS:
        if only in session.name:
            good &= show(session.name, measure(command, session, rounds))
    seen = tmux_ms(command, SESSIONS[0].first.sees)
    if seen is not None:
        _row("in tmux, a million calls: rows are seen", seen, seen, None, PAINT_MS)
    for name, cpu in pilot_table(path):
        good &= _row(f"Pilot at 300x100, {name}", cpu, cpu, cpu, SCREEN_MS)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
