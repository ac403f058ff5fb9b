"""Which calls were asked for together, and which of them ran at the same time.

One model output, or one dispatch, asks for calls together. Whether they ran together is another
thing: an agent's own loop runs one after the other. Only the recorded times tell, so calls without
them (imports) are taken to have run one by one.

What the world shows after a call that ran beside others is not that call's own doing: it is only
looked at once for all of them, after the last one. Whose doing a difference is shows where each of
them is run alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from replay.records import Lanes, Outcome, ReplayedCall, ToolCall
from replay.verdicts.answers import ending
from replay.verdicts.canonical import Likeness, compare

NEVER_REPLAYED: Final = frozenset({Outcome.THROTTLED, Outcome.CANCELLED})
"""Calls that ended so are not run again."""

_LANES: Final = ("replayed", "baseline", "on_old_state", "on_old_start", "as_read_then")


def asked_together(calls: Iterable[ToolCall]) -> list[list[ToolCall]]:
    """Return ``calls``, which come in step order, in groups that were asked for at once.

    One model output is one group, as far as no other call came between. Where no model call was
    seen, calls are one dispatch whose places count up, or which overlap.
    """
    groups: list[list[ToolCall]] = []
    for call in calls:
        if groups and _belongs(call, groups[-1]):
            groups[-1].append(call)
        else:
            groups.append([call])
    return groups


def overlapping(group: Sequence[ToolCall]) -> list[list[ToolCall]]:
    """Return the calls of one group by their start, those that overlapped together."""
    if len(group) == 1:
        return [list(group)]
    sets: list[list[ToolCall]] = []
    last_end = float("-inf")
    by_offset = all(call.offset_ms is not None for call in group)
    starts = {call.id: _start_ms(call, by_offset=by_offset) for call in group}
    for call in sorted(group, key=lambda one: starts[one.id]):
        start = starts[call.id]
        if start < last_end:
            sets[-1].append(call)
        else:
            sets.append([call])
        last_end = max(last_end, start + _length_ms(call))
    return sets


def states_told_once(
    calls: Sequence[ToolCall],
    lanes: Mapping[str, Lanes],
    worldless: frozenset[tuple[str, str]] = frozenset(),
) -> tuple[list[ToolCall], dict[str, Lanes], list[ToolCall]]:
    """Return calls that overlapped, and their lanes, with one state: at the calls that left it.

    Those are the ones that leave another state when they run alone, where that was tried. Where it
    was not, it is one of them: the one that ended last of those that end otherwise than when they
    were recorded, else of those that answer otherwise, else of all. Returned are the others that
    it may be as well, too.
    ``worldless``: actor and tool of those that are not given the world; it is none of these.

    In each lane the world was shown by whichever call was the last to end there.
    """
    doers, perhaps = _doers(calls, lanes, worldless)
    recorded = next((one for one in _by_end(calls) if one.state_hash is not None), None)
    state_then = None if recorded is None else recorded.state_hash
    told = [
        call.model_copy(update={"state_hash": state_then if call in doers else None})
        for call in calls
    ]
    moved = {call.id: lanes[call.id] for call in calls}
    names = {call.id for call in doers}
    for name in _LANES:
        replayed = {call.id: getattr(lanes[call.id], name) for call in calls}
        shown = [one.result.state_hash for one in replayed.values() if one and one.result]
        state = next((one for one in shown if one is not None), None)
        for call_id, one in replayed.items():
            mine = _with_state(one, state if call_id in names else None)
            if mine is not one:
                moved[call_id] = moved[call_id].model_copy(update={name: mine})
    return told, moved, perhaps


def _doers(
    calls: Sequence[ToolCall],
    lanes: Mapping[str, Lanes],
    worldless: frozenset[tuple[str, str]],
) -> tuple[list[ToolCall], list[ToolCall]]:
    """Return the calls that a state is told of, and those that it may be of as well."""
    alone = [call for call in calls if lanes[call.id].alone_leaves_another_state]
    if alone:
        return alone, []
    suspects = [call for call in calls if (call.actor, call.tool) not in worldless] or list(calls)
    otherwise = [call for call in suspects if _ends_otherwise(call, lanes[call.id])]
    answering = [call for call in suspects if _answers_otherwise(call, lanes[call.id])]
    doer = _by_end(otherwise or answering or suspects)[0]
    return [doer], [] if otherwise else [call for call in suspects if call is not doer]


def _ends_otherwise(call: ToolCall, lanes: Lanes) -> bool:
    result = lanes.replayed.result
    recorded = lanes.replayed.recorded_outcome or call.outcome
    return result is not None and ending(result.outcome) is not ending(recorded)


def _answers_otherwise(call: ToolCall, lanes: Lanes) -> bool:
    result, recorded = lanes.replayed.result, call.response
    if result is None or result.response is None or recorded is None:
        return False
    return compare(recorded, result.response) is Likeness.DIFFERENT


def _with_state(replayed: ReplayedCall | None, state: str | None) -> ReplayedCall | None:
    if replayed is None or replayed.result is None or replayed.result.state_hash == state:
        return replayed
    result = replayed.result.model_copy(update={"state_hash": state})
    return replayed.model_copy(update={"result": result})


def _by_end(calls: Sequence[ToolCall]) -> list[ToolCall]:
    """Return calls, the one that ended last when it was recorded first."""
    by_offset = all(call.offset_ms is not None for call in calls)
    return sorted(
        calls,
        key=lambda one: _start_ms(one, by_offset=by_offset) + _length_ms(one),
        reverse=True,
    )


def _belongs(call: ToolCall, group: list[ToolCall]) -> bool:
    last = group[-1]
    if call.model_call_id is not None or last.model_call_id is not None:
        return call.model_call_id == last.model_call_id
    if call.actor != last.actor:
        return False
    if call.call_index == last.call_index + 1:
        return True
    ends = (_start_ms(one, by_offset=False) + _length_ms(one) for one in group)
    return _start_ms(call, by_offset=False) < max(ends)


def _start_ms(call: ToolCall, *, by_offset: bool) -> float:
    """Return when a call began: from the end of its model call where all of a group know that.

    That is the monotonic clock; the time of day is noted a little later, under a lock.
    """
    if by_offset and call.offset_ms is not None:
        return call.offset_ms
    return epoch_s(call.started_at) * 1000


def _length_ms(call: ToolCall) -> float:
    """Return how long a call took: 0 where nothing is known, for ever where it never ended."""
    if call.duration_ms is not None:
        return call.duration_ms
    was_running = call.outcome is Outcome.UNFINISHED and call.offset_ms is not None
    return float("inf") if was_running else 0.0


def epoch_s(started_at: str) -> float:
    """Return a recorded time as UTC epoch seconds; one without a zone is UTC."""
    moment = datetime.fromisoformat(started_at)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
