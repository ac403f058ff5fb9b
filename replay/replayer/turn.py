"""The calls of one model output while they run: what goes in, and what is told of each."""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from dataclasses import asdict
from typing import Any

import cassettes
from cassettes.errors import InteractionFormatError
from cassettes.world.temporary import shown
from replay.records import CallError, CallResult, JsonObject, Outcome, Stage
from replay.records.traces import STATE_NOT_SHOWN
from replay.replayer.cassette_of import CallCassette
from replay.replayer.outside import leftover_report
from replay.replayer.sandbox import holding
from replay.replayer.sandbox.holding import LIMIT_REACHED


class Turn:
    """The calls of one model output, and what they share where no tool was seen to run."""

    __slots__ = (
        "_overlap_counts",
        "_unended_counts",
        "is_whole",
        "running_count",
        "spare",
        "unreadable",
    )

    def __init__(self, group: list[JsonObject], todo: list[JsonObject]) -> None:
        """``todo``: the calls of ``group`` that are run."""
        shared = group[0]["spare"]  # the same for each of them
        self.spare: cassettes.Spare | None = None
        self.unreadable: InteractionFormatError | None = None
        """Why what they share cannot be read; None: it can."""
        try:
            self.spare = cassettes.Spare(map(_interaction, shared)) if shared else None
        except InteractionFormatError as error:
            self.unreadable = error
        self.running_count = len(group)
        self.is_whole = len(todo) == group[0]["turn_size"]
        self._overlap_counts = Counter(map(overlap_of, group))
        self._unended_counts = Counter(map(overlap_of, todo))

    def overlaps(self, order: JsonObject) -> bool:
        """Whether a call overlapped another one when it was recorded."""
        return self._overlap_counts[order["overlap"]] > 1

    def is_last_to_end(self, order: JsonObject) -> bool:
        """Take note of a call's end; return whether all that it overlaps have ended before."""
        self._unended_counts[order["overlap"]] -= 1
        return self._unended_counts[order["overlap"]] <= 0

    def leave_out(self, order: JsonObject) -> None:
        """Take note of a call that cannot be run."""
        self.is_last_to_end(order)
        self.running_count -= 1
        self.is_whole = False

    def report(self, report: JsonObject) -> JsonObject:
        """Return what a call asked outside; of the last one also what no call of the turn asked."""
        self.running_count -= 1
        if self.spare is None or self.running_count or not self.is_whole:
            return report
        left = leftover_report(self.spare)["changes"]
        return {**report, "changes": [*report.get("changes", ()), *left]}


class Attended:
    """A call that runs: what goes in, and how it went."""

    __slots__ = ("arguments", "cassette", "order", "result")

    def __init__(
        self, order: JsonObject, cassette: CallCassette, world: Any, trace_id: str
    ) -> None:
        self.order, self.cassette = order, cassette
        call = order["call"]
        self.arguments = {
            "tool": call["tool"],
            "arguments": call["arguments"],
            "positional": call.get("positional"),
            "world": world,
            "provider_call_id": call.get("provider_call_id"),
            "call_index": call.get("call_index", 0),
            "actor": call.get("actor", "assistant"),
            "request_id": call.get("request_id") or call["id"],
            "arguments_version": call.get("tool_version"),
            "model": call.get("model"),
            "trace_id": trace_id,
            "parser": order["parser"],
        }
        self.result: CallResult | None = None


def told_of(result: CallResult, *, with_state: bool) -> JsonObject:
    """Return what the pool is told of a result: nothing that no two replays share.

    Timings say nothing in a frozen world, but that a translation ran is worth knowing.
    ``with_state`` False: others still change the world, and what it shows is no call's doing.
    """
    fields = {
        name: value
        for name, value in result.__dict__.items()
        if value is not None and name not in _UNTOLD
    }
    if any(timing.stage is Stage.TRANSLATE for timing in result.stages):
        fields["stages"] = [asdict(timing) for timing in result.stages]
    if result.error is not None:
        fields["error"] = result.error.model_dump()
    if not with_state:
        fields.pop("state_hash", None)
        fields["notes"] = [one for one in result.notes if not one.startswith(STATE_NOT_SHOWN)]
    told: JsonObject = shown(fields)
    return told


_UNTOLD = frozenset(("stages", "duration_ms", "schema_errors"))


def call_error(error: BaseException) -> CallError:
    """Return ``error`` as a record."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    told = "".join(traceback.format_exception(error, limit=-20))
    return CallError(type=name, message=str(error), traceback=told)


def ended_the_agent(tool: str, error: BaseException) -> CallResult:
    """Return the result of a call whose exception no agent would have survived."""
    if isinstance(error, asyncio.CancelledError):
        outcome, said = Outcome.CANCELLED, "The tool cancelled the task that called it."
    else:
        outcome, said = Outcome.CRASHED, f"The tool raised {type(error).__name__}: {error}"
    told = call_error(error).model_copy(update={"message": said, "stage": Stage.INVOKE})
    return CallResult(outcome=outcome, tool=tool, error=told)


def within_limits(result: CallResult | None) -> CallResult | None:
    """Return ``result`` (None stays None), or that a limit was reached, where its error says so."""
    error = None if result is None else result.error
    limit = None if error is None else holding.limit_of_error(error.type, error.message)
    if result is None or error is None or limit is None:
        return result
    told = CallError(
        type=LIMIT_REACHED,
        message=f"{limit} ({error.type.rpartition('.')[2]}: {error.message})",
        stage=error.stage,
        traceback=error.traceback,
    )
    return CallResult(outcome=Outcome.CRASHED, tool=result.tool, error=told)


def overlap_of(order: JsonObject) -> int:
    """Return the number of the set of overlapping calls that a call belongs to."""
    number: int = order["overlap"]
    return number


def _interaction(form: JsonObject) -> cassettes.Interaction:
    return cassettes.Interaction.from_json(form)
