"""Several programs open one database in which much is due: each removes its part of it, once."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from replay.store import Store
from tests.store.test_pruning import problems, records, transcripts

OPENING = textwrap.dedent(
    """
    import os, sys, time
    from pathlib import Path
    from replay.store import Store
    from replay.store.keep_rules import KeepRules
    from replay.store.keeping import Keeping

    path = Path(sys.argv[1])
    at = "2029-01-01T00:00:00.000000Z"
    with Store.open(path, "w") as store:
        keeping = Keeping(path, KeepRules("30d"))
        print("ready", flush=True)
        sys.stdin.readline()
        idle = number = 0
        while idle < 30:  # a lock of somebody else's and the end of a pass look alike
            name = f"live-{os.getpid()}-{number}"
            store.append({"kind": "tool_call", "id": name, "trace_id": name, "step_number": 1,
                          "tool": "find", "arguments": "{}", "response": "yes " * 50,
                          "started_at": at})
            number += 1
            keeping._next_s = 0.0
            idle = 0 if keeping.step() else idle + 1
            time.sleep(0.001)
    print(number)
    """
)
COUNT = 120


@pytest.mark.slow
def test_four_programs_at_once_remove_what_is_due_once_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as store:
        for number in range(COUNT):
            store.append_all(list(records(number, 90 if number % 3 else 2)))
    before = transcripts(path)
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENING, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for one in openers:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    recorded = 0
    for one in openers:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in openers:
        recorded += int(one.communicate()[0])

    assert [one.returncode for one in openers] == [0] * 4
    after = transcripts(path)
    live = {name for name in after if name.startswith("live-")}
    assert len(live) == recorded
    assert {name: after[name] for name in after.keys() - live} == {
        name: before[name] for number, name in enumerate(sorted(before)) if number % 3 == 0
    }
    with Store.open(path) as store:
        told = [one.what for one in store.audit_entries(1000) if one.act == "removed"]
    gone = [int(match[1]) for what in told if (match := re.match(r"(\d+) trace", what))]
    assert sum(gone) == COUNT - COUNT // 3
    assert problems(path) == []
