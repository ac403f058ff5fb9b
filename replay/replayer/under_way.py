"""A replay run under way: traces go through the workers, verdicts are stored and summed up."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING

from replay.errors import ExitCode
from replay.records import CallVerdict, JsonObject, ReplayRun, Transcript, Verdict
from replay.replayer.digest import run_digest, trace_digest
from replay.replayer.lane_terms import LaneTerms
from replay.replayer.lanes import TraceLanes
from replay.replayer.masking import MaskedOtherwise
from replay.replayer.older_calls import OlderCalls
from replay.replayer.output import short_output
from replay.replayer.plan import tool_calls
from replay.replayer.pool import Pool
from replay.store import Store
from replay.store.redaction import is_redacted
from replay.verdicts import Approvals, Coverage, Findings, exit_code_of
from replay.verdicts.exit_codes import worse
from replay.verdicts.frozen import NotFrozen
from replay.verdicts.policies import PoliciesSeen
from replay.verdicts.slower import Slower
from replay.verdicts.versions import VersionsSeen

if TYPE_CHECKING:
    from replay.replayer.replayer import Replayer

AHEAD = 4
"""Traces under way for each worker."""
_BATCH_VERDICTS = 256
_BATCH_S = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay run is."""

    run_id: str
    trace_count: int
    """Traces to replay in all."""
    trace_done_count: int
    call_count: int
    """Calls judged so far."""
    verdict_counts: dict[str, int]
    elapsed_s: float

    @property
    def calls_per_second(self) -> float:
        """Calls judged per second since the workers began to start."""
        return self.call_count / self.elapsed_s if self.elapsed_s > 0 else 0.0


@dataclass(slots=True)
class _Sums:
    """What a run adds up while it goes."""

    findings: Findings = field(default_factory=Findings)
    digests: dict[str, bytes] = field(default_factory=dict)
    verdicts: Counter[str] = field(default_factory=Counter)
    conditional: int = 0
    approved: int = 0
    codes: dict[str | None, ExitCode] = field(default_factory=dict)
    """By signature: what its calls that nobody approved would end the run with."""

    def open(self, verdict: CallVerdict) -> None:
        """Count a verdict that stands as it is."""
        before = self.codes.get(verdict.signature, ExitCode.OK)
        self.codes[verdict.signature] = worse(before, exit_code_of(verdict))

    @property
    def worst(self) -> ExitCode:
        """What the run ends with."""
        return reduce(worse, self.codes.values(), ExitCode.OK)


