"""``python -m benchmarks.recording``: what recording costs, beside the simplest that could work.

Each recorder gets the same events in its own process, in turns, three times; every number is the
median of its rounds, every ratio against JSON Lines of the same run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.recording_peers import recorders
from benchmarks.recording_workload import events

BASE = "JSON Lines append, no fsync"


def measure(name: str, trace_count: int, pause_ms: float) -> dict[str, Any]:
    """Record the workload once and return what it cost."""
    kind = next(one for one in recorders() if one.name == name)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        recorder = kind(Path(folder))
        taken: dict[str, list[int]] = {"trace": [], "model_call": [], "tool_call": []}
        prepared = list(events(trace_count))
        started = time.perf_counter()
        for event in prepared:
            before = time.perf_counter_ns()
            recorder.append(event)
            taken[event.kind].append(time.perf_counter_ns() - before)
            if pause_ms:
                time.sleep(pause_ms / 1000)
        recorder.finish()
        elapsed = time.perf_counter() - started
        model_calls = len(taken["model_call"])
        found = {
            "model_p50_us": _percentile(taken["model_call"], 50),
            "model_p99_us": _percentile(taken["model_call"], 99),
            "tool_p50_us": _percentile(taken["tool_call"], 50),
            "tool_p99_us": _percentile(taken["tool_call"], 99),
            "model_calls_per_s": model_calls / elapsed,
            "bytes_per_model_call": recorder.size_bytes() / model_calls,
        }
        if name == "replay":
            found["compacted_bytes_per_model_call"] = _compacted(recorder.path) / model_calls
    return found


def _compacted(path: Path) -> int:
    from replay.store import Store

    with Store.open(path, "w") as store:
        store.compact()
    return path.stat().st_size


def _percentile(taken_ns: list[int], percent: int) -> float:
    ordered = sorted(taken_ns)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=60, help="12 model calls each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pause-ms", type=float, default=2, help="between two records; 0: flood")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.one, args.traces, args.pause_ms)))
        return
    rounds: dict[str, list[dict[str, Any]]] = {kind.name: [] for kind in recorders()}
    for _ in range(args.rounds):
        for name, found in rounds.items():
            found.append(_in_own_process(name, args.traces, args.pause_ms))
    table = {
        name: {key: statistics.median(one[key] for one in found) for key in found[0]}
        for name, found in rounds.items()
    }
    if args.json:
        print(json.dumps(table, indent=2))
    else:
        _print(table, args)


def _in_own_process(name: str, trace_count: int, pause_ms: float) -> dict[str, Any]:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.recording", "--one", name),
            *("--traces", str(trace_count), "--pause-ms", str(pause_ms)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _print(table: dict[str, dict[str, Any]], args: argparse.Namespace) -> None:
    base = table[BASE]
    print(f"{args.traces * 12} model calls a round, {args.rounds} rounds, medians")
    print(f"{'':34}{'us per model call':>24}{'us per tool call':>24}{'':>10}{'bytes per':>12}")
    print(
        f"{'recorder':34}{'p50':>8}{'x':>6}{'p99':>10}{'p50':>8}{'x':>6}{'p99':>10}"
        f"{'calls/s':>10}{'model call':>12}"
    )
    for name, row in table.items():
        print(
            f"{name:34}"
            f"{row['model_p50_us']:8.0f}{row['model_p50_us'] / base['model_p50_us']:6.2f}"
            f"{row['model_p99_us']:10.0f}"
            f"{row['tool_p50_us']:8.0f}{row['tool_p50_us'] / base['tool_p50_us']:6.2f}"
            f"{row['tool_p99_us']:10.0f}"
            f"{row['model_calls_per_s']:10.0f}{row['bytes_per_model_call']:12,.0f}"
        )
        if "compacted_bytes_per_model_call" in row:
            after = row["compacted_bytes_per_model_call"]
            print(f"{'  after replay db compact':34}{'':58}{after:12,.0f}")


if __name__ == "__main__":
    main()
