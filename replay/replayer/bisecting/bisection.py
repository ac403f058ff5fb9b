"""The search: each commit is judged by what its tools make of some recorded traces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from replay.errors import ToolboxError, WorkerError
from replay.records import CallVerdict, Finding
from replay.replayer.baseline import place_in
from replay.replayer.bisecting.worktree import BisectError, BisectTree, Commit, Mark, Step
from replay.replayer.by_trace import TraceByTrace
from replay.replayer.replayer import Replayer
from replay.verdicts import collect

_WHY_CHARS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each commit."""

    trace_ids: Sequence[str]
    step_number: int | None = None
    """Only this step of the one trace."""
    signature: str | None = None
    """Only whether this finding is there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a commit's tools make of the traces."""

    commit: Commit
    verdicts: list[CallVerdict] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    why_not: str | None = None
    """Not None: it could not be asked, its tools do not import."""

    def facts(self, question: Question) -> frozenset[str]:
        """Return what differs from the recording, as far as it was asked for."""
        if question.step_number is not None:
            return frozenset(f"{one.verdict} {one.signature or ''}" for one in self.verdicts)
        found = {finding.signature for finding in self.findings}
        return frozenset(found if question.signature is None else found & {question.signature})


@dataclass(frozen=True, slots=True)
class Tested:
    """A commit that was tried."""

    answer: Answer
    mark: Mark
    steps_left: int


@dataclass(frozen=True, slots=True)
class Bisection:
    """What the search found."""

    found: Commit | None
    """None: it is one of ``candidates``."""
    candidates: tuple[Commit, ...]
    before: Answer
    after: Answer
    tested: list[Tested]
    files: list[str]
    """What the commit that was found changed."""
    new: frozenset[str]
    """Facts (signatures of findings) that are there since."""
    gone: frozenset[str]


