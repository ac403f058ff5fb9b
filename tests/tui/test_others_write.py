"""What other processes write is seen, whatever this one looked at meanwhile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.records import trip, write
from tui.rows.database import Database, reading_connection
from tui.rows.traces import trace_count

_WRITES = """
import sys
from replay.records import Trace
from replay.store import Store
with Store.open(sys.argv[1], "w") as store:
    store.append(Trace(id=sys.argv[2], started_at="2026-11-20T10:00:00.000000Z"))
"""


def test_a_database_that_is_read_by_two_connections_is_not_taken_for_unused(
    tmp_path: Path,
) -> None:
    """A look at the file's first bytes closed a descriptor, and dropped the locks of them all:
    another process removed the log under the screen, which showed nothing new any more."""
    path = tmp_path / "traces.db"
    write(path, *trip("first", 0))
    database = Database.open(path)
    counts = [trace_count(database)]
    for name in ("second", "third", "fourth"):
        reading_connection(path).close()
        subprocess.run([sys.executable, "-c", _WRITES, str(path), name], check=True)
        counts.append(trace_count(database))
    database.close()

    assert counts == [1, 2, 3, 4]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux tells what is open")
def test_nothing_of_a_file_stays_open_once_its_connections_are_closed(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    write(path, *trip("first", 0))
    database = Database.open(path)
    reading_connection(path).close()
    reading_connection(path).close()
    assert _descriptors_of(path)
    database.close()

    assert _descriptors_of(path) == []


def _descriptors_of(path: Path) -> list[str]:
    found = []
    for one in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(one.readlink()))
        except FileNotFoundError:  # the one that looks
            continue
    return [one for one in found if one == str(path)]
