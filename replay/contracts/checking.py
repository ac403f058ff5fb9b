"""`check_contracts`: every promise of today's tools, held against captured traffic."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from replay.contracts.reads import Reads
from replay.contracts.results import ContractResult, Kind
from replay.contracts.terms import Terms, terms_of
from replay.contracts.twice import repeat_calls
from replay.contracts.verdicts import Evidence, judged
from replay.contracts.watching import over_budget, seen_calls, with_best_times
from replay.errors import SelectionError
from replay.records import Selection, Transcript
from replay.replayer.environment import Place
from replay.replayer.job_runner import JobRunner
from replay.replayer.plan import tool_calls
from replay.replayer.policies import Policies
from replay.replayer.pool import Isolation
from replay.replayer.questions.asking import Asking
from replay.replayer.shaking.finding import verify
from replay.replayer.shaking.running import Shaker
from replay.store import Store

_MEASURED_AGAIN = 2
"""How often calls over their budget are measured again: the least time counts, not the load."""


@dataclass(frozen=True, slots=True)
class Workers:
    """How the calls are run."""

    jobs: int = 1
    deadline_s: float = 10.0
    isolation: Isolation = Isolation.TRACE
    sandbox: str = "off"


Tell = Callable[[int, int, str], None]
"""Is told of what is done, of how much, and what is going on."""


def check_contracts(
    store: Store,
    selection: Selection,
    place: Place,
    *,
    also: Collection[Kind] = (),
    workers: Workers | None = None,
    on_progress: Tell = lambda done, total, note: None,
    keep_interrupted: bool = False,
) -> list[ContractResult]:
    """Return what became of each promise that the tools of ``place`` make, by tool.

    Nothing is stored, and nothing goes out. ``also`` is checked of every tool, declared or not.
    No tool promises anything: an empty list. ``keep_interrupted``: Ctrl-C while calls run ends it
    with what these have shown by then.

    Raises:
        KeyboardInterrupt: Ctrl-C, and nothing is to be kept or no call ran yet.
        SelectionError: no trace is selected, or a selected tool is not in the toolbox.
        ToolboxError: the toolbox cannot be loaded.
        WorkerError: a worker cannot be started.
    """
    with Asking(place) as asking:
        tools = asking.toolbox.running(selection.tools)
    terms = terms_of(tools, also, folders=(place.folder, *place.paths))
    if not terms:
        return []
    check = _Check(store, place, terms, workers or Workers(), on_progress)
    check.read(selection)
    return check.results(keep_interrupted=keep_interrupted)


@dataclass(slots=True)
class _Check:
    """One check under way."""

    store: Store
    place: Place
    terms: list[Terms]
    workers: Workers
    tell: Tell
    transcripts: list[Transcript] = field(default_factory=list)
    reads: Reads = field(default_factory=Reads)

    def read(self, selection: Selection) -> None:
        """Read the selected traces, and what their steps have read."""
        wants_reads = any(one.keeps_what_is_read for one in self.terms)
        names = {one.tool.name for one in self.terms}
        trace_ids = self.store.trace_ids(selection)
        if not trace_ids:
            raise SelectionError(
                "No trace is selected: there is nothing to hold contracts against.",
                hint="`replay list` shows what the database holds.",
            )
        for number, trace_id in enumerate(trace_ids, start=1):
            transcript = self.store.transcript(trace_id, prompts=wants_reads)
            if wants_reads:
                self.reads.add(transcript)
                transcript = without_prompts(transcript)
            if any(call.tool in names for call in tool_calls(transcript)):
                self.transcripts.append(transcript)
            self.tell(number, len(trace_ids), "reading traces")

    def results(self, *, keep_interrupted: bool) -> list[ContractResult]:
        """Run what the promises need, and judge them."""
        evidence = Evidence(reads=self.reads)
        evidence.steps = {
            call.id: (transcript.trace.id, call.step_number)
            for transcript in self.transcripts
            for call in tool_calls(transcript)
        }
        calls = (call for one in self.transcripts for call in tool_calls(one))
        evidence.captured = frozenset(call.tool for call in calls)
        try:
            self._run(evidence)
        except KeyboardInterrupt:
            if not keep_interrupted:
                raise
            evidence.is_interrupted = True
        return [result for terms in self.terms for result in judged(terms, evidence)]

    def _run(self, evidence: Evidence) -> None:
        w = self.workers
        if self.transcripts:
            with JobRunner(
                self.place,
                jobs=w.jobs,
                deadline_s=w.deadline_s,
                isolation=w.isolation,
                sandbox=w.sandbox,
            ) as runner:
                policies = Policies().of_toolbox(runner.greeting)
                self._watch(runner, policies, evidence)
                self._repeat(runner, policies, evidence)
            self._shake(evidence)

    def _of(self, *kinds: Kind) -> set[str]:
        return {one.tool.name for one in self.terms if one.kinds & set(kinds)}

    def _with_calls_of(self, names: set[str]) -> list[Transcript]:
        return [one for one in self.transcripts if any(c.tool in names for c in tool_calls(one))]

    def _watch(self, runner: JobRunner, policies: Policies, evidence: Evidence) -> None:
        names = self._of(Kind.KEEPS, Kind.RESULT, Kind.BUDGET)
        if not names:
            return
        chosen = self._with_calls_of(names)
        teller = self._teller("replaying", len(chosen))
        for one in seen_calls(runner, chosen, names, policies, on_trace=teller):
            evidence.seen[one.call.id] = one
        for _ in range(_MEASURED_AGAIN):
            slow = over_budget(self.terms, evidence.seen)
            if not slow:
                return
            again = seen_calls(runner, self._with_calls_of(slow), slow, policies)
            with_best_times(evidence.seen, again)

    def _repeat(self, runner: JobRunner, policies: Policies, evidence: Evidence) -> None:
        names = self._of(Kind.IDEMPOTENT)
        chosen = self._with_calls_of(names)
        on_trace = self._teller("running calls twice", len(chosen))
        repeat_calls(runner, chosen, names, policies, evidence.repeats, on_trace=on_trace)

    def _shake(self, evidence: Evidence) -> None:
        chosen = self._with_calls_of(self._of(Kind.DETERMINISTIC))
        if not chosen:
            return
        self.tell(0, len(chosen), "running calls under other conditions")
        w = self.workers
        shaker = Shaker(
            self.place, chosen, w.jobs, w.deadline_s, isolation=w.isolation, sandbox=w.sandbox
        )
        found = verify(shaker)
        evidence.unstable, evidence.held = found.unstable, found.held
        evidence.shaken = {id: tool for id, tool in shaker.tools.items() if id in found.ran}

    def _teller(self, note: str, total: int) -> Callable[[], None]:
        done = 0

        def tell() -> None:
            nonlocal done
            done += 1
            self.tell(done, total, note)

        return tell


def without_prompts(transcript: Transcript) -> Transcript:
    """Return a transcript with its tool calls only: prompts take most of the room."""
    return transcript.model_copy(update={"steps": list(tool_calls(transcript))})
