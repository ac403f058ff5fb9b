"""A trace as another tool tells it: model calls, runs of tools, and what was said of them.

A format's reader makes one of these; ``stitching`` turns it into records. What a model call asked
for stands in its output, and what was answered in a later prompt; runs of tools only add to that,
or stand for themselves where no model call is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from replay.records import Actor, CallError, JsonObject, JsonValue, Outcome

CHAT: Final = "chat.completions"
RESPONSES: Final = "responses"
MESSAGES: Final = "messages"
GENERATE: Final = "generate_content"


@dataclass
class ToldModelCall:
    """One question to a model and its answer, as one source tells them."""

    id: str
    """The source's own: of a span, a run, an event."""
    api: str = CHAT
    """Whose shape ``messages``, ``tools`` and ``output`` have."""
    messages: list[JsonValue] = field(default_factory=list)
    output: JsonValue = None
    tools: list[JsonValue] = field(default_factory=list)
    parameters: JsonObject = field(default_factory=dict)
    provider: str | None = None
    model: str | None = None
    response_model: str | None = None
    response_id: str | None = None
    previous_response_id: str | None = None
    is_delta: bool = False
    """True: the server added earlier messages to ``messages``."""
    finish_reason: str | None = None
    usage: JsonObject | None = None
    started_ns: int | None = None
    """Since 1970; None: the source does not say."""
    ended_ns: int | None = None
    first_chunk_ms: float | None = None
    streamed: bool = False
    status_code: int | None = None
    error: CallError | None = None
    parent_id: str | None = None
    plane: str | None = None
    """Which instrumentation tells it."""
    attributes: JsonObject = field(default_factory=dict)
    """What else the source says, verbatim."""


@dataclass
class ToldRun:
    """One run of a tool, as a source tells it."""

    id: str
    tool: str
    arguments: str | None = None
    """None: the source does not say."""
    provider_call_id: str | None = None
    response: str | None = None
    """What came of it, as text; None: the source does not say."""
    is_exact: bool = False
    """True: ``response`` is the tool's own, and what prompts tell is wrapped by the agent."""
    error: CallError | None = None
    started_ns: int | None = None
    ended_ns: int | None = None
    parent_id: str | None = None
    outcome: Outcome | None = None
    """How it ended, where the source knows it in our words: then ``error`` is exact too."""
    actor: Actor = "assistant"
    tool_version: str | None = None
    attributes: JsonObject = field(default_factory=dict)


@dataclass
class Opinion:
    """What somebody says of a trace, or of one step of it."""

    id: str
    about_id: str | None = None
    """The source's id of a model call or a run; None: the whole trace."""
    label: str | None = None
    score: float | None = None
    text: str | None = None
    annotator: str | None = None
    correction: JsonValue = None
    """What should have been called, where the source says so in our words."""
    at_ns: int | None = None


@dataclass
class ToldTrace:
    """One run of an agent, as a source tells it."""

    source: str
    id: str
    model_calls: list[ToldModelCall] = field(default_factory=list)
    runs: list[ToldRun] = field(default_factory=list)
    opinions: list[Opinion] = field(default_factory=list)
    outside: dict[str, list[JsonObject]] = field(default_factory=dict)
    """By a model call's id: what its tools asked of the outside, in our own form."""
    app: str | None = None
    start: JsonValue = None
    """What a world needs to begin as it did; None: `metadata` may have it."""
    labels: dict[str, str] = field(default_factory=dict)
    outcome: str | None = None
    code_version: str | None = None
    started_ns: int | None = None
    ended_ns: int | None = None
    name_of: Callable[[str], str] = str
    """Of a tool, by the name that the model was shown: what the tool itself is called."""
    parents: dict[str, str] = field(default_factory=dict)
    """By the id of every piece, also of those that are neither model call nor run: its parent's."""
    metadata: JsonObject = field(default_factory=dict)
    """What the application said of the run: ``--start`` looks here."""
    notes: Counter[str] = field(default_factory=Counter)
    """What could not be carried over, in words, counted."""
    is_named: bool = False
    """True: opinions that come later may name its pieces, whose ids are kept for them."""
