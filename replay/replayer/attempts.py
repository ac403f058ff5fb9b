"""One try of a job in a worker: who is running, who is done, and who was to blame when it broke."""

from __future__ import annotations

from dataclasses import dataclass, field

from cassettes.kernel.watch import LIMIT
from replay.records import (
    CallError,
    CallResult,
    InteractionChange,
    JsonObject,
    Outcome,
    OutsideReport,
    ReplayedCall,
    Stage,
)
from replay.replayer.jobs import Job, JobResult, Snapshot
from replay.replayer.process import how_it_ended
from replay.replayer.sandbox.holding import LIMIT_REACHED, limit_of_end
from replay.replayer.sandbox.limits import Limits

WORLD_DEADLINE_FACTOR = 6.0
"""A world may load a database: it gets this many times the deadline of a call."""
_MASKED = (
    " (What it is made of was masked, and stands for nothing that today's data hold: was it "
    "recorded with other data, or masked with another key?)"
)


@dataclass(slots=True)
class Attempt:
    """A job from when it is sent to a worker until it ends there."""

    number: int
    job: Job
    result: JobResult
    deadline_s: float
    limits: Limits = field(default_factory=Limits)
    one_by_one: bool = False
    skipped: list[str] = field(default_factory=list)
    """Calls that broke an earlier try: not run again."""
    was_lost: bool = False
    """True when an earlier try broke between two calls, and nobody could be blamed."""
    running: dict[str, float] = field(default_factory=dict)
    """Calls that began and are not done, with the moment at which their deadline passes."""
    aside_until: float | None = None
    """The deadline of what runs beside the calls (making the world, taking it down), or None."""
    stage: str = "waiting"
    """``waiting``, ``world``, ``calls``, ``teardown`` or ``ended``."""
    refused: list[str] = field(default_factory=list)
    """What the kernel refused to the call that broke it, in one line each."""
    learned: dict[str, str] = field(default_factory=dict)
    """Values that its trace must not show, and have no form, with what stands for each."""
    killed_at: float | None = None
    """When a deadline passed and its end was ordered; None: it was not."""

    def message(self) -> JsonObject:
        """Return the order to the worker."""
        return self.job.message(
            self.number,
            skip=self.skipped,
            reported=self.result.replayed,
            one_by_one=self.one_by_one,
        )

    def shown(self, output: str) -> str:
        """Return what its tools printed without what the worker learned to be masked."""
        if not output or not self.learned:
            return output
        from cassettes.redaction.vault import spellings

        for value in sorted(self.learned, key=len, reverse=True):
            for spelling in spellings(value):
                output = output.replace(spelling, self.learned[value])
        return output

    def hear(self, message: JsonObject, now: float) -> None:
        """Take what the worker says of this try, output and answers excepted."""
        kind = message["t"]
        if kind == "began":
            self.stage = "world"
            self.aside_until = now + self.deadline_s * WORLD_DEADLINE_FACTOR
        elif kind == "begin":
            self.stage = "calls"
            self.aside_until = None
            self.running[message["call"]] = now + self.deadline_s
        elif kind == "teardown":
            self.stage = "teardown"
            self.aside_until = now + self.deadline_s
        elif kind == "snapshot":
            self.result.snapshots[message["before"]] = Snapshot(
                message.get("path"), message.get("digest"), message.get("why_not")
            )
        elif kind == "end":
            self.stage = "ended"
            self.aside_until = None

    def due(self) -> float | None:
        """Return the moment at which its next deadline passes, or None."""
        if self.killed_at is not None:
            return None
        moments = list(self.running.values())
        if self.aside_until is not None:
            moments.append(self.aside_until)
        return min(moments, default=None)

    @property
    def undone(self) -> list[str]:
        """The calls that have no answer yet, in order."""
        return [name for name in self.job.call_ids() if name not in self.result.replayed]

    def after_its_end(self, number: int, status: int, words: str) -> Attempt | None:
        """Settle what the end of the process leaves open; return the next try, or None.

        ``status`` is how the process ended, ``words`` what it last printed. A call that was alone
        is to blame. Of several that ran together nobody can tell, so they are run again one after
        the other. What was answered is kept, and only run again to bring the world to where it was.
        """
        if not self.undone:
            return None
        if self.stage in ("waiting", "world"):
            how = how_it_ended(status)
            if self.killed_at is not None:
                how = f"it took longer than {self.deadline_s * WORLD_DEADLINE_FACTOR:g} s"
            self._give_up(f"The world could not be made: its process ended ({how}).")
            return None
        if len(self.running) == 1:
            (culprit,) = self.running
            self._blame(culprit, status, words)
        elif self.running and not self.one_by_one:
            return self._next(number, one_by_one=True)
        elif not self.was_lost:
            return self._next(number, one_by_one=True, was_lost=True)
        else:
            self._blame(self.undone[0], status, words)
        return self._next(number) if self.undone else None

    def world_failed(self, error: CallError, *, start_is_masked: bool) -> None:
        """Settle all calls of a trace whose world could not be made."""
        why = _MASKED if start_is_masked else ""
        self._give_up(f"The world could not be made: {error.type}: {error.message}{why}")

    def _next(self, number: int, *, one_by_one: bool = False, was_lost: bool = False) -> Attempt:
        return Attempt(
            number,
            self.job,
            self.result,
            self.deadline_s,
            self.limits,
            one_by_one=one_by_one or self.one_by_one,
            skipped=self.skipped,
            was_lost=was_lost,
        )

    def _give_up(self, note: str) -> None:
        for name in self.undone:
            self.result.replayed[name] = ReplayedCall(tool_call_id=name, result=None, note=note)

    def _blame(self, culprit: str, status: int, words: str) -> None:
        tool = next(
            str(order.call["tool"])
            for group in self.job.groups
            for order in group
            if order.id == culprit
        )
        outcome, error = self._why_it_ended(status, words)
        self.result.replayed[culprit] = ReplayedCall(
            tool_call_id=culprit,
            result=CallResult(outcome=outcome, tool=tool, error=error),
            outside=OutsideReport(
                changes=[
                    InteractionChange(change="unanswered", request=one)
                    for one in self.refused
                    if not one.startswith(LIMIT)
                ]
            ),
            output=words,
            note=f"{error.message} The calls after it ran without it.",
        )
        self.skipped.append(culprit)

    def _why_it_ended(self, status: int, words: str) -> tuple[Outcome, CallError]:
        limit = limit_of_end(status, words, self.limits)
        if any(one.startswith(LIMIT) for one in self.refused):
            limit = limit or self.limits.words("processes")
        outcome, kind = Outcome.CRASHED, "ProcessEnded"
        message = f"The tool's process ended while it ran: {how_it_ended(status)}."
        if self.killed_at is not None:
            outcome, kind = Outcome.TIMEOUT, "DeadlinePassed"
            message = f"No answer within {self.deadline_s:g} s; its process was ended."
        if limit is not None:
            outcome, kind = Outcome.CRASHED, LIMIT_REACHED
            message = f"{limit}. {message}"
        return outcome, CallError(type=kind, message=message, stage=Stage.INVOKE)
