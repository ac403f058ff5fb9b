"""``python -m benchmarks.recording_kills``: 200 times ``kill -9``, nothing acknowledged lost.

A process records traces and says on a pipe which records were acknowledged; it is killed at a
random moment. All kills hit one and the same database; after the last, every acknowledged record
must be in it, whole, and `check` must find nothing.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from replay.store import Store

RECORDING = """
import os, sys
from benchmarks.recording_workload import events
from replay.store import Store
store = Store.open(sys.argv[1], "create")
number = 0
for event in events(10_000, seed=int(sys.argv[2])):
    fields = {**event.fields, "id": f"{sys.argv[2]}-{number}"}
    if event.kind == "trace":
        trace = fields["id"]
    else:
        fields["trace_id"] = trace
    fields.pop("model_call_id", None)
    store.append_fields(event.kind, fields)
    os.write(1, f"{event.kind} {fields['id']}\\n".encode())
    number += 1
    if number % 97 == 0:
        store.flush()
"""


def acknowledged_before_kill(path: Path, seed: int, after_s: float) -> list[tuple[str, str]]:
    """Record, kill after ``after_s`` from the first record on, return what was acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-c", RECORDING, str(path), str(seed)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        first = process.stdout.readline()
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
        lines = [first, *process.stdout.read().splitlines()]
    kinds_and_ids = [line.split() for line in lines]
    return [(kind, record_id) for kind, record_id in kinds_and_ids]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    args = parser.parse_args()
    chance = random.Random(11)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = Path(folder) / "traces.db"
        acknowledged: list[tuple[str, str]] = []
        for kill in range(args.kills):
            acknowledged += acknowledged_before_kill(path, kill, chance.random() * 0.2)
        with Store.open(path) as store:
            kept = {
                (kind, row[0])
                for kind in ("trace", "model_call", "tool_call")
                for row in store.query(f"SELECT id FROM {kind}s")[1]
            }
            problems = store.check()
        lost = [one for one in acknowledged if one not in kept]
        files = sorted(found.name for found in Path(folder).iterdir())
    print(
        f"{args.kills} kills, {len(acknowledged):,} records acknowledged, {len(lost)} lost, "
        f"{len(problems)} problems, files: {', '.join(files)}"
    )
    return 1 if lost or problems else 0


if __name__ == "__main__":
    sys.exit(main())
