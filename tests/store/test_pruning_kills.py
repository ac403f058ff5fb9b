"""kill -9 in the middle of a pruning, while a recorder writes: nothing else is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from replay.records import Selection
from replay.store import Store
from replay.store.pruning import prune
from tests.store.test_pruning import problems, records, transcripts

PRUNING = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from replay.records import Selection
    from replay.store import pruning
    from replay.store.pruning import prune

    pruning._BATCH_TRACES = 3
    sys.stdout.write("ready\\n")
    sys.stdout.flush()
    prune(Path(sys.argv[1]), selection=Selection(until=sys.argv[2]))
    sys.stdout.write("done\\n")
    """
)
RECORDING = textwrap.dedent(
    """
    import sys
    from replay.store import Store

    store = Store.open(sys.argv[1], "w")
    text = "words that everybody says, in one conversation as in another. " * 30
    for number in range(1_000_000):
        trace = f"live-{sys.argv[2]}-{number}"
        at = "2026-11-25T12:00:00.000000Z"
        store.append({"kind": "trace", "id": trace, "started_at": at, "app": "live"})
        store.append({"kind": "model_call", "id": trace + "-m", "trace_id": trace,
                      "step_number": 1, "api": "messages", "started_at": at,
                      "messages": [{"role": "user", "content": text}, {"role": "user",
                      "content": "words that only trace %d has " % (number % 60) * 30}]})
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
        if number % 3 == 2:
            store.flush()
    """
)
COUNT = 40


def started(code: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, text=True, bufsize=1
    )


@pytest.mark.slow
def test_a_pruning_that_is_killed_takes_nothing_else_along(tmp_path: Path) -> None:
    chance = random.Random(11)
    for kill in range(5):
        path = tmp_path / f"{kill}.db"
        with Store.open(path, "create") as store:
            for number in range(COUNT):
                store.append_all(list(records(number, COUNT + 1 - number)))
        before = transcripts(path)
        half = sorted(before)[: COUNT // 2]
        until = before[half[-1]].trace.started_at
        recorder = started(RECORDING, str(path), str(kill))
        assert recorder.stdout is not None
        recorder.stdout.readline()
        pruner = started(PRUNING, str(path), until)
        assert pruner.stdout is not None
        pruner.stdout.readline()
        time.sleep(chance.uniform(0.02, 0.5))  # where it is killed is left to chance
        os.kill(pruner.pid, signal.SIGKILL)
        pruner.wait()
        os.kill(recorder.pid, signal.SIGKILL)
        acknowledged = len(recorder.stdout.read().splitlines()) + 1
        recorder.wait()
        pruner.stdout.close()
        recorder.stdout.close()

        assert problems(path) == []
        after = transcripts(path)
        for name, transcript in before.items():
            if name in after:
                assert after[name] == transcript
            else:
                assert name in half
        live = {name for name in after if name.startswith("live-")}
        assert len(live) >= acknowledged

        prune(path, selection=Selection(until=until))
        prune(path, selection=Selection(until=until))
        assert problems(path) == []
        assert transcripts(path).keys() == (before.keys() - set(half[:-1])) | live
