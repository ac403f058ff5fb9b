"""Which answer belongs to which call.

A provider's call id is no key: real ones repeat within one conversation, for different calls. So
the k-th answer with an id goes to the k-th call with that id.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from replay.interchange.conversation import Answer, Conversation
from replay.records import Actor


@dataclass(frozen=True)
class CallPlace:
    """Where a call is asked for: message and position in it, from 0."""

    message_index: int
    call_index: int


@dataclass(frozen=True)
class BoundAnswer:
    """An answer that has found its call."""

    message_index: int
    answer: Answer
    bound_by: str
    """``provider_call_id`` or ``position``."""


@dataclass
class _OpenCall:
    place: CallPlace
    provider_call_id: str | None
    tool: str
    actor: Actor


def bind_answers(conversation: Conversation) -> dict[CallPlace, BoundAnswer]:
    """Return the answer of every call that has one."""
    scarce = _ids_with_missing_answers(conversation)
    bound: dict[CallPlace, BoundAnswer] = {}
    unanswered: list[_OpenCall] = []
    for message_index, message in enumerate(conversation.messages):
        for answer in message.answers:
            call = _call_of(answer, unanswered, nearest=answer.provider_call_id in scarce)
            if call is not None:
                unanswered.remove(call)
                by = "position" if answer.provider_call_id is None else "provider_call_id"
                bound[call.place] = BoundAnswer(message_index, answer, by)
        for call_index, asked in enumerate(message.calls):
            place = CallPlace(message_index, call_index)
            unanswered.append(_OpenCall(place, asked.provider_call_id, asked.tool, message.actor))
    return bound


def _ids_with_missing_answers(conversation: Conversation) -> set[str | None]:
    """Ids with fewer answers than calls: there, counting from the front would shift them all."""
    calls: Counter[str | None] = Counter()
    answers: Counter[str | None] = Counter()
    for message in conversation.messages:
        calls.update(asked.provider_call_id for asked in message.calls)
        answers.update(answer.provider_call_id for answer in message.answers)
    return {call_id for call_id, count in calls.items() if answers[call_id] < count}


def _call_of(answer: Answer, unanswered: list[_OpenCall], *, nearest: bool) -> _OpenCall | None:
    fitting = [call for call in unanswered if _fits(answer, call)]
    if not fitting:
        fitting = [call for call in unanswered if call.provider_call_id is None]
    if not fitting or answer.actor not in (None, fitting[0].actor):
        return None
    if answer.provider_call_id is None and answer.tool is not None:
        fitting = [call for call in fitting if call.tool == answer.tool] or fitting
    if nearest:
        last = fitting[-1].place.message_index
        fitting = [call for call in fitting if call.place.message_index == last]
    return fitting[0]


def _fits(answer: Answer, call: _OpenCall) -> bool:
    if answer.actor is not None and answer.actor != call.actor:
        return False
    return answer.provider_call_id is None or answer.provider_call_id == call.provider_call_id
