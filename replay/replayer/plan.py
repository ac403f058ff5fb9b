"""From a recorded trace to the job that replays it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from replay.records import (
    Interaction,
    JsonObject,
    ModelCall,
    Outcome,
    Policy,
    ReplayedCall,
    ToolCall,
    Transcript,
)
from replay.records.replays import GAP
from replay.records.sensitive import SHAPE_TEXT
from replay.records.traces import START_STATE
from replay.replayer.jobs import CallOrder, Job, Lane, LiveMode
from replay.replayer.policies import Policies
from replay.store import keyed_states
from replay.store.redaction import is_redacted
from replay.verdicts.answers import recorded_response
from replay.verdicts.overlaps import asked_together, epoch_s, overlapping

if TYPE_CHECKING:
    from replay.tools.resolve import Parser

LiveModeOf: TypeAlias = Callable[[ToolCall], LiveMode]
"""Says of a call whether what it asks goes out."""

_NOT_REPLAYED = {
    Outcome.THROTTLED: "Not replayed: a rate limit ended it when it was recorded, so the tool did "
    "not run, and running it now would change the world.",
    Outcome.CANCELLED: "Not replayed: the application cancelled it while it ran, and nothing tells "
    "how far it had come.",
}
_REFUSED = "Not run: its policy is `refuse`."
_SERVED = "Served as recorded: today's {tool} was not run."
_NOTHING_TO_SERVE = (
    "Not run: its policy is `recorded`, and the recording has no answer of this call."
)
_SHAPE_ONLY = (
    "Not replayed: of {tool} only the shape is stored, so there is nothing to run it with, and "
    "nothing to judge its answer by."
)
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
    "draws",
)


def tool_calls(transcript: Transcript) -> Iterator[ToolCall]:
    """Return the tool calls of a trace, in order."""
    return (step for step in transcript.steps if isinstance(step, ToolCall))


def models_of(transcript: Transcript) -> dict[str, str | None]:
    """Return, by the model call's id, the model version that answered, or was asked."""
    return {
        step.id: step.response_model or step.model
        for step in transcript.steps
        if isinstance(step, ModelCall)
    }


def never_live(call: ToolCall) -> LiveMode:
    """Let nothing of any call out."""
    del call
    return ""


def job_of(
    transcript: Transcript,
    lane: Lane,
    *,
    has_baseline: bool = False,
    policies: Policies | None = None,
    live: LiveModeOf = never_live,
    parser: Parser = "",
) -> Job:
    """Return the job that replays a whole trace: its calls as they began, all actors'.

    Calls that `not_replayed` names are left out. What ``live`` says goes out does so.

    The world's state is shown and hashed after each call only where there is one to compare it
    with: the recorded one, or the old code's of a run with a baseline. It can take longer than
    all else that a call does.
    """
    trace = transcript.trace
    policies = policies or Policies()
    shows_state = has_baseline
    models = models_of(transcript)
    before = _states_before(transcript)
    groups: list[list[CallOrder]] = []
    for overlaps in replayed_together(transcript, policies):
        orders: list[CallOrder] = []
        for number, overlap in enumerate(overlaps):
            for call in overlap:
                order = order_of(call, transcript.interactions.get(call.id, []))
                order.live, order.real_clock = live(call), True
                order.call["model"], order.parser = models.get(call.model_call_id or ""), parser
                order.overlap = number
                order.may_leave_gap = _may_leave_gap(call, before[call.id], policies)
                orders.append(order)
                shows_state = shows_state or call.state_hash is not None
        groups.append(orders)
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
        shows_start_state=START_STATE in trace.attributes,
        redacts=is_redacted(trace.attributes),
        keyed_states=_keyed_states(transcript),
    )


def _keyed_states(transcript: Transcript) -> JsonObject | None:
    """Return how states are seen that are hashed with a key; None: as the trace is masked.

    Where none was recorded, lanes are only compared with each other: as they are, which is quicker
    than to mask them, and keyed, as they are stored.
    """
    attributes = transcript.trace.attributes
    if keyed_states.ATTRIBUTE in attributes or not is_redacted(attributes):
        return attributes.get(keyed_states.ATTRIBUTE)
    recorded = [START_STATE in attributes, *(one.state_hash for one in tool_calls(transcript))]
    return None if any(recorded) else {"seen": False, "key": None}


def replayed_together(transcript: Transcript, policies: Policies) -> list[list[list[ToolCall]]]:
    """Return the calls to replay, in groups that were asked for at once, and those by overlap."""
    groups = asked_together(tool_calls(transcript))
    found = [[one for one in group if _why_not_run(one, policies) is None] for group in groups]
    return [overlapping(group) for group in found if group]


def order_of(call: ToolCall, interactions: list[Interaction]) -> CallOrder:
    """Return one call as a worker needs it."""
    fields: JsonObject = {name: getattr(call, name) for name in _SENT}
    fields["response"] = recorded_response(call)
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


def not_replayed(
    transcript: Transcript, policies: Policies | None = None
) -> dict[str, ReplayedCall]:
    """Return, by id, the calls of a trace that are not run again, each with the reason."""
    policies = policies or Policies()
    found: dict[str, ReplayedCall] = {}
    before = _states_before(transcript)
    for call in tool_calls(transcript):
        note = _why_not_run(call, policies)
        if note is not None:
            policy = None if call.outcome in _NOT_REPLAYED else policies.of(call.tool, call.actor)
            gap = policy is not None and _may_leave_gap(call, before[call.id], policies)
            found[call.id] = ReplayedCall(
                tool_call_id=call.id,
                result=None,
                note=f"{note} {GAP}" if gap else note,
                policy=policy,
                leaves_gap=gap,
            )
    return found


def _why_not_run(call: ToolCall, policies: Policies) -> str | None:
    if call.outcome in _NOT_REPLAYED:
        return _NOT_REPLAYED[call.outcome]
    if call.arguments.startswith(SHAPE_TEXT):
        return _SHAPE_ONLY.format(tool=call.tool)
    policy = policies.of(call.tool, call.actor)
    if policy is Policy.REFUSE:
        return _REFUSED
    if policy is Policy.RECORDED:
        has_answer = call.outcome is not Outcome.UNFINISHED
        return _SERVED.format(tool=call.tool) if has_answer else _NOTHING_TO_SERVE
    return None


def _states_before(transcript: Transcript) -> dict[str, str | None]:
    """Return, by call, the recorded state after the call before it; None: nothing tells it."""
    found: dict[str, str | None] = {}
    state: str | None = None
    for call in tool_calls(transcript):
        found[call.id], state = state, call.state_hash
    return found


def _may_leave_gap(call: ToolCall, state_before: str | None, policies: Policies) -> bool:
    """Whether a call that is not run may have changed the world when it was recorded."""
    if state_before is not None and call.state_hash == state_before:
        return False
    return policies.may_change_world(call.tool, call.actor)
