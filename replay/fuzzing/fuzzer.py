"""`replay fuzz` without its command: cases in, failures out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from replay.evidence.generating import is_installed
from replay.fuzzing.captured import (
    Captured,
    Traffic,
    captured_calls,
    in_todays_form,
    nothing_captured,
)
from replay.fuzzing.cases import Case, cases_of
from replay.fuzzing.found import Failure, FuzzReport, ToolCounts
from replay.fuzzing.from_schema import payloads_from
from replay.fuzzing.judging import Breach, Law, breach_of, has_passed, is_unanswered
from replay.fuzzing.keeping import Kept, kept_in, signature_of
from replay.fuzzing.pasteable import pasteable_test
from replay.fuzzing.reference import Ruling, Says, ruling
from replay.fuzzing.running import run_cases
from replay.fuzzing.shrinking import shrunk
from replay.records import JsonObject, ReplayedCall, Selection
from replay.replayer.environment import Place, shorter
from replay.replayer.job_runner import JobRunner
from replay.replayer.pool import Isolation
from replay.replayer.questions.asking import Asking, DescribedTool
from replay.store import Store

_MADE_UP = 30
_TRACES_LOOKED_AT = 20

CASES = 200
"""Cases for each tool when nobody says otherwise."""


class Fuzzer:
    """Runs changed payloads of a store's calls through today's tools."""

    def __init__(
        self,
        store: Store,
        place: Place,
        *,
        count: int = CASES,
        seed: int = 0,
        jobs: int = 1,
        deadline_s: float = 10.0,
        isolation: Isolation = Isolation.TRACE,
        sandbox: str = "off",
        kept: Path | None = None,
        on_progress: Callable[[int, int, str], None] = lambda done, total, note: None,
    ) -> None:
        """Nothing is started before ``run``.

        Args:
            store: An open database; only read.
            place: Where the tools are.
            count: Cases for each tool.
            seed: What all chance comes from.
            jobs: Worker processes.
            deadline_s: How long one case may take.
            isolation: What a case has to itself.
            sandbox: What workers run in.
            kept: A folder whose cases are run first; None: no kept cases.
            on_progress: Is told of cases done, of how many, and what is going on.
        """
        self.store = store
        self.place = place
        self.count = count
        self.seed = seed
        self.kept = kept
        self.on_progress = on_progress
        self.folders = (place.folder, *place.paths)
        self._runner = JobRunner(
            place, jobs=jobs, deadline_s=deadline_s, isolation=isolation, sandbox=sandbox
        )
        self._stopping = threading.Event()
        self._tools: dict[str, DescribedTool] = {}
        self._asks: set[int] = set()

    def stop(self) -> None:
        """End the run under way soon, keeping what it found; from any thread or handler."""
        self._stopping.set()
        self._runner.stop()

    def run(self, selection: Selection) -> FuzzReport:
        """Fuzz the tools of ``selection``, all of the toolbox where it names none.

        Raises:
            SelectionError: no such tool in today's toolbox.
            ToolboxError: the toolbox cannot be loaded.
            WorkerError: a worker cannot be started.
        """
        report = FuzzReport(self.place.toolbox, self.seed, has_hypothesis=is_installed())
        try:
            with Asking(self.place) as asking:
                tools = asking.toolbox.running(selection.tools)
                report.not_to_run = [one.name for one in tools if one.replay != "cassette"]
                tools = [one for one in tools if one.replay == "cassette"]
                self._tools = {tool.name: tool for tool in tools}
                traffic = captured_calls(self.store, selection, tools, on_trace=self._on_trace)
                cases = self._cases(report, traffic, tools, asking)
            report.unknown_tools = sorted(traffic.unknown)
            kept = [] if self.kept is None else kept_in(self.kept, list(self._tools))
            with self._runner:
                if self._stopping.is_set():
                    raise KeyboardInterrupt
                self._run(report, _kept_cases(kept, traffic, self._tools), kept, cases)
        except KeyboardInterrupt:
            report.is_interrupted = True
        report.failures.sort(key=lambda one: (not one.breach.law.is_breaking, one.breach.key))
        return report

    def _on_trace(self, done: int, total: int) -> None:
        self.on_progress(0, 0, f"reading traces: {done:,} of {total:,}")
        if self._stopping.is_set():
            raise KeyboardInterrupt

    def _cases(
        self, report: FuzzReport, traffic: Traffic, tools: Sequence[DescribedTool], asking: Asking
    ) -> list[Case]:
        example = self._example(traffic, asking.toolbox.tools)
        found: list[Case] = []
        for tool in tools:
            captured = in_todays_form(traffic.of_tool.get(tool.name, []), tool, asking)
            report.tools[tool.name] = ToolCounts(captured=len(captured))
            base = captured or self._made_up(tool, example)
            found += cases_of(tool, base, self.count, self.seed)
        return found

    def _example(self, traffic: Traffic, tools: Sequence[DescribedTool]) -> Captured | None:
        """Return a captured call of any tool: what was never called gets its world."""
        if not traffic.of_tool:
            traffic = captured_calls(self.store, Selection(limit=_TRACES_LOOKED_AT), tools)
        return next((one for calls in traffic.of_tool.values() for one in calls), None)

    def _made_up(self, tool: DescribedTool, example: Captured | None) -> list[Captured]:
        """Return calls to start from where none was captured: from the schema, if it can be."""
        made: list[JsonObject] = []
        if is_installed():
            made = payloads_from(tool.parameters, _MADE_UP, f"{self.seed}\0{tool.name}\0base")
        return [nothing_captured(tool, example, values) for values in made or [{}]]

    def _run(
        self, report: FuzzReport, first: list[Case], kept: list[Kept], cases: list[Case]
    ) -> None:
        whole = [*first, *cases]
        breaches: dict[int, Breach] = {}
        try:
            for done, (index, replayed) in enumerate(run_cases(self._runner, whole), start=1):
                case = whole[index]
                said = self._ruling(case)
                self._count(report, case, said, replayed)
                breach = self._breach(case, replayed, said)
                if breach is not None:
                    breaches[index] = breach
                    if replayed.outside.asked or replayed.outside.changes:
                        self._asks.add(index)
                self.on_progress(done, len(whole), "")
        finally:
            for index, one in enumerate(kept):
                fails = index in breaches and breaches[index].law is one.law
                (report.still_failing if fails else report.mended).append(one)
            self._collect(report, whole, breaches)

    def _collect(self, report: FuzzReport, cases: list[Case], breaches: dict[int, Breach]) -> None:
        """Put breaches with one key together, the first case of each made small."""
        firsts: dict[tuple[str, Law, str, str], int] = {}
        counts: dict[tuple[str, Law, str, str], int] = {}
        for index in sorted(breaches):
            key = breaches[index].key
            firsts.setdefault(key, index)
            counts[key] = counts.get(key, 0) + 1
        for number, (key, index) in enumerate(firsts.items(), start=1):
            case, breach = cases[index], breaches[index]
            if not self._stopping.is_set():
                self.on_progress(number, len(firsts), "making failures small")
                try:
                    case, breach = shrunk(case, breach, self._runner, self._breach)
                except KeyboardInterrupt:
                    report.is_interrupted = True
            report.failures.append(
                self._failure(case, breach, counts[key], asks=index in self._asks)
            )

    def _failure(self, case: Case, breach: Breach, count: int, *, asks: bool) -> Failure:
        tool = self._tools[case.tool]
        test = pasteable_test(
            case,
            breach,
            tool,
            self.place.toolbox,
            asks_outside=asks,
            database=str(self.store.path),
        )
        file = None if tool.file is None else shorter(tool.file, self.folders)
        return Failure(breach, case, signature_of(breach), file, tool.line, count, test)

    def _ruling(self, case: Case) -> Ruling:
        return ruling(self._tools[case.tool].parameters, case.arguments)

    def _breach(
        self, case: Case, replayed: ReplayedCall, said: Ruling | None = None
    ) -> Breach | None:
        return breach_of(
            self._tools[case.tool], said or self._ruling(case), replayed, folders=self.folders
        )

    def _count(self, report: FuzzReport, case: Case, said: Ruling, replayed: ReplayedCall) -> None:
        counts = report.tools[case.tool]
        counts.cases += 1
        counts.valid += said.says is Says.VALID
        counts.invalid += said.says is Says.INVALID
        counts.undecided += said.says is Says.UNDECIDED
        if replayed.result is None:
            counts.not_run += 1
            report.why_not_run = report.why_not_run or replayed.note
            return
        counts.unanswered += is_unanswered(replayed)
        counts.ran += has_passed(replayed.result)


def _kept_cases(
    kept: Sequence[Kept], traffic: Traffic, tools: dict[str, DescribedTool]
) -> list[Case]:
    """Return the kept cases, each in its captured call's place where the database still has it."""
    by_id: dict[str, Captured] = {
        one.call_id: one for calls in traffic.of_tool.values() for one in calls
    }
    examples = list(by_id.values())
    cases = []
    for one in kept:
        captured = by_id.get(one.call_id)
        if captured is None or captured.tool != one.tool:
            same_tool = traffic.of_tool.get(one.tool) or examples
            captured = nothing_captured(tools[one.tool], next(iter(same_tool), None))
        cases.append(Case(one.tool, one.arguments, one.said or "a kept case", captured))
    return cases