class Bisecting:
    """One search. ``make`` gives the replayer of the tools as they are in the user's checkout."""

    def __init__(
        self,
        tree: BisectTree,
        question: Question,
        make: Callable[[], Replayer],
        *,
        tell: Callable[[Tested], None] = lambda tested: None,
    ) -> None:
        """``tell`` hears of each commit that was tried."""
        self._tree = tree
        self._question = question
        self._make = make
        self._tell = tell
        self._answers: dict[str, Answer] = {}
        self._tested: list[Tested] = []

    def between(self, good_ref: str, bad_ref: str) -> Bisection:
        """Return the first commit after ``good_ref`` whose verdicts are those of ``bad_ref``.

        Raises:
            SelectionError: one of them is no commit.
            BisectError: nothing changed between them, or they cannot be searched.
            ToolboxError: their tools do not import.
        """
        tree = self._tree
        good, bad = tree.commit(good_ref, named="GOOD"), tree.commit(bad_ref, named="BAD")
        if good.id != bad.id and tree.is_ancestor(bad, good):
            raise BisectError(
                f"GOOD ({good.short_id}) is newer than BAD ({bad.short_id}).",
                hint="Give the older one first: GOOD is where the verdict was still the old one.",
            )
        at_good, at_bad = self._at_end(good, "good"), self._at_end(bad, "bad")
        old, now = at_good.facts(self._question), at_bad.facts(self._question)
        if old == now:
            raise BisectError(self._unchanged(at_good, at_bad), hint=_UNCHANGED_HINT)
        step = tree.start(good, bad)
        while step.next is not None:
            step = self._test(step.next, step.steps_left, old, now)
        return self._result(step, at_good, at_bad)

    def _test(
        self, commit: Commit, steps_left: int, old: frozenset[str], now: frozenset[str]
    ) -> Step:
        answer = self._answer(commit)
        mark: Mark = "skip"
        if answer.why_not is None:
            facts = answer.facts(self._question)
            mark = "bad" if self._is_new(facts, old, now) else "good"
        self._note(Tested(answer, mark, steps_left))
        return self._tree.mark(commit, mark)

    def _is_new(self, facts: frozenset[str], old: frozenset[str], now: frozenset[str]) -> bool:
        if self._question.step_number is not None:
            return facts != old
        added = now - old
        return bool(facts & added) if added else not (old - now) <= facts

    def _result(self, step: Step, at_good: Answer, at_bad: Answer) -> Bisection:
        before, after, files = at_good, at_bad, []
        if step.found is not None:
            after = self._answers.get(step.found.id, at_bad)
            parent = self._tree.parent_of(step.found)
            if parent is not None:
                self._tree.check_out(parent)
                there = self._answer(parent)
                before = there if there.why_not is None else at_good
            files = self._tree.files_of(step.found)
        then, since = before.facts(self._question), after.facts(self._question)
        return Bisection(
            step.found,
            step.candidates,
            before,
            after,
            self._tested,
            files,
            new=since - then,
            gone=then - since,
        )

    def _at_end(self, commit: Commit, mark: Mark) -> Answer:
        self._tree.check_out(commit)
        answer = self._answer(commit, may_fail=False)
        self._note(Tested(answer, mark, 0))
        return answer

    def _note(self, tested: Tested) -> None:
        self._tested.append(tested)
        self._tell(tested)

    def _answer(self, commit: Commit, *, may_fail: bool = True) -> Answer:
        """Return what the tools in the tree, which is at ``commit``, make of the traces."""
        known = self._answers.get(commit.id)
        if known is not None:
            return known
        replayer = self._make()
        replayer.place = place_in(replayer.place, self._tree.root, self._tree.tree)
        replayer.refuses_unknown = False  # a tool of today may not be there yet
        # The user may stand in a folder that this commit does not have.
        Path(replayer.place.folder).mkdir(parents=True, exist_ok=True)
        try:
            with TraceByTrace(replayer, approvals=()) as traces:
                _refuse_elsewhere(traces, self._tree)
                replayed = list(traces.replay_all(self._question.trace_ids))
                started_at = {one.trace.id: one.trace.started_at for one in replayed}
                found = [
                    verdict
                    for one in replayed
                    for verdict in one.verdicts
                    if self._question.step_number in (None, verdict.step_number)
                ]
        except (ToolboxError, WorkerError) as error:
            if not may_fail:
                raise ToolboxError(
                    f"At {commit.short_id} ({commit.subject}): {error.wanted}",
                    nearest=error.nearest,
                    hint=error.hint,
                ) from error
            found, why_not = [], str(error.wanted).splitlines()[0][:_WHY_CHARS_MAX]
            answer = Answer(commit, why_not=why_not)
        else:
            answer = Answer(commit, found, collect(found, started_at))
        self._answers[commit.id] = answer
        return answer

    def _unchanged(self, at_good: Answer, at_bad: Answer) -> str:
        ends = f"GOOD ({at_good.commit.short_id}) and BAD ({at_bad.commit.short_id})"
        facts = at_good.facts(self._question)
        if self._question.step_number is not None:
            verdict = at_good.verdicts[0].verdict if at_good.verdicts else "not there"
            return f"The step is the same at {ends}: {verdict}. So nothing changed between them."
        if self._question.signature is not None:
            where = "both at" if facts else "neither at"
            return f"Finding {self._question.signature} is {where} {ends}."
        found = "nothing differs from the recording" if not facts else "they have the same findings"
        return f"Nothing changed between {ends}: {found}."


_UNCHANGED_HINT: Final = (
    "GOOD is a commit whose verdict is the old one, BAD one whose verdict is the new one."
)


def _refuse_elsewhere(traces: TraceByTrace, tree: BisectTree) -> None:
    """Refuse tools that every commit would find in one and the same place outside of the tree."""
    sources = traces.sources()
    files = [Path(place["file"]) for place in sources.values()]
    if files and all(file.is_absolute() for file in files):
        raise BisectError(
            f"The tools are imported from '{files[0].parent}', not from the commits.",
            hint=f"They are looked for in the working directory and in each --path DIRECTORY "
            f"inside '{tree.root}': name the folder of their package, as --path src.",
        )
