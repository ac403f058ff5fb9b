"""A disk that is full, a file or folder that may not be written, a file that is locked."""

from __future__ import annotations

import ctypes
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from replay.errors import ExitCode
from tests.robustness.conftest import EVERY, READING, WRITING, Replay, words_for
from tests.robustness.test_recording_harms_nobody import fill_up

_NO_PRIVILEGES = """
import contextlib, io, json, sys
from replay.cli.main import exit_code_of
ended = {}
for name, words in json.load(sys.stdin).items():
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        ended[name] = exit_code_of(words), out.getvalue(), err.getvalue()
print(json.dumps(ended))
"""
_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2


def _obey_permissions() -> None:
    """Make root obey the bits of files, as everybody does."""
    libc = ctypes.CDLL(None)
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Uses Linux capabilities.")
@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o755), (0o644, 0o555)])
def test_what_is_read_only_is_read_and_never_written(
    folder: Path, file_mode: int, folder_mode: int
) -> None:
    database = folder / "traces.db"
    before = database.read_bytes()
    database.chmod(file_mode)
    folder.chmod(folder_mode)
    try:
        ran = subprocess.run(
            [sys.executable, "-c", _NO_PRIVILEGES],
            input=json.dumps({name: words_for(words, database) for name, words in EVERY.items()}),
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=_obey_permissions if os.geteuid() == 0 else None,
        )
    finally:
        folder.chmod(0o755)
    ended = json.loads(ran.stdout)

    assert {name: ended[name][0] for name in READING} == dict.fromkeys(READING, 0)
    for name in WRITING:
        code, out, err = ended[name]
        assert (code, out) == (ExitCode.COULD_NOT_RUN, ""), name
        assert err == (
            f"Error: The database '{database}' is read-only.\n"
            "Make the file and its folder writable, or copy it to a folder that is.\n"
        )
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ["hold", "traces.db", "t1", "--reason", "a case"],
        ["release", "traces.db", "t1"],
        ["pin", "traces.db", "t1"],
        ["feedback", "traces.db", "t1", "--rating", "good"],
        ["prune", "traces.db", "--until", "0d"],
        ["prune", "traces.db", "--dry-run"],
        ["forget", "traces.db", "--value", "nobody"],
        ["mask", "traces.db", "--apply"],
    ],
    ids=lambda words: " ".join(words[:1]),
)
def test_on_a_full_disk_who_keeps_and_removes_is_told(
    small_disk: Path, replay: Replay, words: list[str]
) -> None:
    fill_up(small_disk)

    ran = replay(*words)

    assert (ran.code, ran.out) == (ExitCode.COULD_NOT_RUN, "")
    assert "is full" in ran.err or "No space left on device" in ran.err
    assert "Traceback" not in ran.err


def test_on_a_full_disk_everything_is_read_and_nothing_is_lost(
    small_disk: Path, replay: Replay
) -> None:
    """SQLite answers `disk I/O error`: it has no room for the index of its log."""
    fill_up(small_disk)

    reads = {name: replay(*words_for(words, "traces.db")).code for name, words in READING.items()}
    writes = {
        name: replay(*words_for(words, "traces.db"))
        for name, words in WRITING.items()
        if name not in ("run", "approve", "record")
    }
    recorded = replay(*words_for(WRITING["record"], "traces.db"))

    assert reads == dict.fromkeys(READING, 0)
    for name, ran in writes.items():
        assert (ran.code, ran.out) == (ExitCode.COULD_NOT_RUN, ""), name
        assert "is full" in ran.err
        assert "Free some space" in ran.err
    assert (recorded.code, recorded.out) == (ExitCode.OK, "1\n")  # the program's own
    assert "What was recorded cannot be counted now. The disk of" in recorded.err
    (small_disk / "fill").unlink()
    assert replay("import", "traces.db", "chats.jsonl").code == ExitCode.OK
    assert replay("db", "check", "traces.db").code == ExitCode.OK


@pytest.mark.slow
@pytest.mark.parametrize(("room_bytes", "advised"), [(80_000, "run"), (120_000, "diff")])
def test_a_replay_run_that_fills_the_disk_is_kept_and_goes_on_as_it_advises(
    small_disk: Path, replay: Replay, room_bytes: int, advised: str
) -> None:
    """With little room it is to be resumed; at its end its verdicts are in the spool already."""
    fill_up(small_disk)
    os.truncate(small_disk / "fill", (small_disk / "fill").stat().st_size - room_bytes)

    failed = replay("run", "traces.db", "--tools", "shop:toolbox", "--jobs", "1")
    (small_disk / "fill").unlink()

    assert failed.code == ExitCode.COULD_NOT_RUN
    assert "is full" in failed.err
    again = failed.err.strip().splitlines()[-1].split()
    assert again[:3] == ["replay", advised, "traces.db"]
    shown = replay(*again[1:])
    assert shown.code == ExitCode.OK, shown.err
    assert "3 calls of 3 traces: all the same" in shown.out
    assert replay("db", "check", "traces.db").code == ExitCode.OK


def test_a_locked_database_is_read_and_a_change_waits_for_its_turn(
    folder: Path, replay: Replay
) -> None:
    locker = sqlite3.connect(folder / "traces.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    try:
        reads = {
            name: replay(*words_for(words, "traces.db")).code for name, words in READING.items()
        }
    finally:
        locker.execute("ROLLBACK")
        locker.close()

    assert reads == dict.fromkeys(READING, 0)
