"""Recorders that open a large database in which much is due: are they held up?

Beside the same without rules, in the same minute. Each records a hundred calls a second.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

_SECONDS: Final = 15
_OPENING: Final = """
import json, os, sys, time
started_s = time.perf_counter()
from replay import Recorder
imported_s = time.perf_counter()
recorder = Recorder(sys.argv[1])
opened_s = time.perf_counter()
store = recorder.store
seconds = []
for number in range(100 * int(sys.argv[2])):
    fields = {
        "kind": "tool_call", "id": f"live-{os.getpid()}-{number}",
        "trace_id": f"live-{os.getpid()}-{number // 50}", "step_number": number % 50 + 1,
        "tool": "tool_1", "arguments": "{}", "response": f"answer {number} " * 100,
        "started_at": "2029-01-01T00:00:00.000000Z",
    }
    at_s = time.perf_counter()
    store.append(fields)
    seconds.append(time.perf_counter() - at_s)
    time.sleep(0.01)
    if number % 500 == 499:
        time.sleep(2)  # old traces go in the gaps that an application leaves
closing_s = time.perf_counter()
recorder.close()
print(json.dumps({
    "opening_ms": 1e3 * (opened_s - imported_s), "appends": sorted(seconds),
    "closing_ms": 1e3 * (time.perf_counter() - closing_s), "cpu_s": time.process_time(),
}))
"""


def open_together(path: Path, count: int) -> list[dict[str, Any]]:
    """Have so many processes open the database at once and record; return what each took."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _OPENING, str(path), str(_SECONDS)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=path.parent,
        )
        for _ in range(count)
    ]
    return [json.loads(one.communicate()[0]) for one in processes]


def told(name: str, found: list[dict[str, Any]], removed: int) -> str:
    """Return a line of what opening took the slowest of them, and an append."""
    seconds = sorted(one for each in found for one in each["appends"])
    return (
        f"{name:36}{max(one['opening_ms'] for one in found):10.0f}"
        f"{1e6 * seconds[len(seconds) // 2]:10.0f}{1e6 * seconds[len(seconds) * 99 // 100]:8.0f}"
        f"{1e3 * seconds[-1]:12.1f}{max(one['closing_ms'] for one in found):10.0f}"
        f"{max(one['cpu_s'] for one in found):8.1f}{removed:9,}"
    )


HEADER: Final = (
    f"{'':36}{'opening ms':>10}{'p50 us':>10}{'p99':>8}{'longest ms':>12}{'close ms':>10}"
    f"{'CPU s':>8}{'removed':>9}"
)
