"""kill -9 in what removes, masks or encrypts: nothing else is lost, and it can go on."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from replay.store import Store
from tests.store.test_pruning import days_ago, problems, records, transcripts

COUNT = 60
WHO = "zoe@example.com"
COMMANDS = {
    "forget": ["forget", "{}", "--value", WHO],
    "prune": ["prune", "{}", "--until", "30d"],
    "mask": ["mask", "--apply", "--personal", "{}"],
    "encrypt": ["db", "encrypt", "{}"],
    "decrypt": ["db", "decrypt", "{}"],
}
KEY = {"REPLAY_DATABASE_KEY": "k" * 40}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("whole") / "traces.db"
    chance = random.Random(2)
    with Store.open(found, "create") as store:
        for number in range(COUNT):
            store.append_all(
                # Without its cassette, which is nothing that was ever asked: no masking reads it.
                [one for one in records(number, COUNT - number) if one["kind"] != "interaction"]
            )
            said = WHO if number % 10 == 0 else chance.randbytes(20_000).hex()
            store.append(
                {
                    "kind": "feedback",
                    "id": f"said-{number}",
                    "trace_id": f"t{number:03}",
                    "label": "good",
                    "text": said,
                    "created_at": days_ago(1),
                }
            )
    return found


def started(words: list[str], path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "replay.cli.main", *(word.format(path) for word in words)],
        cwd=path.parent,
        env={**os.environ, **KEY},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_killed_leaves_a_whole_database_and_finishes_when_run_again(
    command: str, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if command in ("encrypt", "decrypt"):
        pytest.importorskip("sqlcipher3")
        monkeypatch.setenv("REPLAY_DATABASE_KEY", KEY["REPLAY_DATABASE_KEY"])
    chance = random.Random(command)
    source = tmp_path / "source.db"
    shutil.copy(whole, source)
    if command == "decrypt":
        assert started(COMMANDS["encrypt"], source).wait() == 0
    before = transcripts(source)
    uninterrupted = tmp_path / "uninterrupted.db"
    shutil.copy(source, uninterrupted)
    at_s = time.monotonic()
    assert started(COMMANDS[command], uninterrupted).wait() == 0
    took_s = time.monotonic() - at_s
    wanted = transcripts(uninterrupted)
    for kill in range(2):
        path = tmp_path / f"{kill}.db"
        shutil.copy(source, path)
        process = started(COMMANDS[command], path)
        time.sleep(chance.uniform(0.4, 0.95) * took_s)  # where it is killed is left to chance
        process.kill()
        process.wait()

        assert problems(path) == []
        left = transcripts(path)
        assert wanted.keys() <= left.keys() <= before.keys()
        if command != "mask":
            assert all(left[name] == before[name] for name in left)
        assert started(COMMANDS[command], path).wait() == 0 or command in ("encrypt", "decrypt")
        assert transcripts(path).keys() == wanted.keys()
        assert problems(path) == []
        names = {one.name for one in tmp_path.glob(f"{kill}.db*")}
        assert names <= {
            path.name,
            f"{path.name}.masking-key",
            f"{path.name}-wal",
            f"{path.name}-shm",
        }
