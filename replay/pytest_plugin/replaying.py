"""The replaying half: workers that start with the first test and serve all of them."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from replay.config import load_config
from replay.errors import ReplayError, ToolboxError
from replay.pytest_plugin.options import ReplayOptions
from replay.records import CallVerdict, Finding, Verdict
from replay.replayer import ReplayedTrace, Replayer, TraceByTrace
from replay.replayer.pinned import PinnedSteps
from replay.store import Store
from replay.verdicts import apply_approvals, collect

_NOT_JUDGED = frozenset({Verdict.NOT_RUN, Verdict.SERVED})
_SAME = frozenset({Verdict.SAME, Verdict.EQUIVALENT, Verdict.SERVED})


class NothingReplayed(Exception):
    """The tools could not be loaded, or the options not be held; the first test said why."""


@dataclass(slots=True)
class CallsOfTool:
    """All calls of one tool, in the traces of a selection."""

    verdicts: list[CallVerdict] = field(default_factory=list)
    """Of those that differ."""
    counts: Counter[Verdict] = field(default_factory=Counter)

    def add(self, verdict: CallVerdict) -> None:
        """Count one call, and keep it where it differs."""
        self.counts[verdict.verdict] += 1
        if verdict.verdict not in _SAME:
            self.verdicts.append(verdict)


class Replays:
    """One database, replayed by one set of options; nothing of it is changed or stored."""

    def __init__(
        self, database: Path, options: ReplayOptions, *, folder: Path, jobs: int = 1
    ) -> None:
        """``jobs``: worker processes where the options name no number."""
        self.database = database
        self.options = options
        self.folder = folder
        self._jobs = jobs
        self._stack = contextlib.ExitStack()
        self._store: Store | None = None
        self._traces: TraceByTrace | None = None
        self._failed: str | None = None
        self._by_tool: dict[str, CallsOfTool] = {}
        self._counted: dict[str, str] = {}
        """When the traces started that are counted, by id."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers, close the database."""
        self._traces = self._store = None
        self._stack.close()

    @property
    def run_words(self) -> list[str]:
        """The `replay run` that stores what is seen here."""
        near = self.database.is_relative_to(self.folder)
        named = self.database.relative_to(self.folder) if near else self.database
        toolbox = self.options.replaying.get("toolbox")
        return ["replay", "run", str(named), *(["--tools", toolbox] if toolbox else [])]

    @property
    def store(self) -> Store:
        """The database, open for reading, with the approvals that are kept beside it.

        Raises:
            ReplayError: it cannot be read.
        """
        if self._store is None:
            from replay.cli.approvals import use_file

            store = self._stack.enter_context(Store.open(self.database, "r"))
            use_file(store, self.options.approvals_file, folder=self.folder)
            self._store = store
        return self._store

    def shown(
        self, verdicts: Sequence[CallVerdict], findings: Sequence[Finding]
    ) -> tuple[Sequence[CallVerdict], Sequence[Finding]]:
        """Return verdicts and findings as a failure shows them: without what is hidden."""
        from replay.hiding import hide_in

        if self.options.reveal or not findings:
            return verdicts, findings
        with Store.open(self.database, "r") as store:
            hides = hide_in(store, load_config(self.folder).hidden_paths)
            return (verdicts, findings) if hides is None else hides.judged(verdicts, findings)

    def trace(self, trace_id: str) -> ReplayedTrace:
        """Replay one trace.

        Raises:
            ReplayError: the tools cannot be loaded, or the trace cannot be read.
            NothingReplayed: and this was said before.
        """
        return next(self.traces([trace_id]))

    def tool(self, name: str, trace_ids: Iterable[str]) -> tuple[CallsOfTool, list[Finding]]:
        """Replay those of the traces that no other tool's test replayed; return the tool's calls.

        Raises:
            ReplayError: as `trace`; so does NothingReplayed.
        """
        left = [one for one in trace_ids if one not in self._counted]
        for replayed in self.traces(left):
            self._counted[replayed.trace.id] = replayed.trace.started_at
            for verdict in replayed.verdicts:
                self._by_tool.setdefault(verdict.tool, CallsOfTool()).add(verdict)
        calls = self._by_tool.get(name, CallsOfTool())
        total = calls.counts.total()
        found = [
            finding.model_copy(update={"tool_call_total": total})
            for finding in collect(calls.verdicts, self._counted)
        ]
        return calls, apply_approvals([], found, self.store.approvals())[1]

    def traces(self, trace_ids: Iterable[str]) -> Iterator[ReplayedTrace]:
        """Replay traces, and yield each as it is done; raises as `trace`."""
        if self._failed is not None:
            raise NothingReplayed(f"Nothing was replayed: {self._failed}")
        try:
            traces = self._open()
        except ReplayError as error:
            said = error.wanted.splitlines()[0].rstrip(".:")
            self._failed = f"{said}. The first replay test says more."
            raise
        yield from traces.replay_all(trace_ids)

    def replayer(self) -> Replayer:
        """Return the replayer that the options describe; nothing of it is started.

        Raises:
            ReplayError: they describe none.
        """
        from replay.cli.run import replayer_of

        self.refuse_no_tools()
        options = {"toolbox": None, **self.options.replaying}
        options["jobs"] = options.get("jobs") or self._jobs
        return replayer_of(self.store, folder=self.folder, **options)

    def refuse_no_tools(self) -> None:
        """Refuse to replay where no tools are named anywhere.

        Raises:
            ToolboxError: none are; it says how to name them.
            ReplayError: the configuration cannot be read.
        """
        if self.options.replaying.get("toolbox") is None and load_config(self.folder).tools is None:
            raise ToolboxError(
                "Which tools? None are named.",
                hint="Name them with --replay-tools package.module:toolbox, or set `tools` in "
                "[tool.replay] of pyproject.toml.",
            )

    def _open(self) -> TraceByTrace:
        if self._traces is None:
            replayer = self.replayer()
            if self.options.selection.pinned:
                replayer.pinned = PinnedSteps.of(self.store.pins())
            self._traces = self._stack.enter_context(TraceByTrace(replayer))
        self._traces.open()
        return self._traces


def is_judged(counts: Counter[Verdict]) -> bool:
    """Return whether any call was judged: what was only served, or not run, says nothing."""
    return any(count for verdict, count in counts.items() if verdict not in _NOT_JUDGED)