class RunUnderWay:
    """One replay run from its first trace to its end."""

    def __init__(
        self,
        replayer: Replayer,
        run: ReplayRun,
        reading: Store,
        pool: Pool,
        greeting: JsonObject,
        terms: LaneTerms,
        older: OlderCalls,
    ) -> None:
        self.replayer = replayer
        self.older = older
        self.store = replayer.store
        self.started = run
        self.reading = reading
        self.pool = pool
        self.terms = terms
        self.sums = _Sums()
        self.not_frozen = NotFrozen()
        self.slower = Slower()
        self._misses_states = bool(greeting["shows_state"]) and not terms.has_baseline
        self._stateless_count = 0
        self.policies_seen = PoliciesSeen()
        self.versions_seen = VersionsSeen()
        self.masked_otherwise = MaskedOtherwise(replayer.redacting)
        self.kernel_guard: str = greeting["kernel_guard"]
        self.coverage = Coverage({tool["name"]: tool["parameters"] for tool in greeting["tools"]})
        self.approvals = Approvals(self.store.approvals())
        self._marked: set[str | None] = set()
        """Signatures of calls that are marked approved until their findings are known."""
        self._batch: list[CallVerdict] = []
        self._stored_at = time.monotonic()
        self._under_way: dict[str, TraceLanes] = {}
        self.is_kept = False

    def run(
        self,
        trace_ids: list[str],
        on_progress: Callable[[Progress], None] | None,
        *,
        is_resumed: bool,
    ) -> ReplayRun:
        """Replay ``trace_ids``, store everything, and return the run as it ended."""
        began_at = time.monotonic()
        left = self._take_up(trace_ids) if is_resumed else trace_ids
        self.store.append(self.started.model_copy(update={"status": "running", "ended_at": None}))
        status = "failed"
        try:
            for done_count in self._finished(iter(left), len(trace_ids) - len(left)):
                if on_progress is not None:
                    on_progress(self._progress(len(trace_ids), done_count, began_at))
                if self.replayer._stopping.is_set():
                    raise KeyboardInterrupt
            status = "finished"
        except KeyboardInterrupt:
            status = "interrupted"
        finally:
            run = self._ended(status, len(trace_ids))
        return run

    def _take_up(self, trace_ids: list[str]) -> list[str]:
        """Count what an interrupted run has judged already; return the traces that are left."""
        by_trace: dict[str, list[CallVerdict]] = {}
        for verdict in self.store.verdicts(self.started.id):
            by_trace.setdefault(verdict.trace_id, []).append(verdict)
        for trace_id, verdicts in by_trace.items():
            transcript = self.reading.transcript(trace_id, prompts=False)
            self._count(self.older.applied(transcript), verdicts)
            self.older.count(verdicts)
        return [trace_id for trace_id in trace_ids if trace_id not in by_trace]

    def _finished(self, left: Iterator[str], done_count: int) -> Iterator[int]:
        """Replay traces, several at once; yield how many are done after each."""
        room = AHEAD * self.replayer.jobs
        while True:
            while len(self._under_way) < room and (trace_id := next(left, None)) is not None:
                transcript = self.reading.transcript(trace_id, prompts=False)
                self._begin(self.older.applied(transcript))
            if not self._under_way:
                return
            for result in self.pool.wait():
                trace = self._under_way[result.job.trace_id]
                for job in trace.take(result):
                    self.pool.submit(job, ahead=True)
                if trace.is_done:
                    del self._under_way[result.job.trace_id]
                    self._judge(trace)
                    done_count += 1
                    yield done_count

    def _begin(self, transcript: Transcript) -> None:
        trace = TraceLanes(self.terms, transcript)
        self._under_way[transcript.trace.id] = trace
        for job in trace.first_jobs():
            self.pool.submit(job)

    def _judge(self, trace: TraceLanes) -> None:
        masks = is_redacted(trace.transcript.trace.attributes)
        calls = {call.id: call for call in tool_calls(trace.transcript)}
        verdicts = [
            self._kept(verdict, trace.output_of(verdict.tool_call_id), masks=masks)
            for verdict in self.replayer.pinned.judged(
                trace.transcript.trace.id, self.older.told(trace.verdicts(), calls)
            )
        ]
        for verdict in verdicts:
            call_id = verdict.tool_call_id
            self.slower.add(calls[call_id], verdict, trace.waited_longer_ms(call_id))
        trace.close()
        self._count(trace.transcript, verdicts)
        self._batch += verdicts
        is_due = time.monotonic() - self._stored_at > _BATCH_S
        if len(self._batch) >= _BATCH_VERDICTS or is_due:
            self._store()

    def _kept(self, verdict: CallVerdict, output: str, *, masks: bool | list[str]) -> CallVerdict:
        """Return ``verdict`` as it is stored: approved or not, and without timings.

        In a frozen world they say nothing; and without them equal results have equal bytes, which
        the store keeps once, however often a trace is replayed.
        """
        changed: JsonObject = {}
        if self.approvals.may_cover(verdict):
            changed["approved"] = True
        if verdict.replayed is not None and verdict.replayed.stages:
            untimed: JsonObject = {"stages": [], "duration_ms": None}
            changed["replayed"] = verdict.replayed.model_copy(update=untimed)
        output = self.replayer.shown_output(output, masks=masks)
        if output:
            changed["output"] = short_output(output)
            if self.replayer.on_output is not None:
                self.replayer.on_output(verdict.tool, output)
        kept = verdict.model_copy(update=changed) if changed else verdict
        return self.replayer.kept_verdict(kept, masks=masks)

    def _store(self) -> None:
        if self._batch:
            self.store.append_verdicts(self._batch)
            self._batch = []  # only now: a disk that is full keeps none of them
        self._stored_at = time.monotonic()

    def _count(self, transcript: Transcript, verdicts: list[CallVerdict]) -> None:
        sums = self.sums
        calls = {call.id: call for call in tool_calls(transcript)}
        self.masked_otherwise.add(is_redacted(transcript.trace.attributes))
        is_stateless = all(call.state_hash is None for call in calls.values())
        self._stateless_count += bool(verdicts) and self._misses_states and is_stateless
        for verdict in verdicts:
            sums.findings.add(verdict, transcript.trace.started_at)
            sums.verdicts[verdict.verdict] += 1
            self.not_frozen.add(verdict)
            self.policies_seen.add(verdict)
            self.versions_seen.add(calls[verdict.tool_call_id], verdict)
            sums.conditional += verdict.conditional
            sums.approved += bool(verdict.approved)
            if verdict.approved:
                self._marked.add(verdict.signature)
            sums.open(verdict)
            self.coverage.add(
                *_reached(verdict, calls[verdict.tool_call_id].arguments),
                verdict.replayed,
                verdict.schema_errors,
                verdict.recorded_outcome,
            )
        sums.digests[transcript.trace.id] = trace_digest(verdicts)

    def _progress(self, trace_count: int, done_count: int, began_at: float) -> Progress:
        return Progress(
            run_id=self.started.id,
            trace_count=trace_count,
            trace_done_count=done_count,
            call_count=self.sums.verdicts.total(),
            verdict_counts=dict(self.sums.verdicts),
            elapsed_s=time.monotonic() - began_at,
        )

    def _ended(self, status: str, trace_count: int) -> ReplayRun:
        sums = self.sums
        self._store()
        self.approvals = Approvals(self.store.approvals())  # with those given meanwhile
        findings = [self.approvals.marked(one) for one in sums.findings.collected()]
        self._take_back({one.signature for one in findings if not one.approved})
        self._approve({one.signature for one in findings if one.approved})
        is_whole = status == "finished"
        not_judged = sums.verdicts[Verdict.NOT_RUN] + sums.verdicts[Verdict.SERVED]
        # Who approves a call that cannot be run has judged it: it must not stay red for good.
        judged_none = sums.verdicts.total() == not_judged and not sums.approved
        whole = ExitCode.COULD_NOT_RUN if judged_none and sums.verdicts else sums.worst
        codes = {"finished": whole, "interrupted": ExitCode.INTERRUPTED}
        run = self.started.model_copy(
            update={
                "ended_at": now_text(),
                "status": status,
                "trace_count": trace_count if is_whole else len(sums.digests),
                "call_count": sums.verdicts.total(),
                "verdict_counts": {
                    str(kind): count for kind, count in sorted(sums.verdicts.items())
                },
                "conditional_count": sums.conditional,
                "digest": run_digest(sums.digests) if is_whole else None,
                "coverage": {
                    **self.coverage.report(),
                    "not_frozen": self.not_frozen.report(),
                    "slower": self.slower.report(),
                    "states_not_compared": self._stateless_count,
                    "policies": self.policies_seen.report(),
                    "written_for": self.older.report(),
                    "versions": self.versions_seen.report(),
                    "kernel_guard": self.kernel_guard,
                    "masked_otherwise": self.masked_otherwise.report(),
                },
                "exit_code": int(codes.get(status, ExitCode.COULD_NOT_RUN)),
            }
        )
        self.store.append_all([*findings, run])
        self.is_kept = is_whole
        self.store.flush()
        return run

    def _take_back(self, signatures: set[str]) -> None:
        """Approve no longer the calls of findings that have outgrown their approval."""
        for verdict in self._stored(signatures & self._marked):
            if verdict.approved:
                open_again = verdict.model_copy(update={"approved": False})
                self.sums.open(open_again)
                self.sums.approved -= 1
                self._batch.append(open_again)
        self._store()

    def _approve(self, signatures: set[str]) -> None:
        """Approve the calls of findings that were approved while the run went on."""
        given = signatures - self._marked
        for verdict in self._stored(given):
            self.sums.approved += 1
            self._batch.append(verdict.model_copy(update={"approved": True}))
        for signature in given:
            self.sums.codes.pop(signature, None)
        self._store()

    def _stored(self, signatures: set[str]) -> Iterator[CallVerdict]:
        """Give the calls of findings as they are stored."""
        if signatures:
            self.store.flush()
        for signature in sorted(signatures):
            yield from self.store.verdicts(self.started.id, signature=signature)


def _reached(verdict: CallVerdict, arguments: str) -> tuple[str, str]:
    """Return the tool that ran, and what it was given in its own words."""
    result = verdict.replayed
    if result is None or not result.translation:
        return verdict.tool, arguments
    return result.tool, json.dumps(result.payload)


def now_text() -> str:
    """Return this moment as records write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
