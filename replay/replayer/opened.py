"""Workers and a database held open: for one replay run, or for one trace after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from replay.records import JsonObject
from replay.replayer.environment import sandboxed
from replay.replayer.jobs import BASELINE, TODAY
from replay.replayer.lane_terms import LaneTerms, SharedStart
from replay.replayer.older_calls import OlderCalls, known_schemas, written_for
from replay.replayer.pool import Pool
from replay.replayer.served import ServedAnswers
from replay.replayer.worldless import worldless
from replay.store import Store

if TYPE_CHECKING:
    from replay.replayer.replayer import Replayer
    from replay.tools.resolve import Parser


@dataclass(frozen=True, slots=True)
class Opened:
    """Workers and a database, open for one replay run or for one trace after the other."""

    replayer: Replayer
    pool: Pool
    reading: Store
    folder: Path
    """Where worlds are handed over."""

    def greeting(self) -> JsonObject:
        """Return what a worker says of today's tools; waits until they are imported.

        Raises:
            ToolboxError: the tools cannot be loaded.
            WorkerError: the worker died of loading them.
        """
        return self.pool.wait_until_ready(TODAY)

    def terms(self, run_id: str, parser: Parser = "") -> LaneTerms:
        """Return what holds for every trace; waits as `greeting` does, for the old code too.

        ``parser``: who reads the arguments of today's calls.
        """
        greeting = self.greeting()
        policies = self.replayer._policies_of(greeting)
        has_baseline = self.replayer.baseline is not None
        old = self.pool.wait_until_ready(BASELINE) if has_baseline else None
        return LaneTerms(
            run_id=run_id,
            rules=self.replayer.rules,
            has_baseline=has_baseline,
            stateless=greeting["stateless"],
            folder=self.folder,
            shared_start=SharedStart(old is not None and old["one_world"]),
            policies=policies,
            parser=parser,
            schemas=known_schemas(self.reading, greeting, old),
            versions=frozenset(map(tuple, greeting["versions"])),
            worldless=worldless(greeting, old),
        )

    def older_calls(self, named: Mapping[str, str] | None = None) -> OlderCalls:
        """Return what holds for calls of older versions; waits as `greeting` does.

        ``named``: versions by tool of calls without one; None: those that the replayer was given.
        """
        greeting, replayer = self.greeting(), self.replayer
        place = sandboxed(replayer.place, replayer.sandbox, worlds=self.folder)
        taken_for = written_for(
            self.reading, greeting, replayer.versions if named is None else named
        )
        return OlderCalls(taken_for, ServedAnswers(place, greeting["results_translated"]))
