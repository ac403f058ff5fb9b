"""The formats of training data: each makes examples of a conversation's decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from replay.records import JsonObject, Outcome
from replay.training.decisions import Decision
from replay.training.judging import Ruling


@dataclass(frozen=True, slots=True)
class Example:
    """One line of training data."""

    line: JsonObject
    trace_id: str
    step_number: int
    """The step of the decision that it teaches; of a conversation, the last one."""
    digest: bytes
    """Equal for examples that say the same."""
    tools: tuple[str, ...]
    """The tools that it teaches to call, sorted; empty: to answer in words."""
    model: str | None
    source: str = "recorded"
    """Where the wanted behaviour comes from: ``recorded``, ``correction``, ``retry``, ..."""


@dataclass
class Context:
    """What a format may need besides the conversation."""

    left_out: Counter[str] = field(default_factory=Counter)
    """Why decisions did not become examples."""
    better: dict[bytes, list[JsonObject]] = field(default_factory=dict)
    """Good answers to prompts that got a wrong one elsewhere, by the prompt's digest."""
    labels: dict[str, str] = field(default_factory=dict)
    """The trace's labels."""
    outcomes: dict[str, Outcome | None] = field(default_factory=dict)
    """How the calls ended in the replay run that judges them, by tool call id."""
    translated: dict[str, JsonObject] = field(default_factory=dict)
    """Calls that today's tools read by a translation, by id: ``arguments`` and ``definition``."""


Conversation: TypeAlias = Sequence[tuple[Decision, Ruling]]
Maker: TypeAlias = Callable[[Conversation, Context], Iterator[Example]]


def _tuples(conversation: Conversation, context: Context) -> Iterator[Example]:
    from replay.training.tuples import tuples

    return tuples(conversation, context)


def _openai_sft(conversation: Conversation, context: Context) -> Iterator[Example]:
    from replay.training.conversations import openai_conversations

    return openai_conversations(conversation, context)


def _anthropic(conversation: Conversation, context: Context) -> Iterator[Example]:
    from replay.training.conversations import anthropic_conversations

    return anthropic_conversations(conversation, context)


def _toolformer(conversation: Conversation, context: Context) -> Iterator[Example]:
    from replay.training.toolformer import inline_texts

    return inline_texts(conversation, context)


def _dpo(conversation: Conversation, context: Context) -> Iterator[Example]:
    from replay.training.preferences import preference_pairs

    return preference_pairs(conversation, context)


TRAINING_FORMATS: Final[dict[str, Maker]] = {
    "tuples": _tuples,
    "openai-sft": _openai_sft,
    "anthropic": _anthropic,
    "dpo": _dpo,
    "toolformer": _toolformer,
}
"""By the name that the command line knows them by."""
