"""``python -m benchmarks.masking_stored``: masking what is stored already, of a million calls.

The database is that of `benchmarks.pruning_database` (``--calls``; ``--database`` to keep it): each
call's answer holds the email of a customer, in the open. Told of each command are seconds by the
clock and on the CPU, the most memory, the file before and after, and the most that it had on the
disk with its copy and its logs:

=====  ============================================================================================
check  `replay mask --check --personal`
apply  `replay mask --apply --personal`; grep looks for customers in what is left
again  the same once more: nothing is left to mask
found  `replay mask --check --personal` after it
kills  `replay mask --apply` ended with SIGKILL, and with Ctrl-C, at moments all through its time
=====  ============================================================================================

After each end, `replay db check` is asked, every call is counted, and nothing may be masked in
part; then it is run to its end. The exit code is 1 when something does not fit.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.pruning_counting import problems
from benchmarks.pruning_database import build
from benchmarks.pruning_measuring import Cost, measured

_OPEN: Final = "SELECT count(*) FROM tool_calls WHERE response LIKE '%customer-%@example.com%'"
_KEY: Final = "k" * 32


def main() -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=6, help="how often it is ended before its end")
    parser.add_argument("--database", type=Path, help="Make it here if it is missing, and keep it.")
    given = parser.parse_args()
    os.environ["REPLAY_MASKING_KEY"] = _KEY
    with tempfile.TemporaryDirectory(dir=given.database and given.database.parent) as folder:
        original = given.database or Path(folder) / "whole.db"
        if not original.exists():
            build(original, given.calls)
        path = Path(folder) / "work" / "traces.db"
        path.parent.mkdir()
        shutil.copy(original, path)
        wrong = _commands(path)
        wrong += _kills(original, path, given.kills)
    print("\n".join(wrong) or "Nothing was lost, and nothing is left in the open.")
    return 1 if wrong else 0


def _commands(path: Path) -> list[str]:
    print(
        f"{'':24}{'s':>8}{'CPU s':>8}{'memory MB':>11}{'MB before':>11}{'after':>8}{'on disk':>9}"
    )
    wrong = []
    steps = (("--check", 1), ("--apply", 0), ("--apply, again", 0), ("--check, after it", 0))
    for name, code in steps:
        cost = measured(["mask", name.partition(",")[0], "--personal", str(path)], path)
        print(_row(f"mask {name}", cost))
        if cost.exit_code != code:
            wrong.append(f"{name} ended with {cost.exit_code}: {cost.out[-400:]}")
        if name == "--apply":
            wrong += [f"{name}: {one}" for one in (*problems(path), *_grepped(path))]
    return wrong


def _row(name: str, cost: Cost) -> str:
    return (
        f"{name:24}{cost.seconds:8.1f}{cost.cpu_s:8.1f}{cost.memory_mb:11.0f}"
        f"{cost.size_mb_before:11,.0f}{cost.size_mb_after:8,.0f}{cost.disk_mb:9,.0f}"
    )


def _grepped(path: Path) -> list[str]:
    left = _count(path, _OPEN)
    found = subprocess.run(["grep", "-c", "-a", "customer-[0-9]", str(path)], capture_output=True)
    wrong = [f"{left:,} calls hold an email in the open"] if left else []
    return wrong + ([] if found.returncode == 1 else ["grep finds a customer in the file"])


def _count(path: Path, query: str) -> int:
    from replay.store import Store

    with Store.open(path, "r") as store:
        _, [(count,)] = store.query(query)
    return int(count)


def _kills(original: Path, path: Path, count: int) -> list[str]:
    """End it at moments all through its time; return what was lost."""
    if not count:
        return []
    shutil.copy(original, path)
    calls, openly = _count(path, "SELECT count(*) FROM tool_calls"), _count(path, _OPEN)
    words = [sys.executable, "-m", "replay.cli.main", "mask", "--apply", "--personal", str(path)]
    started_s = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    whole_s = time.perf_counter() - started_s
    wrong = []
    for number in range(count):
        shutil.copy(original, path)
        after_s = whole_s * (number + 0.5) / count
        by = signal.SIGINT if number % 2 else signal.SIGKILL
        ended = _ended(words, after_s, by)
        left = sum(one.stat().st_size for one in path.parent.glob(f"{path.name}.masking*"))
        now = _count(path, "SELECT count(*) FROM tool_calls"), _count(path, _OPEN)
        state = {(calls, openly): "as it was", (calls, 0): "masked"}.get(now, f"broken: {now}")
        print(f"{by.name} after {after_s:5.1f} s: {ended}; {state}; {left / 1e6:,.0f} MB beside it")
        wrong += [state] if state.startswith("broken") else []
        wrong += [f"{by.name} after {after_s:.1f} s: {one}" for one in problems(path)]
    subprocess.run(words, check=True, capture_output=True)
    copies = [one.name for one in path.parent.glob(f"{path.name}.masking*") if one.suffix != ".key"]
    return wrong + _grepped(path) + [f"{one} is left" for one in copies]


def _ended(words: list[str], after_s: float, by: signal.Signals) -> str:
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(by)
    out, error = process.communicate()
    said = (error or out).strip().splitlines()
    return f"exit {process.returncode}, says {said[-1][:60]!r}" if said else "says nothing"


if __name__ == "__main__":
    sys.exit(main())
