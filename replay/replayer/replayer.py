"""A replay run: today's tools over a selection of traces, judged, stored, and summed up."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from replay.config import RedactConfig
from replay.errors import ExitCode, SelectionError, StoreError, WorkerError
from replay.records import (
    CallVerdict,
    Finding,
    JsonObject,
    ReplayRun,
    Selection,
    Transcript,
    Verdict,
)
from replay.replayer.baseline import baseline_place, code_version
from replay.replayer.digest import run_digest, trace_digest
from replay.replayer.environment import Place, place_of, sandboxed
from replay.replayer.jobs import BASELINE, TODAY
from replay.replayer.lanes import LaneTerms, SharedStart, TraceLanes
from replay.replayer.older_calls import (
    OlderCalls,
    known_schemas,
    versions_of_calls,
    written_for,
)
from replay.replayer.output import short_output
from replay.replayer.plan import tool_calls
from replay.replayer.policies import Policies
from replay.replayer.pool import Isolation, Pool
from replay.replayer.redacting import RedactionOnDemand, redaction_of_run
from replay.replayer.sandbox.limits import Limits, limits_told
from replay.replayer.served import ServedAnswers
from replay.replayer.sources import tool_sources
from replay.replayer.written_for import refuse_unknown
from replay.store import Store
from replay.store.redaction import is_redacted
from replay.store.sampling import Chosen
from replay.verdicts import Coverage, Findings, Rules, exit_code_of, with_approval
from replay.verdicts.exit_codes import worse
from replay.verdicts.frozen import NotFrozen
from replay.verdicts.policies import PoliciesSeen
from replay.verdicts.versions import VersionsSeen

if TYPE_CHECKING:
    from replay.replayer.questions.two_parsers import ParserName, ParsersCompared
    from replay.tools.resolve import Parser

DEADLINE_MS = 10_000
"""How long one tool call may take when nobody says otherwise."""
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


class Replayer:
    """Replays traces of a store through a toolbox.

    ::

        run = Replayer(store, toolbox="shop.tools:toolbox").run(Selection(tools=["refund"]))
        run.exit_code, store.findings(run.id)
    """

    def __init__(
        self,
        store: Store,
        *,
        toolbox: str,
        paths: Sequence[str | Path] = (),
        folder: str | Path | None = None,
        baseline: str | None = None,
        baseline_paths: Sequence[str | Path] = (),
        environment: Mapping[str, str] | None = None,
        baseline_environment: Mapping[str, str] | None = None,
        rules: Rules | None = None,
        jobs: int | None = None,
        deadline_ms: int | None = None,
        isolation: Isolation | str = Isolation.TRACE,
        allow: Sequence[str] = (),
        loose: Sequence[str] = (),
        sandbox: str = "off",
        limits: Limits | None = None,
        writable: Sequence[str | Path] = (),
        policies: Policies | None = None,
        on_output: Callable[[str, str], None] | None = None,
        redact: RedactConfig | None = None,
        versions: Mapping[str, str] | None = None,
        parser: Parser = "",
    ) -> None:
        """Nothing is started before ``run``.

        Args:
            store: An open database; runs, verdicts and findings are appended to it.
            toolbox: ``package.module:toolbox`` or ``path/to/file.py:toolbox``.
            paths: Folders put on the tools' search path, before ``folder``.
            folder: The tools' working directory; None: this process's.
            baseline: The old code: another toolbox, ``git:REF``, or None for no baseline.
            baseline_paths: Search path of a baseline that is another toolbox.
            environment: Variables that the tools get beside the few a worker always has.
            baseline_environment: Variables that only the old code gets, or gets otherwise.
            rules: Differences that do not count.
            jobs: Worker processes; None: one for each core.
            deadline_ms: How long one call may take; None: ``DEADLINE_MS``.
            isolation: What a trace has to itself.
            allow: Addresses that tools may really reach, and programs (``run:git``).
            loose: Tools (``*`` globs) whose changed requests the recorded answers serve.
            sandbox: What workers run in: ``off``, ``auto``, ``bubblewrap``, ``kernel``, ``e2b``.
            limits: What a worker may take; None: the defaults.
            writable: Folders that a sandbox lets the tools write to.
            policies: Tools that are not replayed from their cassettes.
            on_output: Is told of what a call printed, with the tool's name first.
            redact: What is secret, for traces that were recorded without their secrets; None: what
                is built in.
            versions: By tool, the version that calls were written for that were recorded without
                one.
            parser: Who reads the arguments of today's calls; ``""``: whom the toolbox chooses.

        Raises:
            ReplayError: the key of the redaction cannot be used.
        """
        self.store = store
        redacting = redaction_of_run(store, redact or RedactConfig())
        self._redaction = RedactionOnDemand(redacting, environment)
        self.policies = policies or Policies()
        self.place = replace(
            place_of(
                toolbox,
                paths=paths,
                folder=folder,
                environment=environment,
                allow=allow,
                loose=loose,
                limits=limits,
                writable=writable,
            ),
            redact=redacting,
            goes_out=self.policies.goes_out,
        )
        self.versions = dict(versions or {})
        self.refuses_unknown = True
        """Whether policies and versions must be of tools that are here, or were recorded."""
        self.sandbox = sandbox
        self.baseline_environment = dict(baseline_environment or {})
        self.baseline = baseline
        self.baseline_paths = tuple(str(Path(path).resolve()) for path in baseline_paths)
        self.rules = rules or Rules()
        self.jobs = jobs or os.cpu_count() or 1
        self.deadline_ms = deadline_ms or DEADLINE_MS
        self.isolation = Isolation(isolation)
        self.on_output = on_output
        self.parser: Parser = parser
        self._stopping = threading.Event()
        self._at_work: Pool | None = None

    def stop(self) -> None:
        """End the run that is under way as Ctrl-C would; from any thread or signal handler."""
        self._stopping.set()
        pool = self._at_work
        if pool is not None:
            pool.stop()

    def run(
        self,
        selection: Selection | None = None,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        resume: str | None = None,
    ) -> ReplayRun:
        """Replay the selected traces and return the stored run.

        Verdicts are stored as traces finish. Ctrl-C ends the run as ``interrupted`` and returns
        it; ``resume`` (its id, a prefix, or ``latest``) goes on with the traces that are left.

        Raises:
            KeyboardInterrupt: stopped before the first trace was begun.
            SelectionError: nothing is selected, or there is no such run.
            ToolboxError: the tools, or the baseline's, cannot be loaded.
            WorkerError: a worker cannot be started.
        """
        self._stopping.clear()
        begun = None if resume is None else self._interrupted(resume)
        if begun is not None:
            selection = Selection.model_validate(begun.selection)
        selection = selection or Selection()
        with self.opened() as opened:
            traces = opened.reading.chosen(selection)
            if not traces.trace_ids:
                raise SelectionError(
                    "No trace is selected: there is nothing to replay.",
                    hint="`replay list` shows what the database holds.",
                )
            greeting = opened.greeting()
            run = begun or self._begun(selection, traces, greeting)
            terms = opened.terms(run.id, run.options.get("parser", ""))
            with opened.older_calls(run.options.get("written_for", {})) as older:
                pass_ = _Pass(self, run, opened.reading, opened.pool, greeting, terms, older)
                try:
                    return pass_.run(traces.trace_ids, on_progress, is_resumed=begun is not None)
                except StoreError as error:
                    raise self._not_stored(run, error, is_kept=pass_.is_kept) from error

    @contextlib.contextmanager
    def opened(self) -> Iterator[Opened]:
        """Hold workers that import the tools meanwhile, and an open database to read from.

        Raises:
            KeyboardInterrupt: `stop` was called before it was open.
            WorkerError: a worker cannot be started.
        """
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="replay-worlds-")))
            pool = stack.enter_context(self._pool(stack, folder))
            self._at_work = pool
            stack.callback(setattr, self, "_at_work", None)
            if self._stopping.is_set():
                raise KeyboardInterrupt
            yield Opened(self, pool, stack.enter_context(Store.open(self.store.path, "r")), folder)

    def shown_output(self, output: str, *, masks: bool) -> str:
        """Return what a call printed as it may be kept; ``masks``: without its trace's secrets."""
        redaction = self._redaction.get() if output and masks else None
        return output if redaction is None else redaction.redactor.text(output)

    def compare_parsers(
        self, selection: Selection, parsers: tuple[ParserName, ParserName]
    ) -> ParsersCompared:
        """Return what two parsers make of the selected calls; nothing is run.

        Raises:
            ToolboxError: the tools cannot be loaded.
            WorkerError: a worker cannot be started.
        """
        from replay.replayer.questions.asking import Asking
        from replay.replayer.questions.two_parsers import compare_parsers

        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="replay-worlds-")))
            asking = stack.enter_context(Asking(sandboxed(self.place, self.sandbox, worlds=folder)))
            reading = stack.enter_context(Store.open(self.store.path, "r"))
            older = versions_of_calls(reading, asking.toolbox, self.versions)
            transcripts = (
                older.applied(reading.transcript(trace_id, prompts=False))
                for trace_id in reading.trace_ids(selection)
            )
            return compare_parsers(asking, transcripts, parsers, tools=selection.tools)

    def _not_stored(self, run: ReplayRun, error: StoreError, *, is_kept: bool) -> StoreError:
        if is_kept:
            next_words = "The replay run itself is kept. Then see it with"
            words = ["replay", "diff", str(self.store.path), run.id]
        else:
            next_words = "Then go on with what is not judged and kept yet:"
            words = ["replay", "run", str(self.store.path), "--tools", run.toolbox]
            words += ["--baseline", run.baseline] if run.baseline is not None else []
            words += ["--resume", run.id]
        hint = f"{error.hint or ''}\n{next_words}\n  {shlex.join(words)}"
        return StoreError(error.wanted, nearest=error.nearest, hint=hint.strip())

    def _policies_of(self, greeting: JsonObject) -> Policies:
        policies = self.policies.of_toolbox(greeting)
        here = {tool["name"] for tool in greeting["tools"]}
        known = here | {count.tool for count in self.store.tools()}
        if self.refuses_unknown:
            policies.refuse_unknown(known)
            refuse_unknown(self.versions, known)
        return policies

    def _pool(self, stack: contextlib.ExitStack, folder: Path) -> Pool:
        place = sandboxed(self.place, self.sandbox, worlds=folder)
        if self.baseline is not None and not place.sandbox.is_here:
            raise WorkerError(
                f"A baseline needs workers on this machine: --sandbox {self.sandbox} has none.",
                hint="Replay without --baseline there, or with another sandbox.",
            )
        places = {TODAY: place}
        if self.baseline is not None:
            places[BASELINE] = stack.enter_context(
                baseline_place(
                    self.baseline,
                    place,
                    paths=self.baseline_paths,
                    environment=self.baseline_environment,
                )
            )
        return Pool(
            places,
            jobs=self.jobs,
            deadline_s=self.deadline_ms / 1000,
            isolation=self.isolation,
        )

    def _begun(self, selection: Selection, traces: Chosen, greeting: JsonObject) -> ReplayRun:
        return ReplayRun(
            id=f"run_{datetime.now(UTC):%Y%m%dT%H%M%S}_{secrets.token_hex(3)}",
            started_at=_now(),
            toolbox=self.place.toolbox,
            code_version=code_version(self.place.folder),
            python=greeting["python"],
            baseline=self.baseline,
            selection=selection.model_dump(mode="json", exclude_defaults=True),
            sample=traces.told,
            tool_sources=tool_sources(greeting, self.place.folder),
            options={
                "jobs": self.jobs,
                "deadline_ms": self.deadline_ms,
                "isolation": str(self.isolation),
                "sandbox": greeting["sandbox"],
                "limits": limits_told(self.place.limits),
                "paths": list(self.place.paths),
                "allow": list(self.place.allow),
                "loose": list(self.place.loose),
                "environment": sorted({*self.place.environment, *self.baseline_environment}),
                "policies": self.policies.words(),
                **({"written_for": self.versions} if self.versions else {}),
                **({"parser": self.parser} if self.parser else {}),
            },
        )

    def _interrupted(self, resume: str) -> ReplayRun:
        run = self.store.run(resume)
        wanted = (self.place.toolbox, self.baseline)
        if (run.toolbox, run.baseline) != wanted:
            raise SelectionError(
                f"Replay run {run.id!r} was of {run.toolbox!r} with baseline {run.baseline!r}; "
                f"it cannot go on with {wanted[0]!r} and baseline {wanted[1]!r}.",
                hint="Resume it with the same toolbox, or start a new run.",
            )
        parser = run.options.get("parser", "")
        if self.parser not in ("", parser):
            whose = f"the parser {parser!r}" if parser else "whatever parser the toolbox chooses"
            raise SelectionError(
                f"Replay run {run.id!r} reads with {whose}; it cannot go on with {self.parser!r}.",
                hint="Resume it without --parser, or start a new run.",
            )
        versions = run.options.get("written_for", {})
        if self.versions and self.versions != versions:
            then, now = map(_versions_said, (versions, self.versions))
            raise SelectionError(
                f"Replay run {run.id!r} takes calls without a version for {then}; it cannot go on "
                f"with {now}.",
                hint="Resume it with the same versions, or without any, or start a new run.",
            )
        if run.status == "finished":
            raise SelectionError(
                f"Replay run {run.id!r} is finished: nothing is left to resume.",
                hint=f"`replay diff {shlex.quote(str(self.store.path))} {run.id}` shows what it "
                "found.",
            )
        return run


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


