"""What the keys that act need to know: which tools, what is pinned, how far a replay is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from replay.config import load_config
from replay.records import Pin, ReplayRun
from replay.records.replays import WHAT_IF
from tui.rows.database import Database
from tui.rows.traces import TraceList


@dataclass(frozen=True, slots=True)
class Tools:
    """Today's tools, as the command line takes them."""

    toolbox: str = ""
    """Empty: nobody has named any."""
    paths: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    """Names of environment variables that are handed on."""

    def words(self) -> list[str]:
        """Return the options that say them."""
        words = ["--tools", self.toolbox] if self.toolbox else []
        for path in self.paths:
            words += ["--path", path]
        for name in self.variables:
            words += ["--env", name]
        return words


@dataclass(frozen=True, slots=True)
class Baseline:
    """The old tools beside today's, as `replay run` takes them: they tell causes apart."""

    named: str = ""
    """``package.module:toolbox`` or ``git:REF``; empty: none."""
    paths: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """Return the options that say it."""
        words = ["--baseline", self.named] if self.named else []
        for path in self.paths if self.named else ():
            words += ["--baseline-path", path]
        return words


def tools_of(run: ReplayRun) -> Tools:
    """Return the tools of a replay run, with those of its variables that are set here, too."""
    options = run.options
    names = [str(name) for name in options.get("environment") or ()]
    return Tools(
        run.toolbox,
        tuple(map(str, options.get("paths") or ())),
        tuple(name for name in names if name in os.environ),
    )


def tools_at_hand(database: Database, run: ReplayRun | None) -> Tools:
    """Return the tools of ``run``, else of `[tool.replay]`, else of the newest replay run."""
    if run is not None:
        return tools_of(run)
    named = load_config().tools
    if named is not None:
        return Tools(named)
    newest = _newest_run(database)
    return Tools() if newest is None else tools_of(newest)


def baseline_at_hand(database: Database, run: ReplayRun | None, tools: Tools) -> Baseline:
    """Return the baseline of ``run``, else of the newest replay run, if it was of ``tools``.

    `replay run` has none unless it is told: so is it here, where nobody has ever named one.
    """
    last = run or _newest_run(database)
    if last is None or last.baseline is None or last.toolbox != tools.toolbox:
        return Baseline()
    return Baseline(last.baseline, tuple(map(str, last.options.get("baseline_paths") or ())))


def _newest_run(database: Database) -> ReplayRun | None:
    with database.reading():
        newest: list[ReplayRun] = database.records.records(
            "replay_run",
            f"r.id NOT GLOB '{WHAT_IF}*'",
            [],
            "r.started_us DESC, r.key DESC LIMIT 1",
        )
    return newest[0] if newest else None


SHOWN_MAX: Final = 500
"""Of more traces than this nobody names each one."""


def trace_ids_of(database: Database, traces: TraceList) -> list[str]:
    """Return the ids of the traces of a list; none where it is empty, too long, or is all."""
    keys = list(traces.keys)
    if not traces.wanted or not keys or len(keys) > SHOWN_MAX:
        return []
    marks = ", ".join("?" * len(keys))
    with database.reading() as connection:
        rows = connection.execute(f"SELECT id FROM trace_rows WHERE key IN ({marks})", keys)
        return [str(row[0]) for row in rows]


def first_with_calls(database: Database, keys: Iterable[int]) -> str | None:
    """Return the id of the first of these traces that called a tool; None: no one did."""
    with database.reading() as connection:
        for key in keys:
            row = connection.execute(
                "SELECT id FROM trace_rows WHERE key = ? AND tool_call_count > 0", (key,)
            ).fetchone()
            if row is not None:
                return str(row[0])
    return None


def pins_of(database: Database, trace: int) -> list[Pin]:
    """Return the pins of the trace in row ``trace``: its own first, then by step."""
    with database.reading():
        found: list[Pin] = database.records.records("pin", "r.trace = ?", [trace], "r.step_number")
    return found


def judged_count(database: Database, since_us: int) -> int:
    """Return how many calls the run has judged that began at ``since_us`` or later."""
    with database.reading() as connection:
        row = connection.execute(
            "SELECT count(*) FROM call_verdict_rows v WHERE v.run = +(SELECT u.key FROM "
            "replay_run_rows u WHERE u.started_us >= ? ORDER BY u.started_us DESC LIMIT 1)",
            (since_us,),
        ).fetchone()
    return int(row[0])
