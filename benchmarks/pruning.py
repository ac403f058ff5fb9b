"""``python -m benchmarks.pruning``: half of a million calls pruned while a recorder goes on.

The database is the synthetic one of `benchmarks.queries_database` (``--calls``; ``--database`` to
keep it). The older half of its traces goes. Beside it the floor: SQLite's own `DELETE` of the same
calls, model calls, messages and verdicts in one transaction, and a `VACUUM`, which knows nothing of
counts, cassettes or shared texts, and keeps everybody else from writing. Told are seconds by the
clock and on the CPU, the sizes of the file, and what an append cost the recorder meanwhile. The
exit code is 1 when `replay db check` finds anything afterwards.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.queries_database import build
from replay.records import Selection
from replay.store import Store
from replay.store.pruning import Pruned, prune

_PAUSE_S = 0.01
T = TypeVar("T")


def main() -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--database", type=Path, help="Make it here if it is missing, and keep it.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.database and given.database.parent) as folder:
        original = given.database or Path(folder) / "whole.db"
        if not original.exists():
            build(original, given.calls)
        until = _middle(original)
        print(f"{'':24}{'s':>9}{'CPU s':>9}{'MB before':>11}{'MB after':>10}")
        floor = Path(folder) / "floor.db"
        shutil.copy(original, floor)
        _measured("DELETE and VACUUM", floor, lambda: _delete(floor, until))
        pruned = Path(folder) / "pruned.db"
        shutil.copy(original, pruned)
        with _Recorder(pruned) as recorder:
            done = _measured("replay prune", pruned, lambda: _prune(pruned, until))
        print(recorder.told())
        print(
            f"{done.removed.trace_count:,} traces, {done.removed.tool_call_count:,} tool calls, "
            f"{done.removed.verdict_count:,} verdicts, {done.content_count:,} texts went"
        )
        with Store.open(pruned) as store:
            problems = store.check()
        print("\n".join(map(str, problems)) or "replay db check: whole")
    return 1 if problems else 0


def _middle(path: Path) -> str:
    with Store.open(path) as store:
        row = store.query("SELECT count(*) FROM traces")[1][0]
        half = int(row[0]) // 2
        query = f"SELECT started_at FROM traces ORDER BY started_at LIMIT 1 OFFSET {half}"
        return str(store.query(query)[1][0][0])


def _prune(path: Path, until: str) -> Pruned:
    return prune(path, selection=Selection(until=until))


def _delete(path: Path, until: str) -> None:
    from replay.store.times import microseconds

    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA cache_size=-65536")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TEMP TABLE going (key NOT NULL PRIMARY KEY)")
    connection.execute(
        "INSERT INTO temp.going SELECT key FROM trace_rows WHERE started_us < ?",
        (microseconds(until),),
    )
    for table in ("tool_call_rows", "model_call_rows", "prompt_messages", "call_verdict_rows"):
        connection.execute(f"DELETE FROM {table} WHERE trace IN (SELECT key FROM temp.going)")
    connection.execute("DELETE FROM trace_rows WHERE key IN (SELECT key FROM temp.going)")
    connection.execute("COMMIT")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _measured(name: str, path: Path, work: Callable[[], T]) -> T:
    before = path.stat().st_size
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    done = work()
    seconds, cpu_s = time.perf_counter() - started_s, time.process_time() - started_cpu_s
    sizes = f"{before / 1e6:11,.0f}{path.stat().st_size / 1e6:10,.0f}"
    print(f"{name:24}{seconds:9.1f}{cpu_s:9.1f}{sizes}")
    return done


class _Recorder:
    """Appends a hundred calls a second, in a thread of its own, and times each append."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._record)
        self._seconds: list[float] = []

    def __enter__(self) -> _Recorder:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ends.set()
        self._thread.join()

    def told(self) -> str:
        """Return what the appends cost."""
        percentiles = statistics.quantiles(self._seconds, n=100)
        p50, p99 = (1e6 * percentiles[at] for at in (49, 98))
        worst = 1e3 * max(self._seconds)
        return (
            f"appends meanwhile: {len(self._seconds):,}, p50 {p50:.0f} us, p99 {p99:.0f} us, "
            f"longest {worst:.1f} ms"
        )

    def _record(self) -> None:
        with Store.open(self._path, "w") as store, contextlib.suppress(KeyboardInterrupt):
            number = 0
            while not self._ends.wait(_PAUSE_S):
                fields = {
                    "kind": "tool_call",
                    "id": f"live-{number}",
                    "trace_id": f"live-{number // 50}",
                    "step_number": number % 50 + 1,
                    "tool": "tool_1",
                    "arguments": '{"number": 1}',
                    "response": f"answer {number} " * 100,
                    "started_at": "2029-01-01T00:00:00.000000Z",
                }
                started_s = time.perf_counter()
                store.append(fields)
                self._seconds.append(time.perf_counter() - started_s)
                number += 1


if __name__ == "__main__":
    raise SystemExit(main())
