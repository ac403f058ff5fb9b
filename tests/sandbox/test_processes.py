"""A guarded process has only so many others, and none of them outlives it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cassettes.kernel.filter import this_machine

pytestmark = pytest.mark.skipif(this_machine() is None, reason="the kernel's guard is for Linux")

ROOT = Path(__file__).resolve().parents[2]
FORKS = """
import json, os, sys
from cassettes import kernel

guard = kernel.enter([], process_count_max=5)
assert guard.is_on, guard.why_not
refusals, started = [], []
for _ in range(9):  # bounded: where the guard fails, nine processes wait for the pipe to close
    try:
        pid = os.fork()
    except OSError as error:
        refusals.append(type(error).__name__)
        continue
    if pid == 0:
        os.setsid()
        os.read(os.pipe()[0], 1)
    started.append(pid)
said = [[one.method, one.uri] for one in guard.refused()]
print(json.dumps({"refusals": refusals, "started": started, "said": said}), flush=True)
"""


def test_more_processes_than_it_may_have_are_refused_and_all_end_with_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    told = json.loads(done.stdout)
    assert told["refusals"] == ["BlockingIOError"] * 5
    assert told["said"] == [["LIMIT", "processes 5"]]
    assert len(told["started"]) == 4
    assert [pid for pid in told["started"] if Path("/proc", str(pid)).exists()] == []
