"""One trace after the other through workers that are kept: for tests, and for `replay bisect`.

Nothing is stored: what a trace gives is returned.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from replay.errors import ExitCode
from replay.records import Approval, CallVerdict, Finding, JsonObject, Trace
from replay.replayer.lane_terms import LaneTerms
from replay.replayer.lanes import TraceLanes
from replay.replayer.older_calls import OlderCalls
from replay.replayer.opened import Opened
from replay.replayer.output import short_output
from replay.replayer.plan import tool_calls
from replay.replayer.replayer import Replayer
from replay.replayer.sources import tool_sources
from replay.replayer.under_way import AHEAD
from replay.store.redaction import is_redacted
from replay.verdicts import apply_approvals, collect, exit_code

RUN_ID = "not_stored"
"""The run that such verdicts and findings name."""


@dataclass(frozen=True, slots=True)
class ReplayedTrace:
    """What today's tools made of one trace."""

    trace: Trace
    verdicts: list[CallVerdict]
    """In the trace's order, marked where they are approved."""
    findings: list[Finding]
    """Of this trace alone, the first to read first."""

    @property
    def exit_code(self) -> ExitCode:
        """How a replay run of this trace alone would end."""
        return exit_code(self.verdicts)


class TraceByTrace:
    """A replayer that stays open. A context manager; workers start with the first trace.

    ::

        with TraceByTrace(Replayer(store, toolbox="shop.tools:toolbox", jobs=1)) as traces:
            traces.replay("t660c71da6be").exit_code
    """

    def __init__(self, replayer: Replayer, *, approvals: Iterable[Approval] | None = None) -> None:
        """``approvals`` None: those that the store knows."""
        self.replayer = replayer
        self._approvals = None if approvals is None else list(approvals)
        self._stack = contextlib.ExitStack()
        self._opened: Opened | None = None
        self._terms: LaneTerms | None = None
        self._older: OlderCalls | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def open(self) -> None:
        """Have the tools at hand; waits for their import where no trace came before.

        Raises:
            SelectionError: a policy or a version names a tool that is nowhere.
            ToolboxError: the tools, or the baseline's, cannot be loaded.
            WorkerError: a worker cannot be started.
        """
        self._open()

    def close(self) -> None:
        """End the workers; the next trace would start others."""
        self._opened = self._terms = self._older = None
        self._stack.close()

    def sources(self) -> dict[str, JsonObject]:
        """Return where today's tools are (`tool_sources`); raises as `replay` does."""
        opened, _, _ = self._open()
        return tool_sources(opened.greeting(), self.replayer.place.folder)

    def replay(self, trace_id: str) -> ReplayedTrace:
        """Replay one trace and return what it gave.

        Raises:
            SelectionError: there is no such trace.
            ToolboxError: the tools, or the baseline's, cannot be loaded.
            WorkerError: a worker cannot be started.
        """
        return next(self.replay_all([trace_id]))

    def replay_all(self, trace_ids: Iterable[str]) -> Iterator[ReplayedTrace]:
        """Replay traces, several at once, and yield each as it is done; raises as `replay` does."""
        opened, terms, older = self._open()
        left = iter(trace_ids)
        under_way: dict[str, TraceLanes] = {}
        try:
            while True:
                while len(under_way) < AHEAD * self.replayer.jobs:
                    trace_id = next(left, None)
                    if trace_id is None:
                        break
                    transcript = opened.reading.transcript(trace_id, prompts=False)
                    trace = TraceLanes(terms, older.applied(transcript))
                    under_way[trace.transcript.trace.id] = trace
                    for job in trace.first_jobs():
                        opened.pool.submit(job)
                if not under_way:
                    return
                for result in opened.pool.wait():
                    trace = under_way[result.job.trace_id]
                    for job in trace.take(result):
                        opened.pool.submit(job, ahead=True)
                    if trace.is_done:
                        yield self._judged(under_way.pop(result.job.trace_id), older)
        finally:
            if under_way:  # their results would come to whoever asks next
                self.close()

    def _judged(self, trace: TraceLanes, older: OlderCalls) -> ReplayedTrace:
        masks = is_redacted(trace.transcript.trace.attributes)
        calls = {call.id: call for call in tool_calls(trace.transcript)}
        verdicts = [
            self._kept(one, trace.output_of(one.tool_call_id), masks=masks)
            for one in self.replayer.pinned.judged(
                trace.transcript.trace.id, older.told(trace.verdicts(), calls)
            )
        ]
        trace.close()
        if self._approvals is None:
            self._approvals = self.replayer.store.approvals()
        told = trace.transcript.trace
        found = collect(verdicts, {told.id: told.started_at})
        marked, findings = apply_approvals(verdicts, found, self._approvals)
        return ReplayedTrace(told, marked, findings)

    def _kept(self, verdict: CallVerdict, output: str, *, masks: bool | list[str]) -> CallVerdict:
        """Return ``verdict`` as it may be told, with what its call printed."""
        if output:
            shown = short_output(self.replayer.shown_output(output, masks=masks))
            verdict = verdict.model_copy(update={"output": shown})
        return self.replayer.kept_verdict(verdict, masks=masks)

    def _open(self) -> tuple[Opened, LaneTerms, OlderCalls]:
        if self._opened is None or self._terms is None or self._older is None:
            try:
                self._opened = self._stack.enter_context(self.replayer.opened())
                self._terms = self._opened.terms(RUN_ID, self.replayer.parser)
                self._older = self._stack.enter_context(self._opened.older_calls())
            except BaseException:
                self.close()
                raise
        return self._opened, self._terms, self._older
