"""The verdicts on all calls of a trace: what each finds of what the calls before it left.

Calls that were asked for together, and those that overlapped, are told apart from the ones after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from replay.records import (
    CallVerdict,
    Lanes,
    ModelCall,
    Outcome,
    ToolCall,
    Transcript,
    Verdict,
)
from replay.records.traces import START_STATE
from replay.verdicts.causes import Situation
from replay.verdicts.overlaps import (
    NEVER_REPLAYED,
    asked_together,
    overlapping,
    states_told_once,
)
from replay.verdicts.reading import Schemas
from replay.verdicts.requests import has_miss
from replay.verdicts.rules import Rules
from replay.verdicts.verdict import WITHOUT_CAUSE, judge, state_expected
from replay.verdicts.worlds_apart import is_other_start

_HARMLESS: Final = WITHOUT_CAUSE | {Verdict.PAYLOAD_CHANGED, Verdict.INTERACTIONS_CHANGED}
"""After these the model still stands in the world that it knew."""


def judge_trace(
    transcript: Transcript,
    lanes: Mapping[str, Lanes],
    rules: Rules,
    *,
    run_id: str,
    stateless: bool = False,
    schemas: Schemas | None = None,
    worldless: frozenset[tuple[str, str]] = frozenset(),
) -> list[CallVerdict]:
    """Return the verdicts on the calls of ``transcript`` that ``lanes`` (by call id) replayed.

    They come in step order. Every call after the trace's first divergence is conditional, except
    those that were asked for together with it: the model had not seen the difference yet. Of calls
    that overlapped, the state is compared once, after the last of them. ``worldless``: actor and
    name of the tools that are not given the world.
    """
    models = {
        step.id: step.response_model or step.model
        for step in transcript.steps
        if isinstance(step, ModelCall)
    }
    verdicts: list[CallVerdict] = []
    diverged_in: str | None = None  # the first call of the group that diverged first
    same_start = _same_start(transcript, lanes)
    same_world: bool | None = True if stateless or same_start else None
    gap: ToolCall | None = None  # the first call whose doing is missing in the world
    same_world_after = same_world
    under_way = first_overlap = ""  # the first of the calls that overlap
    for step, its_lanes, group, overlap, perhaps in _in_their_groups(transcript, lanes, worldless):
        first_overlap = first_overlap or overlap
        if overlap != under_way:
            same_world, under_way = same_world_after, overlap
        situation = Situation(
            conditional=gap is not None or diverged_in not in (None, group),
            same_world_before=same_world,
            stateless=stateless,
            start_differs=same_start is False and overlap == first_overlap,
            has_start=transcript.trace.start is not None,
        )
        verdict = judge(
            step,
            its_lanes,
            rules,
            run_id=run_id,
            model=models.get(step.model_call_id or ""),
            situation=situation,
            schemas=schemas,
        )
        if gap is not None and verdict.verdict not in WITHOUT_CAUSE:
            verdict = _after_gap(verdict, gap)
        if perhaps and verdict.verdict is Verdict.EFFECT_CHANGED and not is_other_start(verdict):
            verdict = verdict.model_copy(update={"perhaps_of": perhaps})
        verdicts.append(verdict)
        same_world_after = _same_world_after(step, its_lanes, same_world_after)
        if gap is None and its_lanes.replayed.leaves_gap:
            gap = step
        if diverged_in is None and _diverges(step, verdict):
            diverged_in = group
    return verdicts


def _same_start(transcript: Transcript, lanes: Mapping[str, Lanes]) -> bool | None:
    """Whether the world was the recorded one before the first call; None: nothing tells."""
    recorded = transcript.trace.attributes.get(START_STATE)
    shown = (lanes[step.id].replayed.state_before for step in transcript.steps if step.id in lanes)
    today = next((state for state in shown if state is not None), None)
    return None if recorded is None or today is None else recorded == today


def _after_gap(verdict: CallVerdict, gap: ToolCall) -> CallVerdict:
    """Return ``verdict`` with why it may differ: the world lacks what a call before it did."""
    why = f"The world lacks what {gap.tool} did in step {gap.step_number}, which was not run."
    note = f"{verdict.note} {why}" if verdict.note else why
    return verdict.model_copy(update={"note": note})


def _in_their_groups(
    transcript: Transcript, lanes: Mapping[str, Lanes], worldless: frozenset[tuple[str, str]]
) -> Iterator[tuple[ToolCall, Lanes, str, str, list[str]]]:
    """Return the calls that ``lanes`` replayed in step order, their lanes, and whom they belong to.

    That is the first call of those asked for together, the first of those that overlap, and the
    tools that its state may be of as well.
    """
    calls = [step for step in transcript.steps if isinstance(step, ToolCall) and step.id in lanes]
    found: dict[str, tuple[ToolCall, Lanes, str, str, list[str]]] = {}
    for group in asked_together(calls):
        group_id = group[0].model_call_id or group[0].id
        ran = [call for call in group if call.outcome not in NEVER_REPLAYED]
        for overlap in overlapping(ran):
            told, its_lanes = overlap, lanes
            perhaps: list[str] = []
            if len(overlap) > 1:
                told, its_lanes, others = states_told_once(overlap, lanes, worldless)
                perhaps = sorted({call.tool for call in others})
            for call in told:
                others_of_it = [tool for tool in perhaps if tool != call.tool]
                found[call.id] = (call, its_lanes[call.id], group_id, overlap[0].id, others_of_it)
        for call in group:
            if call.id not in found:
                found[call.id] = (call, lanes[call.id], group_id, call.id, [])
    return (found[call.id] for call in calls)


def _same_world_after(call: ToolCall, lanes: Lanes, before: bool | None) -> bool | None:
    """Whether the world after a call is the recorded one; a call without state tells nothing."""
    if lanes.replayed.leaves_gap:
        return False
    recorded = state_expected(call, lanes)
    result = lanes.replayed.result
    if recorded is None or result is None or result.state_hash is None:
        return before
    return recorded == result.state_hash


def _diverges(call: ToolCall, verdict: CallVerdict) -> bool:
    """Whether the model's world is another one after this call."""
    if verdict.verdict is Verdict.NOT_RUN:
        return call.outcome not in (Outcome.UNFINISHED, Outcome.CANCELLED)
    return verdict.verdict not in _HARMLESS or has_miss(verdict.interaction_changes)
