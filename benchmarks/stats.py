"""``python -m benchmarks.stats``: `replay stats` over a million calls, beside a plain GROUP BY.

The database is the synthetic one of `benchmarks.queries_database`, with a duration of its own for
each call, and tokens of their own for each model call (``--calls``, ``--database`` to keep it).
Each command runs in a process of its own, in turns; the numbers are the medians of wall and of CPU
time, and the most memory that it held. The floor reads every row: `SELECT tool, outcome, count(*)
... GROUP BY 1, 2` in a bare Python. What is *cold* starts with none of the file in memory. The exit
code is 1 when a command that only counts takes more than the bound on the CPU: others use the
machine too.
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
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.queries_database import build

BOUND_S = 1.0
ROUNDS = 3
READING = ("--models", "--prometheus", "--quality")
"""What reads every model call, or conversations: it may take longer than the bound, and one round
tells enough."""

FLOOR = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute(
    "SELECT tool, outcome, count(*) FROM tool_call_rows GROUP BY 1, 2").fetchall()
"""
BARE = "pass"
COLD = "replay stats, cold"
CONFIGURED = "replay stats, with a [tool.replay]"


def commands(path: Path, folder: Path) -> dict[str, list[str]]:
    """Return what is timed, by name; ``folder`` is there to write into."""
    replay = [sys.executable, "-m", "replay.cli.main"]
    stats = [*replay, "stats", str(path)]
    models = ["model:gpt-x-2026-01-01", "model:gpt-x-2026-02-01"]
    options = {
        "": [],
        "--json": ["--json"],
        "--by tool,model": ["--by", "tool,model"],
        "--by schema": ["--by", "schema"],
        "--by time": ["--by", "time"],
        "--tool (one of eight)": ["--tool", "tool_3"],
        "--app (one of three)": ["--app", "shop"],
        "--label (of no trace)": ["--label", "team=none"],
        "--since (a tenth)": ["--since", "2026-12-12"],
        "--compare-window 7d": ["--compare-window", "7d"],
        "--compare-window 12d (all)": ["--compare-window", "12d"],
        "--compare (two models)": ["--compare", *models],
        "--compare (two apps)": ["--compare", "app:shop", "app:travel"],
        "--components": ["--components"],
        "--models": ["--models"],
        "--prometheus": ["--prometheus", str(folder / "replay.prom")],
        "--quality": ["--quality"],
    }
    return {
        "a bare Python": [sys.executable, "-c", BARE],
        "floor: SELECT tool, outcome, count(*)": [sys.executable, "-c", FLOOR, str(path)],
        "replay --version": [*replay, "--version"],
        **{f"replay stats {name}".strip(): [*stats, *given] for name, given in options.items()},
        CONFIGURED: stats,
        COLD: stats,
        "replay budgets": [*replay, "budgets", str(path), "--budget", "tool_3:p95=90"],
        "replay budgets, every tool": [*replay, "budgets", str(path), "--budget", "*:p95=90"],
    }


@dataclass(frozen=True)
class Measured:
    """What one run of a command took."""

    wall_s: float
    cpu_s: float
    memory_mb: float


def measured(command: list[str], folder: Path) -> Measured:
    """Run it in ``folder``; return what it took."""
    started = perf_counter()
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    ) as running:
        assert running.stderr is not None
        said = running.stderr.read()
        _, status, used = os.wait4(running.pid, 0)
        wall_s = perf_counter() - started
        running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode in (0, 1), said.decode()
    return Measured(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def forget(path: Path) -> None:
    """Let the system forget what it holds of a file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def spread(path: Path) -> None:
    """Give each call values of its own: copies sort, and are remembered, faster than real ones."""
    chance = random.Random(4)
    connection = sqlite3.connect(path)
    connection.create_function("drawn", 0, lambda: round(chance.lognormvariate(4, 1), 3))
    connection.create_function("counted", 1, lambda most: chance.randrange(1, most))
    connection.execute("UPDATE tool_call_rows SET duration_ms = drawn()")
    connection.execute(
        "UPDATE model_call_rows SET duration_ms = 20 * drawn(), usage = json_object("
        "'prompt_tokens', counted(30000), 'completion_tokens', counted(900), "
        "'prompt_tokens_details', json_object('cached_tokens', counted(9000)))"
    )
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000, help="tool calls in the database")
    parser.add_argument("--database", type=Path, help="make it here and keep it, or take this one")
    parser.add_argument("--only", default="", help="commands with this in their name")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name).resolve()
        path: Path = (args.database or folder / "calls.db").resolve()
        if not path.exists():
            with contextlib.redirect_stdout(io.StringIO()):
                build(path, args.calls)
            spread(path)
        (folder / "pyproject.toml").write_text(
            '[tool.replay.budgets]\n"tool_3" = { p95_ms = 90 }\n'
        )
        return _time(path, folder, args.only, args.rounds)


def _time(path: Path, folder: Path, only: str, rounds: int) -> int:
    chosen = {name: one for name, one in commands(path, folder).items() if only in name}
    found: dict[str, list[Measured]] = {name: [] for name in chosen}
    for number in range(rounds):
        for name, command in chosen.items():
            if number == 0 or not _reads(name):
                if name == COLD:
                    forget(path)
                # Away from any pyproject.toml, but for the one that is measured.
                found[name].append(measured(command, folder if name == CONFIGURED else Path("/")))
    print(f"{'':42}{'wall s':>8}{'cpu s':>8}{'MB':>6}", flush=True)
    slow = False
    for name, runs in found.items():
        wall_s = statistics.median(one.wall_s for one in runs)
        cpu_s = statistics.median(one.cpu_s for one in runs)
        memory_mb = max(one.memory_mb for one in runs)
        is_slow = name.startswith("replay stats") and not _reads(name) and cpu_s > BOUND_S
        slow = slow or is_slow
        print(f"{name:42}{wall_s:8.2f}{cpu_s:8.2f}{memory_mb:6.0f}{'  slow' if is_slow else ''}")
    return int(slow)


def _reads(name: str) -> bool:
    return any(word in name for word in READING)


if __name__ == "__main__":
    sys.exit(main())
