"""kill -9 in the middle of what removes or masks, while a recorder goes on; then it goes on, too.

Each command works on one copy of the database. It is killed at random moments, run again, killed
again, and at the end let finish. After every kill all of this must hold:

- a trace that was not to go is there as it was, row by row and text by text;
- one that was to go is there as it was or gone, with every row of it;
- what a recorder was told is kept is there, and `replay db check` finds nothing.

And after the end what is left is what one undisturbed run of the same command leaves.
"""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.pruning_counting import not_the_oldest, problems
from benchmarks.pruning_database import CUSTOMERS, DUE_SQL, RULES, SPARED_SQL, build, customer
from benchmarks.pruning_measuring import Recorder
from benchmarks.pruning_reading import but_for_the_masked, customers_left, wholes

CALLS_MAX: Final = 100_000
"""After each kill everything is read: larger databases take an hour of that."""
MASKED_MAX: Final = 10_000
"""Masking works on a copy that takes the file's place whole, and takes ten times as long."""
_CUSTOMER: Final = 123
_SIZE_SHARE: Final = 0.7
_EARLIEST, _LATEST = 0.15, 0.95
"""Of the time that an undisturbed run takes."""


@dataclass(slots=True)
class Way:
    """One of the commands that are killed."""

    name: str
    words: list[str]
    due: str | None = None
    """A query for the keys of the traces that may go; None: any, by the size; empty: none."""
    spared: str = SPARED_SQL
    rules: str = ""
    beside_a_recorder: bool = True
    read: Callable[[Path], dict[str, int]] = wholes
    wrong: list[str] = field(default_factory=list)


def killed(original: Path, folder: Path, kills: int, *, seed: int = 11) -> list[str]:
    """Kill each command so many times, print a line for each, and return what is not as it was."""
    chance = random.Random(seed)
    wrong = []
    print(f"\n{'':24}{'killed after s':>15}{'of s':>8}{'gone':>8}{'recorded':>10}  then")
    fewer = folder / "fewer.db"
    build(fewer, MASKED_MAX)
    for way in _ways(original):
        source = original if way.beside_a_recorder else min(original, fewer, key=_size)
        place = folder / way.name.replace(" ", "")
        place.mkdir()
        _Rounds(way, source, place, chance).run(kills)
        shutil.rmtree(place)
        wrong += [f"{way.name}: {one}" for one in way.wrong]
    return wrong


