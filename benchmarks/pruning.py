"""``python -m benchmarks.pruning``: removing from a million calls while a recorder goes on.

The database is that of `benchmarks.pruning_database` (``--calls``; ``--database`` to keep it). Each
part works on a copy of its own, in a process of its own, while another process records:

========  ==========================================================================================
half      the older half goes, beside SQLite's own `DELETE` of the same rows and a `VACUUM`
rules     what `[tool.replay.keep]` says by app, label, tool and trace; some are held, some pinned
size      the oldest go until the file has six tenths of its size
forget    every trace that names one customer
open      four recorders open it, and what is due goes in their gaps
kills     each command is killed (``--kills`` times), run again, and let finish
========  ==========================================================================================

Told are seconds by the clock and on the CPU, the most memory of the command, the file before and
after, the most that it had on the disk with its log and what SQLite keeps beside, and the longest
append of the recorder. What was told to be gone is counted anew in SQL, and `replay db check` is
asked. The exit code is 1 when they differ or it finds anything.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks import pruning_kills as kills
from benchmarks import pruning_opening as opening
from benchmarks.pruning_counting import (
    both,
    delete_and_vacuum,
    differences,
    live_count,
    not_the_oldest,
    problems,
)
from benchmarks.pruning_database import (
    CUSTOMERS,
    DUE_SQL,
    RULES,
    SPARED_SQL,
    build,
    customer,
)
from benchmarks.pruning_measuring import Cost, Recorder, measured

_CUSTOMER: Final = 123
_CALL_SIZE_MAX: Final = 2_000
"""Bytes of the file that a call of the recorder takes at most."""
_HEADER: Final = (
    f"{'':24}{'s':>8}{'CPU s':>8}{'memory MB':>11}{'MB before':>11}{'after':>8}"
    f"{'on disk':>9}{'append ms':>11}"
)


def main() -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"Of {', '.join(_PARTS)}, kills: all."
    )
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=3, help="Of each command, in that part.")
    parser.add_argument("--database", type=Path, help="Make it here if it is missing, and keep it.")
    given = parser.parse_args()
    if not set(given.parts) <= {*_PARTS, "kills"}:
        parser.error(f"the parts are {', '.join(_PARTS)} and kills")
    with tempfile.TemporaryDirectory(dir=given.database and given.database.parent) as folder:
        original = given.database or Path(folder) / "whole.db"
        if not original.exists():
            build(original, given.calls)
        print(_HEADER)
        wrong = []
        for part in given.parts or (*_PARTS, "kills"):
            if part == "kills":
                wrong += _kills(original, Path(folder), given)
                continue
            path = Path(folder) / part / "traces.db"
            path.parent.mkdir()
            shutil.copy(original, path)
            wrong += [f"{part}: {one}" for one in _PARTS[part](original, path)]
            shutil.rmtree(path.parent)
    print("\n".join(wrong) or "What was told is what went, and `replay db check` finds nothing.")
    return 1 if wrong else 0


def _kills(original: Path, folder: Path, given: argparse.Namespace) -> list[str]:
    if given.calls > kills.CALLS_MAX:
        original = folder / "smaller.db"
        build(original, kills.CALLS_MAX)
    return [f"kills, {one}" for one in kills.killed(original, folder, given.kills)]


def _half(original: Path, path: Path) -> list[str]:
    with both(original, path) as connection:
        middle_us = connection.execute("SELECT avg(started_us) FROM main.trace_rows").fetchone()[0]
    until_us = int(middle_us) // 1_000_000 * 1_000_000
    floor = path.with_name("floor.db")
    shutil.copy(original, floor)
    before_mb, started = floor.stat().st_size / 1e6, (time.perf_counter(), time.process_time())
    delete_and_vacuum(floor, until_us)
    seconds, cpu_s = time.perf_counter() - started[0], time.process_time() - started[1]
    after_mb = floor.stat().st_size / 1e6
    sizes = f"{before_mb:11,.0f}{after_mb:8,.0f}"
    print(f"{'DELETE and VACUUM':24}{seconds:8.1f}{cpu_s:8.1f}{'':11}{sizes}")
    floor.unlink()
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until_us // 1_000_000))
    due = f"SELECT key FROM main.trace_rows WHERE started_us < {until_us}"
    return _removed(original, path, ["prune", str(path), "--until", until], due)


def _rules(original: Path, path: Path) -> list[str]:
    path.with_name("pyproject.toml").write_text(RULES, "utf-8")
    due = DUE_SQL.replace("?", str(time.time_ns() // 1_000))
    return _removed(original, path, ["prune", str(path)], due)


def _size(original: Path, path: Path) -> list[str]:
    wanted = path.stat().st_size * 6 // 10
    wrong = _removed(original, path, ["prune", str(path), "--size", str(wanted)], None)
    # The recorder goes on after the command has ended.
    left = path.stat().st_size - _CALL_SIZE_MAX * live_count(path)
    if left > wanted:
        wrong.append(f"{left:,} bytes are left, {wanted:,} were wanted")
    return [*wrong, *not_the_oldest(original, path)]


def _forget(original: Path, path: Path) -> list[str]:
    who = customer(_CUSTOMER)
    due = f"SELECT key FROM main.trace_rows WHERE key % {CUSTOMERS} = {_CUSTOMER}"
    held = "SELECT key FROM trace_rows WHERE id IN (SELECT trace_id FROM holds)"
    return _removed(original, path, ["forget", str(path), "--value", who], due, spared=held)


def _open(original: Path, path: Path) -> list[str]:
    print(f"\n{opening.HEADER}")
    for name, count, rules in (
        ("one recorder, nothing due", 1, ""),
        ("one recorder, rules", 1, RULES),
        ("four recorders at once, nothing due", 4, ""),
        ("four recorders at once, rules", 4, RULES),
    ):
        path.with_name("pyproject.toml").write_text(rules, "utf-8")
        before = _trace_count(original, path)
        found = opening.open_together(path, count)
        print(opening.told(name, found, before - _trace_count(original, path)))
    return problems(path)


def _trace_count(original: Path, path: Path) -> int:
    query = "SELECT count(*) FROM left_db.trace_rows WHERE id NOT GLOB 'live-*'"
    with both(original, path) as connection:
        return int(connection.execute(query).fetchone()[0])


def _removed(
    original: Path, path: Path, words: list[str], due: str | None, *, spared: str = SPARED_SQL
) -> list[str]:
    """Run the command beside a recorder, print its row, and return what does not fit."""
    with Recorder(path) as recorder:
        cost = measured([*words, "--json"], path)
    print(_row(f"replay {words[0]} {' '.join(words[2:3])}", cost, recorder))
    if cost.exit_code not in (0, 2):
        return [f"it ended with {cost.exit_code}"]
    answer = cost.answer()
    told = (answer.get("pruned") or answer)["removed"]
    wrong = differences(original, path, told, due, live_count=recorder.count, spared=spared)
    return [*wrong, *problems(path)]


def _row(name: str, cost: Cost, recorder: Recorder) -> str:
    return (
        f"{name:24}{cost.seconds:8.1f}{cost.cpu_s:8.1f}{cost.memory_mb:11.0f}"
        f"{cost.size_mb_before:11,.0f}{cost.size_mb_after:8,.0f}{cost.disk_mb:9,.0f}"
        f"{recorder.longest_ms:11.1f}"
    )


_PARTS: Final[dict[str, Callable[[Path, Path], list[str]]]] = {
    "half": _half,
    "rules": _rules,
    "size": _size,
    "forget": _forget,
    "open": _open,
}


if __name__ == "__main__":
    sys.exit(main())
