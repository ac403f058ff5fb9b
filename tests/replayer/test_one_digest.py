"""One digest, whatever the shell, the hash seed, the time zone and the worker count."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from replay.interchange import import_files
from replay.store import Store

HERE = Path(__file__).parent
CORPUS = HERE.parents[2] / "shared" / "corpora" / "transcripts" / "tau1-airline-gpt4o.jsonl"

REPLAY = """
import os, sys
from replay.replayer import Replayer
from replay.store import Store

path, toolbox, folder, *worker_counts = sys.argv[1:]
names = {"TOOL_NAMES": os.environ["TOOL_NAMES"]}
with Store.open(path, "w") as store:
    for jobs in map(int, worker_counts):
        run = Replayer(store, toolbox=toolbox, folder=folder, jobs=jobs, environment=names).run()
        print(run.call_count, run.digest)
"""

SHELLS = list(itertools.product(("0", "7", "random", "random"), ("UTC", "Asia/Tokyo")))


def digests(store: Store, toolbox: str, shells: list[tuple[str, str]], *jobs: int) -> list[str]:
    """Replay everything in commands of their own; return what each replay counted and hashed."""
    store.flush()
    names = " ".join(tool.tool for tool in store.tools())
    said: list[str] = []
    for seed, zone in shells:
        ended = subprocess.run(
            [sys.executable, "-c", REPLAY, store.path, toolbox, HERE, *map(str, jobs)],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "TOOL_NAMES": names},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        said += ended.stdout.splitlines()
    return said


def record_some(record: Any) -> None:
    for number in range(6):
        record(f"t{number}", [("chance", {}, "")], [("chance", {}, ""), ("chance", {}, "")])


@pytest.mark.slow
def test_one_digest_whatever_the_shell_and_the_worker_count(store: Store, record: Any) -> None:
    record_some(record)

    alone = digests(store, "chance_tools:toolbox", [("7", "Asia/Tokyo")], 1)
    together = digests(store, "chance_tools:toolbox", [("random", "UTC")], 2)

    assert alone == together
    assert alone[0].startswith("18 b2-16:")


@pytest.mark.slow
def test_twenty_replays_give_one_digest(store: Store, record: Any) -> None:
    record_some(record)

    said = digests(store, "chance_tools:toolbox", SHELLS[1:6], 1, 2, 3, 2)

    assert len(said) == 20
    assert len(set(said)) == 1


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.corpora
def test_twenty_replays_of_two_hundred_real_conversations_give_one_digest(store: Store) -> None:
    if not CORPUS.exists():
        pytest.skip(f"The recorded corpora are not at {CORPUS}.")
    import_files(store, [CORPUS])

    said = digests(store, "answering_tools:toolbox", SHELLS[1:6], 1, 2, 3, 2)

    assert len(said) == 20
    assert said[0].startswith("1164 b2-16:")
    assert len(set(said)) == 1