def _ways(original: Path) -> list[Way]:
    with closing(sqlite3.connect(original)) as connection:
        oldest, newest = connection.execute(
            "SELECT min(started_us), max(started_us) FROM trace_rows"
        ).fetchone()
    middle_s = (oldest + newest) // 2_000_000
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(middle_s))
    size = str(int(original.stat().st_size * _SIZE_SHARE))
    customers = f"SELECT key FROM trace_rows WHERE key % {CUSTOMERS} = {_CUSTOMER}"
    return [
        Way(
            "prune --until",
            ["prune", "--until", until],
            f"SELECT key FROM trace_rows WHERE started_us < {middle_s * 1_000_000}",
        ),
        Way(
            "prune",
            ["prune"],
            DUE_SQL.replace("?", str(time.time_ns() // 1_000 + 3_600_000_000)),
            rules=RULES,
        ),
        Way("prune --size", ["prune", "--size", size]),
        Way(
            "forget",
            ["forget", "--value", customer(_CUSTOMER)],
            customers,
            spared="SELECT key FROM trace_rows WHERE id IN (SELECT trace_id FROM holds)",
        ),
        Way(
            "mask --apply",
            ["mask", "--apply", "--personal"],
            "",
            beside_a_recorder=False,  # nobody else may have it open
            read=but_for_the_masked,
        ),
    ]


class _Rounds:
    """The kills of one command, on one database."""

    def __init__(self, way: Way, original: Path, folder: Path, chance: random.Random) -> None:
        self._way = way
        self._original = original
        self._chance = chance
        self._path = folder / "traces.db"
        self._undisturbed = folder / "undisturbed.db"
        self._told = folder / "told.txt"
        """What the command said of errors."""
        shutil.copy(original, self._path)
        shutil.copy(original, self._undisturbed)
        folder.joinpath("pyproject.toml").write_text(way.rules, "utf-8")
        self._before = way.read(original)
        ids = dict(_ids(original, "SELECT key FROM trace_rows"))
        self._spared = {ids[key] for key, _ in _ids(original, way.spared)}
        due = set(ids.values()) if way.due is None else {one for _, one in _ids(original, way.due)}
        self._may_go = due - self._spared
        self._recorded = 0

    def run(self, kills: int) -> None:
        """Kill it so often, then let it finish."""
        started_s = time.monotonic()
        if self._started(self._undisturbed).wait() not in (0, 2):
            self._way.wrong.append("it ended badly when nothing disturbed it")
        took_s = time.monotonic() - started_s
        for kill in range(kills):
            after_s = took_s * self._chance.uniform(_EARLIEST, _LATEST)
            with self._recorder(f"live-{kill}") as recorder:
                process = self._started(self._path)
                time.sleep(after_s)
                process.send_signal(signal.SIGKILL)
                code = process.wait()
            self._recorded += 0 if recorder is None else recorder.count
            if code not in (0, 2, -signal.SIGKILL):
                self._way.wrong.append(f"it ended with {code} beside a recorder: {self._said()}")
            was_killed = code == -signal.SIGKILL
            told = (
                f"{after_s:15.1f}{took_s:8.1f}"
                if was_killed
                else f"{f'(it had ended: {code})':>23}"
            )
            self._look(told)
        with self._recorder(f"live-{kills}") as recorder:
            code = self._started(self._path).wait()
        self._recorded += 0 if recorder is None else recorder.count
        if code not in (0, 2):
            self._way.wrong.append(f"it ended with {code} when run again: {self._said()}")
        self._look(f"{'run to its end':>23}")
        self._compare_ends()

    def _started(self, path: Path) -> subprocess.Popen[bytes]:
        command, *words = self._way.words
        with self._told.open("w") as told:
            return subprocess.Popen(
                [sys.executable, "-m", "replay.cli.main", command, str(path), *words],
                stdout=subprocess.DEVNULL,
                stderr=told,
                cwd=path.parent,
            )

    def _said(self) -> str:
        return " ".join(self._told.read_text().split())

    def _recorder(self, name: str) -> Recorder | nullcontext[None]:
        if not self._way.beside_a_recorder:
            return nullcontext()
        return Recorder(self._path, name)

    def _look(self, told: str) -> None:
        """Hold what is there against what was, print it, and note what is wrong."""
        left = self._way.read(self._path)
        gone = self._before.keys() - left.keys()
        live = _count(self._path, _LIVE_SQL)
        found = [
            _told(gone - self._may_go, "went and were not to go"),
            _told(
                {
                    one
                    for one in self._before.keys() & left.keys()
                    if left[one] != self._before[one]
                },
                "are there and not as they were",
            ),
            _told(
                {one for one in left.keys() - self._before.keys() if not one.startswith("live-")},
                "have rows and are not there",
            ),
            f"{self._recorded:,} calls were recorded, {live:,} are there"
            if live != self._recorded
            else "",
            *problems(self._path),
        ]
        wrong = [one for one in found if one]
        self._way.wrong += [f"{one} ({told.strip()})" for one in wrong]
        is_told = "; ".join(wrong) or "whole"
        print(f"{self._way.name:24}{told}{len(gone):8,}{self._recorded:10,}  {is_told}", flush=True)

    def _compare_ends(self) -> None:
        """Hold what the killed ones left in the end against what one undisturbed run left."""
        way = self._way
        left, undisturbed = way.read(self._path), way.read(self._undisturbed)
        ours = {one for one in left if not one.startswith("live-")}
        if way.due is None:
            # What is recorded meanwhile takes room, so that more of the old goes.
            way.wrong += not_the_oldest(self._original, self._path)
        else:
            # By age some more are due in the end than a while before.
            stayed = ours - undisturbed.keys() if way.rules else ours ^ undisturbed.keys()
            way.wrong.append(_told(stayed, "went in one case only"))
        if way.read is but_for_the_masked:
            name = customer(_CUSTOMER)
            count = customers_left(self._path, name)
            way.wrong += [f"{name} stands in {count:,} answers"] if count else []
        here, there = (_count(one, "SELECT count(*) FROM contents") for one in self._ends())
        if way.due is not None and here - self._recorded > there + _TEXTS_MORE:
            way.wrong.append(f"{here - self._recorded:,} texts are left, {there:,} undisturbed")
        way.wrong = [one for one in way.wrong if one]

    def _ends(self) -> tuple[Path, Path]:
        return self._path, self._undisturbed


_LIVE_SQL: Final = (
    "SELECT count(*) FROM tool_call_rows WHERE trace IN "
    "(SELECT key FROM trace_rows WHERE id GLOB 'live-*')"
)
_TEXTS_MORE: Final = 3
"""Texts that hold the highest numbers (`replay.store.freeing`)."""


def _size(path: Path) -> int:
    return path.stat().st_size


def _told(traces: set[str], what: str) -> str:
    return f"{len(traces):,} traces {what}, {min(traces)} among them" if traces else ""


def _ids(path: Path, keys: str) -> list[tuple[int, str]]:
    """Return key and id of the traces that a query names by their keys."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            f"SELECT key, id FROM trace_rows WHERE key IN ({keys or 'SELECT NULL'})"
        ).fetchall()


def _count(path: Path, query: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(query).fetchone()[0])
