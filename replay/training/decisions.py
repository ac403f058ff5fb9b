"""Decisions: what a model was shown, and what it chose to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from replay.interchange.shapes import chat_messages, chat_output, chat_tools
from replay.interchange.threads import threads_of
from replay.records import Feedback, JsonObject, ModelCall, ToolCall, Transcript
from replay.training.chat import clean_messages, joined_output

BAD_BELOW = 0.5
"""A score under this is bad: `replay feedback --rating` gives 0 or 1."""


@dataclass
class Decision:
    """One model call as training data sees it: everything as chat messages."""

    trace_id: str
    call: ModelCall
    prompt: list[JsonObject]
    tools: list[JsonObject]
    output: JsonObject | None
    """The model's message; None when it gave none."""
    calls: list[ToolCall]
    """The calls it asked for, in order."""
    feedback: list[Feedback] = field(default_factory=list)
    """What was said of it and its calls."""
    trace_feedback: list[Feedback] = field(default_factory=list)
    """What was said of the whole trace."""

    @property
    def model(self) -> str | None:
        """The model that answered, else the one that was asked; None when nobody said."""
        return self.call.response_model or self.call.model

    @property
    def rating(self) -> bool | None:
        """True: called good; False: called bad or corrected; None: nobody rated it.

        What is said of the decision or its calls counts before what is said of the whole trace; of
        several the last one counts.
        """
        for said in (self.feedback, self.trace_feedback):
            rated = [one for one in said if one.score is not None or one.correction is not None]
            if rated:
                last = rated[-1]
                return last.correction is None and (last.score or 0.0) >= BAD_BELOW
        return None

    @property
    def corrections(self) -> list[Feedback]:
        """The last correction of each step of this decision."""
        by_step = {one.step_number: one for one in self.feedback if one.correction is not None}
        return list(by_step.values())


def decisions_of(transcript: Transcript, lost: Counter[str]) -> list[list[Decision]]:
    """Return the decisions of a trace, one list for each conversation in it, in order.

    ``lost`` counts what chat messages cannot say.
    """
    calls: dict[str, list[ToolCall]] = {}
    for step in transcript.steps:
        if isinstance(step, ToolCall) and step.model_call_id is not None:
            calls.setdefault(step.model_call_id, []).append(step)
    return [
        [_decision(call, calls.get(call.id, []), transcript, lost) for call in thread.calls]
        for thread in threads_of(transcript)
    ]


def _decision(
    call: ModelCall, calls: Iterable[ToolCall], transcript: Transcript, lost: Counter[str]
) -> Decision:
    own = sorted(calls, key=lambda one: one.call_index)
    steps = {call.step_number, *(one.step_number for one in own)}
    said = sorted(transcript.feedback, key=lambda one: one.created_at)
    return Decision(
        transcript.trace.id,
        call,
        clean_messages(chat_messages(call, lost)),
        chat_tools(call, lost),
        joined_output(chat_output(call, lost)),
        own,
        [one for one in said if one.step_number in steps],
        [one for one in said if one.step_number is None],
    )
