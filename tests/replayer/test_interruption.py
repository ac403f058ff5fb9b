"""Ctrl-C and kill -9 of the process that replays, as real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from replay.store import Store

HERE = Path(__file__).parent

REPLAY = """
import sys
from replay.replayer import Replayer
from replay.store import Store

with Store.open(sys.argv[1], "w") as store:
    options = {"folder": sys.argv[2], "jobs": 2, "deadline_ms": 120_000}
    replayer = Replayer(store, toolbox="held_tools:toolbox", **options)
    run = replayer.run(on_progress=lambda now: print(now.trace_done_count, flush=True))
    print(run.status, run.call_count)
"""


@pytest.fixture
def held(store: Store, record: Any, tmp_path: Path) -> Any:
    """A replay under way: one trace is done, and a tool of the next holds the pipe open."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    record("t1", [("answer", {}, "here")])
    record("t2", [("hold", {"pipe": str(pipe)}, "?")])
    store.flush()
    command = [sys.executable, "-c", REPLAY, str(store.path), str(HERE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with pipe.open("rb", buffering=0) as reader:
            assert reader.read(4) == b"held"
            assert process.stdout.readline() == "1\n"
            yield process, reader
        process.kill()


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done_and_ends_every_worker(store: Store, held: Any) -> None:
    process, reader = held

    process.send_signal(signal.SIGINT)
    said = process.stdout.read()

    assert said == "interrupted 1\n"
    assert reader.read() == b""  # the tool's process is gone
    (run,) = store.runs()
    assert (run.status, run.call_count, run.exit_code) == ("interrupted", 1, 130)
    assert [one.verdict for one in store.verdicts(run.id)] == ["same"]


@pytest.mark.slow
def test_kill_9_leaves_no_tool_running(held: Any) -> None:
    process, reader = held

    process.kill()

    assert reader.read() == b""
