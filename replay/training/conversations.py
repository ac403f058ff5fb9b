"""Whole conversations to learn from, as OpenAI's and Anthropic's fine-tuning take them.

A conversation ends before the first mistake: what comes after was said in answer to it. Decisions
that are no mistake and yet not to be learned have weight 0: they are read, not learned. So has what
was there before the recording began. A correction is a conversation of its own, in which only the
last message has weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import dropwhile

from replay.interchange.shapes import anthropic_messages, anthropic_tools
from replay.records import JsonObject
from replay.training.chat import with_own_ids
from replay.training.corrections import corrected_output
from replay.training.decisions import Decision
from replay.training.formats import Context, Conversation, Example
from replay.training.identity import digest, normal


def openai_conversations(conversation: Conversation, context: Context) -> Iterator[Example]:
    """Yield ``{"messages": [...], "tools": [...]}`` with weights, for supervised fine-tuning."""
    for taught in _taught(conversation, context):
        line: JsonObject = {"messages": with_own_ids(taught.weighted())}
        if taught.last.tools:
            line["tools"] = taught.last.tools
        yield taught.example(line)


def anthropic_conversations(conversation: Conversation, context: Context) -> Iterator[Example]:
    """Yield ``{"system", "messages", "tools"}`` for each; the last message is the model's.

    The format knows no weights: only the last answer of a line is sure to be one to learn. It wants
    people to begin, so what an agent says before anybody else (a greeting) is left out.
    """
    for taught in _taught(conversation, context):
        whole = with_own_ids([*taught.last.prompt, taught.output])
        system, messages = anthropic_messages(whole)
        messages = list(dropwhile(lambda message: message["role"] == "assistant", messages))
        if not messages:
            context.left_out["a greeting that nobody asked for"] += 1
            continue
        line: JsonObject = {"messages": messages}
        if system:
            line = {"system": system, **line}
        tools = anthropic_tools(taught.last.tools)
        yield taught.example({**line, "tools": tools} if tools else line)


class Taught:
    """A conversation up to an answer, and which of its answers are to be learned."""

    def __init__(
        self, learned: Sequence[Decision], last: Decision, output: JsonObject, source: str
    ) -> None:
        """``learned``: earlier decisions with weight; ``output``: the last message."""
        self.learned = learned
        self.last = last
        self.output = output
        self.source = source

    def weighted(self) -> list[JsonObject]:
        """Return all messages; answers that are only read have weight 0."""
        counts = [len(one.prompt) for one in self.learned]
        return [
            {**message, "weight": int(place in counts)}
            if message["role"] == "assistant"
            else message
            for place, message in enumerate(self.last.prompt)
        ] + [{**self.output, "weight": 1}]

    def example(self, line: JsonObject) -> Example:
        """Return the example with this line."""
        outputs = [one.output or {} for one in self.learned] + [self.output]
        names = {
            call["function"]["name"] for one in outputs for call in one.get("tool_calls") or ()
        }
        return Example(
            line,
            self.last.trace_id,
            self.last.call.step_number,
            digest(normal([*self.last.prompt, self.output]), self.last.tools),
            tuple(sorted(names)),
            self.last.model,
            self.source,
        )


def _taught(conversation: Conversation, context: Context) -> Iterator[Taught]:
    learned: list[Decision] = []
    for place, (decision, ruling) in enumerate(conversation):
        if ruling.reason is None:
            learned.append(decision)
            continue
        context.left_out[ruling.reason] += 1
        if ruling.is_wrong:
            if after := len(conversation) - place - 1:
                context.left_out["came after a mistake"] += after
            yield from _correction(decision, context)
            break
    if learned:
        *earlier, last = learned
        assert last.output is not None
        yield Taught(earlier, last, last.output, "recorded")


def _correction(decision: Decision, context: Context) -> Iterator[Taught]:
    if not decision.corrections:
        return
    output, problem = corrected_output(decision)
    if output is None:
        context.left_out[str(problem)] += 1
    else:
        yield Taught([], decision, output, "correction")


def conversations_to_learn(conversation: Conversation, context: Context) -> Iterator[Taught]:
    """Yield what a conversation teaches: at most itself, and its first correction."""
    return _taught(conversation, context)
