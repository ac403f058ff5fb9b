"""What a command costs that removes from a database, and what it costs who records meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_LOOK_S: Final = 0.02
RECORDING: Final = """
import signal, sys, time
from replay.store import Store

ends = []
signal.signal(signal.SIGTERM, lambda *_: ends.append(1))
store = Store.open(sys.argv[1], "w")
seconds = []
number = 0
while not ends:
    fields = {
        "kind": "tool_call", "id": f"{sys.argv[2]}-{number}",
        "trace_id": f"{sys.argv[2]}-{number // 50}",
        "step_number": number % 50 + 1, "tool": "tool_1", "arguments": '{"number": 1}',
        "response": f"answer {number} " * 100, "started_at": "2029-01-01T00:00:00.000000Z",
    }
    started_s = time.perf_counter()
    store.append(fields)
    seconds.append(time.perf_counter() - started_s)
    number += 1
    time.sleep(0.01)
store.close()
print("\\n".join(f"{one:.7f}" for one in seconds))
"""
"""A hundred calls a second, until it is told to end; then what each append took."""


@dataclass(slots=True)
class Cost:
    """What one command took."""

    exit_code: int
    out: str
    seconds: float
    cpu_s: float
    memory_mb: float
    """The most that it had of memory at once."""
    disk_mb: float
    """The most that the database, its log and what SQLite keeps beside had at once."""
    size_mb_before: float
    size_mb_after: float

    def answer(self) -> Any:
        """Return what it printed as JSON."""
        return json.loads(self.out)


def measured(words: list[str], path: Path) -> Cost:
    """Run ``replay`` with these words; ``path`` is the database that it works on."""
    before = path.stat().st_size
    environment = {**os.environ, "SQLITE_TMPDIR": str(path.parent)}
    started_s = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "replay.cli.main", *words],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=path.parent,
    )
    with _Watch(path, process.pid) as watch:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(
        exit_code=process.returncode,
        out=out,
        seconds=time.perf_counter() - started_s,
        cpu_s=used.ru_utime + used.ru_stime,
        memory_mb=watch.memory_kb / 1e3,
        disk_mb=watch.disk_size / 1e6,
        size_mb_before=before / 1e6,
        size_mb_after=path.stat().st_size / 1e6,
    )


class _Watch:
    """Looks what a process has of memory, and of the disk with the database that it works on."""

    def __init__(self, path: Path, pid: int) -> None:
        self._path = path
        self._pid = pid
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.disk_size = 0
        self.memory_kb = 0
        """Of the process alone: what `wait4` tells is its parent's before it became itself."""

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ends.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ends.wait(_LOOK_S):
            self.disk_size = max(self.disk_size, self._named() + self._unnamed())
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{self._pid}/status").read_text()
                for line in status.splitlines():
                    if line.startswith("VmHWM:"):
                        self.memory_kb = int(line.split()[1])

    def _named(self) -> int:
        total = 0
        for one in self._path.parent.glob(f"{self._path.name}*"):
            with contextlib.suppress(OSError):
                total += one.stat().st_size if one.is_file() else 0
        return total

    def _unnamed(self) -> int:
        total = 0
        with contextlib.suppress(OSError):
            for one in Path(f"/proc/{self._pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if "(deleted)" in os.readlink(one):
                        total += one.stat().st_size
        return total


class Recorder:
    """Records into a database, in a process of its own, while the block runs."""

    def __init__(self, path: Path, name: str = "live") -> None:
        """``name``: what the ids of its traces and calls begin with."""
        self._path = path
        self._name = name
        self._seconds: list[float] = []

    def __enter__(self) -> Recorder:
        self._process = subprocess.Popen(
            [sys.executable, "-c", RECORDING, str(self._path), self._name],
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *error: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        out, _ = self._process.communicate()
        self._seconds = [float(line) for line in out.splitlines()]

    @property
    def count(self) -> int:
        """How many calls it recorded."""
        return len(self._seconds)

    @property
    def longest_ms(self) -> float:
        """What its slowest append took."""
        return 1e3 * max(self._seconds)
