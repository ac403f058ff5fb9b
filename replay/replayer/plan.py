"""From a recorded trace to the job that replays it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from replay.records import Interaction, JsonObject, Outcome, ReplayedCall, ToolCall, Transcript
from replay.replayer.jobs import CallOrder, Job, Lane
from replay.store.redaction import is_redacted

_NOT_REPLAYED = {
    Outcome.THROTTLED: "Not replayed: a rate limit ended it when it was recorded, so the tool did "
    "not run, and running it now would change the world.",
    Outcome.CANCELLED: "Not replayed: the application cancelled it while it ran, and nothing tells "
    "how far it had come.",
}
_SENT = (
    "id",
    "tool",
    "tool_version",
    "arguments",
    "positional",
    "actor",
    "call_index",
    "provider_call_id",
    "outcome",
    "response",
    "draws",
)


def tool_calls(transcript: Transcript) -> Iterator[ToolCall]:
    """Return the tool calls of a trace, in order."""
    return (step for step in transcript.steps if isinstance(step, ToolCall))


def job_of(transcript: Transcript, lane: Lane, *, has_baseline: bool = False) -> Job:
    """Return the job that replays a whole trace: its calls in recorded order, all actors'.

    The world's state is shown and hashed after each call only where there is one to compare it
    with: the recorded one, or the old code's of a run with a baseline. It can take longer than
    all else that a call does.
    """
    trace = transcript.trace
    groups: list[list[CallOrder]] = []
    asked_by: str | None = None
    shows_state = has_baseline
    for call in tool_calls(transcript):
        if call.outcome in _NOT_REPLAYED:
            continue
        order = order_of(call, transcript.interactions.get(call.id, []))
        # What one model output asked for runs together; whatever came between parts it.
        if call.model_call_id is not None and call.model_call_id == asked_by:
            groups[-1].append(order)
        else:
            groups.append([order])
        asked_by = call.model_call_id
        shows_state = shows_state or call.state_hash is not None
    for group in groups:
        _share(group, transcript)
    at = epoch_s(trace.started_at)
    return Job(
        lane,
        trace.id,
        trace.start,
        at,
        groups,
        shows_state=shows_state,
        redacts=is_redacted(trace.attributes),
    )


def order_of(call: ToolCall, interactions: list[Interaction]) -> CallOrder:
    """Return one call as a worker needs it."""
    fields: JsonObject = {name: getattr(call, name) for name in _SENT}
    own = [one.exchange for one in interactions if one.bound_by == "call"]
    return CallOrder(fields, epoch_s(call.started_at), own)


def _share(group: list[CallOrder], transcript: Transcript) -> None:
    """Give every call of one model output what was asked by one of them, nobody saw by which."""
    spare = [
        one.exchange
        for order in group
        for one in transcript.interactions.get(order.id, ())
        if one.bound_by == "turn"
    ]
    if spare:
        for order in group:
            order.spare, order.turn_size = spare, len(group)


def not_replayed(transcript: Transcript) -> dict[str, ReplayedCall]:
    """Return, by id, the calls of a trace that are not run again, each with the reason."""
    return {
        call.id: ReplayedCall(tool_call_id=call.id, result=None, note=_NOT_REPLAYED[call.outcome])
        for call in tool_calls(transcript)
        if call.outcome in _NOT_REPLAYED
    }


def epoch_s(started_at: str) -> float:
    """Return a recorded time as UTC epoch seconds; one without a zone is UTC."""
    moment = datetime.fromisoformat(started_at)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
