"""A conversation as a foreign file tells it: what all chat formats have in common.

A format's reader makes one of these from a line; ``building`` turns it into records. Nothing here
knows a format or the database.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from replay.records import Actor, JsonObject, JsonValue

ORPHANS: Final = "answers to no call of the conversation: kept as messages"
"""The note on answers that no call asked for."""


@dataclass
class AskedCall:
    """One tool call that a message asks for."""

    tool: str
    arguments: str
    """The model's raw text where the format keeps it, else the arguments as compact JSON."""
    provider_call_id: str | None = None
    positional: list[JsonValue] | None = None
    free_text: bool = False
    """True: ``arguments`` is text by design, not JSON."""
    fields: JsonObject = field(default_factory=dict)
    """What else the file says of it, verbatim."""


@dataclass
class Answer:
    """One answer to a tool call, as the model was told it."""

    provider_call_id: str | None
    text: str | None
    tool: str | None = None
    is_error: bool | None = None
    """None: the format or the file does not say."""
    actor: Actor | None = None
    """Whose call it answers, where the file says so."""
    fields: JsonObject = field(default_factory=dict)
    """What else the file says of it, verbatim."""


@dataclass
class Reply:
    """What only a model's own message has."""

    output: JsonValue
    """The raw model output, in the shape of the trace's API."""
    usage: JsonObject | None = None
    finish_reason: str | None = None
    response_id: str | None = None
    response_model: str | None = None


@dataclass
class Message:
    """One message of the file, in its place."""

    shown: JsonValue
    """The message as the model saw it; None when the model never did."""
    whole: JsonValue
    """The message as the file has it."""
    reply: Reply | None = None
    """Set for a message that a model wrote."""
    actor: Actor = "assistant"
    """Who asks for ``calls``."""
    calls: list[AskedCall] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    fields: JsonObject = field(default_factory=dict)
    """What the file says of it and the model did not see, verbatim."""
    at: str | None = None
    """When, in UTC ISO 8601, or None."""


@dataclass
class Conversation:
    """One line of a foreign file, understood."""

    source: str
    api: str
    provider: str | None
    messages: list[Message]
    line: JsonObject
    """The line's own fields, verbatim, less what the records hold in fields of theirs."""
    whole: JsonObject
    """The line as it stands in the file."""
    source_id: str | None = None
    model: str | None = None
    prefix: list[JsonValue] = field(default_factory=list)
    """Messages that the model saw first and that are not among the file's ``messages``."""
    tools: list[JsonValue] = field(default_factory=list)
    parameters: JsonObject = field(default_factory=dict)
    app: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    outcome: str | None = None
    start: JsonValue = None
    at: str | None = None
    attributes: JsonObject = field(default_factory=dict)
    """What the exporter of the same format needs besides ``line``."""
    notes: Counter[str] = field(default_factory=Counter)
    """What could not be carried over, in words, counted."""
