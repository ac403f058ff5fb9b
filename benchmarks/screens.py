"""``python -m benchmarks.screens``: the terminal UI at size, key by key.

In four parts, each with a database of its own (``--only million,steps``): a million tool calls; a
transcript of ten thousand steps; values of five megabytes; and many of what there are few of
otherwise: 200 calls at once, ten thousand replay runs, 300 versions of a schema.

The real command on a real pseudo-terminal of 120x36: when the first picture is there and when the
first rows; how long each screen takes to open; how long each key takes until the first byte of its
answer, and until nothing more comes. Then the same command in tmux, where that is installed, and
the screens in-process through Textual's Pilot. A hello-world of Textual runs beside it.
What is over its aim is marked, and the exit code is 1 then. What is read in a thread has two rows:
until the screen answers, and until its megabytes are there, which has no aim.

On a machine that others use too, look at the processor times: ``--by-cpu`` judges by them.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.screens_elsewhere import pilot_table
from benchmarks.screens_measuring import Measured, Opened, measure
from benchmarks.screens_sessions import PARTS, Part
from benchmarks.screens_tmux import in_tmux
from benchmarks.screens_visits import Session, Visit

ROOT: Final = Path(__file__).resolve().parent.parent
PAINT_MS: Final = 1_000.0
SCREEN_MS: Final = 150.0
KEY_MS: Final = 50.0
MEMORY_MB: Final = 250.0
_PILOT_SIZES: Final = {(120, 36): SCREEN_MS, (300, 100): None}
"""A usual terminal, and a huge one, which has no aim: thirty thousand cells are painted."""
_NAMED: Final = 5
"""Keys that are named because they take longest."""
_SHOWN: Final = {"\r": "enter", "\x1b": "esc", "\t": "tab", " ": "space", "\x02": "^b"}


def p95(values: Sequence[float]) -> float:
    """Return the value that one in twenty is above."""
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


@dataclass(slots=True)
class Table:
    """The rows as they come, and whether all of them hold their aims."""

    by_cpu: bool
    is_good: bool = True

    def head(self) -> None:
        """Print the names of the columns."""
        print(f"{'ms':52}{'median':>8}{'best or':>9}{'cpu':>8}{'aim':>8}")
        print(f"{'':52}{'or p95':>8}{'worst':>9}")

    def row(
        self, name: str, value: float, other: float, cpu: float | None, aim: float | None
    ) -> None:
        """Print one row; mark it where it is over its aim."""
        judged = cpu if self.by_cpu and cpu is not None else value
        is_over = aim is not None and judged > aim
        self.is_good = self.is_good and not is_over
        shown = "" if cpu is None else f"{cpu:.0f}"
        wanted = "" if aim is None else f"{aim:.0f}"
        said = "  over" if is_over else ""
        print(f"{name:52}{value:8.0f}{other:9.0f}{shown:>8}{wanted:>8}{said}", flush=True)

    def session(self, name: str, found: Measured) -> None:
        """Print the rows of one session."""
        paint, content = statistics.median(found.paint_ms), statistics.median(found.content_ms)
        self.row(f"{name}: first picture", paint, min(found.paint_ms), None, PAINT_MS)
        cpu = statistics.median(found.start_cpu_ms)
        self.row("  its rows are there", content, min(found.content_ms), cpu, PAINT_MS)
        for screen, times in found.opened.items():
            self._opened(screen, times)
        self._keys(found)
        aim = MEMORY_MB
        is_over = found.memory_mb > aim
        self.is_good = self.is_good and not is_over
        said = "  over" if is_over else ""
        print(f"  {'memory at its highest, MB':50}{found.memory_mb:8.0f}{'':17}{aim:8.0f}{said}")

    def _opened(self, screen: Visit, times: Sequence[Opened]) -> None:
        cpu = statistics.median(one.cpu for one in times)
        there = [one.there for one in times]
        if not screen.is_read:
            self.row(f"  open {screen.name}", statistics.median(there), max(there), cpu, SCREEN_MS)
            return
        answered = [one.answered for one in times]
        middle = statistics.median(answered)
        self.row(f"  open {screen.name}: it answers", middle, max(answered), None, SCREEN_MS)
        self.row("    what it reads is there", statistics.median(there), max(there), cpu, None)

    def _keys(self, found: Measured) -> None:
        pressed = [one for times in found.keys.values() for one in times]
        if not pressed:
            return
        firsts, lasts, first_cpus, cpus = zip(*pressed, strict=True)
        cpu = p95(first_cpus)
        self.row(f"  {len(firsts)} keys: first byte", p95(firsts), max(firsts), cpu, KEY_MS)
        self.row(f"  {len(lasts)} keys: last byte", p95(lasts), max(lasts), p95(cpus), None)
        for at, name in ((0, "slowest keys"), (2, "keys with most processor time until then")):
            print(f"    the {name}, in the median: {_most(found, at)}")


def _most(found: Measured, at: int) -> str:
    medians = {
        key: statistics.median(one[at] for one in times) for key, times in found.keys.items()
    }
    most = sorted(medians, key=lambda key: -medians[key])[:_NAMED]
    return ", ".join(
        f"{_SHOWN.get(key, key)} ({screen}) {medians[screen, key]:.0f}" for screen, key in most
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ",".join(part.name for part in PARTS)
    parser.add_argument("--only", default=names, help=f"some of {names}")
    parser.add_argument("--session", default="", help="only sessions with this in their name")
    parser.add_argument("--folder", type=Path, help="make the databases here, and keep them")
    parser.add_argument("--rounds", type=int, help="how often everything is done; else as written")
    parser.add_argument("--by-cpu", action="store_true", help="judge by processor time")
    parser.add_argument("--command", default="", help="the command; else this checkout's")
    args = parser.parse_args()
    chosen = [part for part in PARTS if part.name in args.only.split(",")]
    if not chosen:
        parser.error(f"--only takes some of {names}")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for package in ("replay", "tui", "cassettes", "benchmarks"):
        compileall.compile_dir(ROOT / package, quiet=2)
    command = args.command.split() or [sys.executable, "-m", "replay.cli.main"]
    table = Table(args.by_cpu)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        os.environ["XDG_STATE_HOME"] = folder  # where one was is nobody's business here
        kept: Path = args.folder or Path(folder)
        kept.mkdir(exist_ok=True)
        load = os.getloadavg()[0]
        print(f"load {load:.1f} on {os.cpu_count()} cores")
        table.head()
        _hello(table)
        for part in chosen:
            rounds = args.rounds or part.rounds
            _part(table, part, [*command, "ui"], kept / f"{part.name}.db", rounds, args.session)
    return 0 if table.is_good else 1


def _hello(table: Table) -> None:
    hello = Visit("hello", "", "hello, world")
    plain = [sys.executable, str(Path(__file__).with_name("screens_hello.py"))]
    floor = measure(plain, Session("hello", (), "hello, world", hello), 3)
    paint, cpu = statistics.median(floor.paint_ms), statistics.median(floor.start_cpu_ms)
    name = "hello, world of Textual: first picture"
    table.row(name, paint, min(floor.paint_ms), cpu, None)


def _part(
    table: Table, part: Part, command: list[str], path: Path, rounds: int, wanted: str
) -> None:
    if not path.exists():
        before = time.perf_counter()
        part.make(path)
        print(f"{path.name} made in {time.perf_counter() - before:.0f} s", file=sys.stderr)
    print(f"-- {part.name}: {path.stat().st_size / 1e6:,.0f} MB")
    command = [*command, str(path)]
    for session in part.sessions:
        if wanted in session.name:
            table.session(session.name, measure(command, session, rounds))
    first = part.sessions[0]
    found = in_tmux([*command, *first.words], first.first.sees)
    if found is not None:
        table.row(f"in tmux, {first.name}: rows", found.rows_ms, found.rows_ms, None, PAINT_MS)
        name = f"  {len(found.keys_ms)} keys: first byte"
        table.row(name, p95(found.keys_ms), max(found.keys_ms), None, KEY_MS)
    for size, aim in _PILOT_SIZES.items():
        for one in pilot_table(path, part.pilot, size):
            name, cpu = f"Pilot at {size[0]}x{size[1]}, {one.name}", one.screen_ms
            table.row(name, cpu, cpu, cpu, aim)
            table.row("    with what it reads", one.read_ms, one.read_ms, one.read_ms, None)


if __name__ == "__main__":
    sys.exit(main())
