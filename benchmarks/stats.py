"""``python -m benchmarks.stats``: `replay stats` over a million calls, beside a plain GROUP BY.

The database is the synthetic one of `benchmarks.queries_database`, with a duration of its own for
each call (``--calls``, ``--database`` to keep it). Each command runs in a process of its own, in
turns; the numbers are the medians of wall and of CPU time (of one run each, where a command reads
more than counts). The floor reads every row: `SELECT
tool, outcome, count(*) ... GROUP BY 1, 2` in a bare Python. The exit code is 1 when the plain
command takes more than the bound on the CPU: others use the machine too.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.queries_database import build

BOUND_S = 1.0
ROUNDS = 3
ONCE = ("--compare", "--models", "--quality")
"""Commands that read every model call, or conversations: seconds, and one run tells enough."""

FLOOR = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute(
    "SELECT tool, outcome, count(*) FROM tool_call_rows GROUP BY 1, 2").fetchall()
"""
BARE = "pass"


def commands(path: Path) -> dict[str, list[str]]:
    """Return what is timed, by name."""
    replay = [sys.executable, "-m", "replay.cli.main"]
    stats = [*replay, "stats", str(path)]
    return {
        "a bare Python": [sys.executable, "-c", BARE],
        "floor: SELECT tool, outcome, count(*)": [sys.executable, "-c", FLOOR, str(path)],
        "replay --version": [*replay, "--version"],
        "replay stats": stats,
        "replay stats --by tool,model": [*stats, "--by", "tool,model"],
        "replay stats --since (a tenth)": [*stats, "--since", "2026-12-12"],
        "replay stats --compare-window 7d": [*stats, "--compare-window", "7d"],
        "replay stats --models": [*stats, "--models"],
        "replay stats --components": [*stats, "--components"],
        "replay stats --quality": [*stats, "--quality"],
        "replay budgets": [*replay, "budgets", str(path), "--budget", "tool_3:p95=90"],
    }


def measured(command: list[str]) -> tuple[float, float]:
    """Run it; return the seconds by the clock and on the CPU, children's included."""
    before = os.times()
    started = time.perf_counter()
    ran = subprocess.run(command, capture_output=True, check=False)
    wall = time.perf_counter() - started
    after = os.times()
    assert ran.returncode in (0, 1), ran.stderr.decode()
    cpu = sum(after[place] - before[place] for place in (2, 3))
    return wall, cpu


def spread(path: Path) -> None:
    """Give each call a duration of its own: copies sort faster than real ones."""
    chance = random.Random(4)
    connection = sqlite3.connect(path)
    connection.create_function("drawn", 0, lambda: chance.lognormvariate(4, 1))
    connection.execute("UPDATE tool_call_rows SET duration_ms = drawn()")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000, help="tool calls in the database")
    parser.add_argument("--database", type=Path, help="make it here and keep it, or take this one")
    parser.add_argument("--only", default="", help="commands with this in their name")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = args.database or Path(folder) / "calls.db"
        if not path.exists():
            with contextlib.redirect_stdout(io.StringIO()):
                build(path, args.calls)
            spread(path)
        return _time(path, args.only)


def _time(path: Path, only: str) -> int:
    chosen = {name: one for name, one in commands(path).items() if only in name}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in chosen}
    for number in range(ROUNDS):
        for name, command in chosen.items():
            if number == 0 or not any(word in name for word in ONCE):
                found[name].append(measured(command))
    print(f"{'seconds':40}{'wall':>8}{'cpu':>8}")
    slow = False
    for name, rounds in found.items():
        wall, cpu = (statistics.median(side) for side in zip(*rounds, strict=True))
        is_slow = name == "replay stats" and cpu > BOUND_S
        slow = slow or is_slow
        print(f"{name:40}{wall:8.2f}{cpu:8.2f}{'  slow' if is_slow else ''}")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
