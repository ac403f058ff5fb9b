"""A database that another program has locked: who it is, how long, and how to end the waiting."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.errors import StoreError
from replay.patience import Patience, patience
from replay.records import Trace
from replay.store import Store, database
from replay.store.holds import put_hold
from replay.store.lock_holders import lock_holders

LOCKING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE meta SET value = value")
print("locked", flush=True)
sys.stdin.read()
"""
linux = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system does not tell")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "traces.db"
    with Store.open(found, "create") as store:
        store.append(Trace(id="t1", started_at="2026-11-21T12:00:00.000000Z"))
    return found


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", LOCKING, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    yield
    patience.limit_s, patience.tell, patience.is_over = None, None, False


@linux
def test_who_has_a_database_locked_is_named(path: Path, holder: subprocess.Popen[str]) -> None:
    [named] = lock_holders(path)
    assert named.startswith(f"process {holder.pid} (python")

    holder.kill()
    holder.wait()
    assert lock_holders(path) == []


@linux
def test_readers_are_not_said_to_have_it_locked(path: Path) -> None:
    with Store.open(path) as store:
        store.query("SELECT count(*) FROM traces")
        other = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys; from pathlib import Path; from replay.store.lock_holders import *; "
                "print(lock_holders(Path(sys.argv[1])))",
                str(path),
            ],
            capture_output=True,
            text=True,
            check=True,
        )

    assert other.stdout == "[]\n"


def test_a_command_that_may_not_wait_says_who_has_the_lock(
    path: Path, holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["hold", str(path), "t1", "--reason", "a case", "--wait", "0"]
    assert exit_code_of(words) == 3

    said = capsys.readouterr().err
    assert "is locked by process" in said or not Path("/proc/locks").exists()
    assert "Waiting" not in said
    assert patience == Patience()


def test_what_is_unlocked_while_a_command_waits_is_done(
    path: Path, holder: subprocess.Popen[str]
) -> None:
    told: list[Path] = []

    def let_go(place: Path, left_s: float) -> None:
        told.append(place)
        holder.kill()

    patience.limit_s, patience.tell = 500.0, let_go

    assert put_hold(path, "t1", "a case", None).trace_id == "t1"
    assert told == [path]


def test_ctrl_c_ends_the_waiting(path: Path, holder: subprocess.Popen[str]) -> None:
    waiting = subprocess.Popen(
        [sys.executable, "-m", "replay.cli.main", "pin", str(path), "t1", "--wait", "500"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stderr is not None
    with waiting.stderr:
        assert waiting.stderr.readline().startswith("Waiting for 'traces.db'")
        waiting.send_signal(signal.SIGINT)
        said = waiting.stderr.read()

    assert (waiting.wait(), "Stopped." in said) == (130, True)


def test_a_reader_of_a_database_that_is_locked_as_a_whole_is_told_too(path: Path) -> None:
    alone = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    alone.execute("PRAGMA locking_mode=EXCLUSIVE")
    alone.execute("BEGIN EXCLUSIVE")
    told = threading.Event()

    def let_go(place: Path, left_s: float) -> None:
        told.set()
        alone.close()

    patience.limit_s, patience.tell = 500.0, let_go

    database.connect_reading(path).close()
    assert told.is_set()


def test_who_waited_in_vain_hardly_waits_again(path: Path, holder: subprocess.Popen[str]) -> None:
    patience.limit_s, patience.tell = 0.01, lambda place, left_s: None
    with pytest.raises(StoreError, match="is locked by"):
        put_hold(path, "t1", "a case", None)

    patience.limit_s = 500.0
    assert patience.most_s(10) < 1
    with pytest.raises(StoreError, match="is locked by"):
        put_hold(path, "t1", "a case", None)


def test_who_waits_for_nobody_waits_for_nobody_whatever_is_said() -> None:
    assert Patience(limit_s=500.0).most_s(0) == 0
    assert Patience(limit_s=1.0).most_s(10) == 1
    assert Patience().most_s(10) == 10
