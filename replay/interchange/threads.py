"""A trace as conversations: its model calls sorted into threads that continue one another.

A recorded agent may compact its history, or run a second agent inside the first; then a trace is
more than one conversation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from replay.interchange.shapes import chat_messages, chat_output
from replay.records import JsonObject, JsonValue, ModelCall, ToolCall, Transcript


@dataclass
class Thread:
    """One conversation of a trace, as chat messages."""

    messages: list[JsonObject]
    last: ModelCall
    calls: list[ModelCall] = field(default_factory=list)

    @property
    def tools(self) -> list[JsonValue]:
        """The toolset of its last model call."""
        return self.last.tools


def threads_of(transcript: Transcript) -> list[Thread]:
    """Return the conversations of ``transcript``, by their first model call.

    Each has all messages of its last prompt, the last answer, and what its tools answered to it.
    """
    threads: list[Thread] = []
    answers = _answers(transcript)
    for step in transcript.steps:
        if isinstance(step, ModelCall):
            prompt = chat_messages(step)
            thread = next((one for one in threads if _continues(prompt, one.messages)), None)
            if thread is None:
                thread = Thread([], step)
                threads.append(thread)
            thread.messages = prompt + chat_output(step)
            thread.last = step
            thread.calls.append(step)
    for thread in threads:
        thread.messages += answers.get(thread.last.id, [])
    return threads


def _continues(prompt: list[JsonObject], earlier: list[JsonObject]) -> bool:
    """The prompt repeats the conversation up to, and perhaps with, the last answer."""
    if len(prompt) >= len(earlier) and prompt[: len(earlier)] == earlier:
        return True
    before = len(earlier) - 1
    return len(prompt) > before and prompt[:before] == earlier[:before]


def _answers(transcript: Transcript) -> dict[str, list[JsonObject]]:
    """What the tools answered, as chat messages, by model call."""
    found: dict[str, list[JsonObject]] = {}
    for step in transcript.steps:
        if isinstance(step, ToolCall) and step.model_call_id and step.response is not None:
            answer: JsonObject = {"role": "tool", "content": step.response}
            if step.provider_call_id is not None:
                answer["tool_call_id"] = step.provider_call_id
            found.setdefault(step.model_call_id, []).append(answer)
    return found