@dataclass(slots=True)
class _Sums:
    """What a run adds up while it goes."""

    findings: Findings = field(default_factory=Findings)
    digests: dict[str, bytes] = field(default_factory=dict)
    verdicts: Counter[str] = field(default_factory=Counter)
    conditional: int = 0
    worst: ExitCode = ExitCode.OK


class _Pass:
    """One run under way."""

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
        self.policies_seen = PoliciesSeen()
        self.versions_seen = VersionsSeen()
        self.kernel_guard: str = greeting["kernel_guard"]
        self.coverage = Coverage({tool["name"]: tool["parameters"] for tool in greeting["tools"]})
        self.approvals = {approval.signature: approval for approval in self.store.approvals()}
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
            for verdict in self.older.told(trace.verdicts(), calls)
        ]
        trace.close()
        self._count(trace.transcript, verdicts)
        self._batch += verdicts
        is_due = time.monotonic() - self._stored_at > _BATCH_S
        if len(self._batch) >= _BATCH_VERDICTS or is_due:
            self._store()

    def _kept(self, verdict: CallVerdict, output: str, *, masks: bool) -> CallVerdict:
        """Return ``verdict`` as it is stored: approved or not, and without timings.

        In a frozen world they say nothing; and without them equal results have equal bytes, which
        the store keeps once, however often a trace is replayed.
        """
        changed: JsonObject = {}
        if verdict.signature in self.approvals:
            changed["approved"] = True
        if verdict.replayed is not None and verdict.replayed.stages:
            untimed: JsonObject = {"stages": [], "duration_ms": None}
            changed["replayed"] = verdict.replayed.model_copy(update=untimed)
        output = self.replayer.shown_output(output, masks=masks)
        if output:
            changed["output"] = short_output(output)
            if self.replayer.on_output is not None:
                self.replayer.on_output(verdict.tool, output)
        return verdict.model_copy(update=changed) if changed else verdict

    def _store(self) -> None:
        if self._batch:
            self.store.append_verdicts(self._batch)
            self._batch = []  # only now: a disk that is full keeps none of them
        self._stored_at = time.monotonic()

    def _count(self, transcript: Transcript, verdicts: list[CallVerdict]) -> None:
        sums = self.sums
        calls = {call.id: call for call in tool_calls(transcript)}
        for verdict in verdicts:
            sums.findings.add(verdict, transcript.trace.started_at)
            sums.verdicts[verdict.verdict] += 1
            self.not_frozen.add(verdict)
            self.policies_seen.add(verdict)
            self.versions_seen.add(calls[verdict.tool_call_id], verdict)
            sums.conditional += verdict.conditional
            sums.worst = worse(sums.worst, exit_code_of(verdict))
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
        findings = [self._with_approval(one) for one in sums.findings.collected()]
        self._take_back({one.signature for one in findings if not one.approved})
        is_whole = status == "finished"
        not_judged = sums.verdicts[Verdict.NOT_RUN] + sums.verdicts[Verdict.SERVED]
        judged_none = sums.verdicts.total() == not_judged
        whole = ExitCode.COULD_NOT_RUN if judged_none and sums.verdicts else sums.worst
        codes = {"finished": whole, "interrupted": ExitCode.INTERRUPTED}
        run = self.started.model_copy(
            update={
                "ended_at": _now(),
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
                    "policies": self.policies_seen.report(),
                    "written_for": self.older.report(),
                    "versions": self.versions_seen.report(),
                    "kernel_guard": self.kernel_guard,
                },
                "exit_code": int(codes.get(status, ExitCode.COULD_NOT_RUN)),
            }
        )
        self.store.append_all([*findings, run])
        self.is_kept = is_whole
        self.store.flush()
        return run

    def _with_approval(self, finding: Finding) -> Finding:
        return with_approval(finding, self.approvals.get(finding.signature))

    def _take_back(self, signatures: set[str]) -> None:
        """Approve no longer the calls of findings that have outgrown their approval."""
        outgrown = signatures & self.approvals.keys()
        if not outgrown:
            return
        self.store.flush()
        for signature in sorted(outgrown):
            for verdict in self.store.verdicts(self.started.id, signature=signature):
                open_again = verdict.model_copy(update={"approved": False})
                self.sums.worst = worse(self.sums.worst, exit_code_of(open_again))
                self._batch.append(open_again)
            self._store()


def _reached(verdict: CallVerdict, arguments: str) -> tuple[str, str]:
    """Return the tool that ran, and what it was given in its own words."""
    result = verdict.replayed
    if result is None or not result.translation:
        return verdict.tool, arguments
    return result.tool, json.dumps(result.payload)


def _versions_said(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{tool}={version}" for tool, version in sorted(versions.items())) or "none"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


__all__ = ["DEADLINE_MS", "Isolation", "Place", "Progress", "Replayer"]
