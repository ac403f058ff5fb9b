"""What is recorded of an agent: traces, their steps, and what the steps asked outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import ConfigDict, Field

from replay.records.base import JsonObject, JsonValue, Record
from replay.records.codes import Actor, Outcome, Stage


class CallError(Record):
    """An error as it happened: its class, its words, and the stage it ended."""

    type: str
    """Class name with its module when not builtin, e.g. ``ValueError``, ``httpx.ConnectError``."""
    message: str
    stage: Stage | None = None
    details: JsonValue = None
    """Structured details, e.g. pydantic's error list (``loc``, ``type``, ``msg``) or None."""
    traceback: str | None = None
    """The formatted traceback of the tool's own frames, or None when not kept."""


@dataclass(slots=True)
class StageTiming:
    """How long one stage of a call took.

    A dataclass, not a model: a call makes five or more of them, and this is four times as fast.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    stage: Stage
    duration_us: float
    """Microseconds of wall time."""


class Trace(Record):
    """One recorded agent run. Its steps are model calls and tool calls, numbered from 1."""

    kind: Literal["trace"] = "trace"
    id: str
    app: str | None = None
    """The application or agent that was recorded, as the user named it."""
    started_at: str
    """UTC, ISO 8601 with microseconds: ``2026-11-21T09:00:00.000000Z``."""
    ended_at: str | None = None
    """None while it runs, or when its process died."""
    outcome: str | None = None
    """How the run as a whole ended, in the application's words; None when nobody said."""
    start: JsonValue = None
    """What a world needs to be made as it was: the argument of the toolbox's world factory."""
    labels: dict[str, str] = Field(default_factory=dict)
    source: str = "recorded"
    """``recorded``, or the format it was imported from, e.g. ``openai-chat``."""
    code_version: str | None = None
    """The application's version when recorded (git commit), or None."""
    attributes: JsonObject = Field(default_factory=dict)
    """Facts of the source that have no field here, kept verbatim so that export gives them back."""


class Attempt(Record):
    """One try of a model call or tool call that was retried."""

    kind: Literal["attempt"] = "attempt"
    id: str
    call_id: str
    """The model call or tool call this is a try of."""
    attempt_number: int
    """From 1."""
    started_at: str
    duration_ms: float | None = None
    outcome: Outcome | None = None
    status_code: int | None = None
    """HTTP status of a model call's try, or None."""
    error: CallError | None = None


class ModelCall(Record):
    """One question to a model and its raw answer."""

    kind: Literal["model_call"] = "model_call"
    id: str
    trace_id: str
    step_number: int
    provider: str | None = None
    """``openai``, ``anthropic``, ... as in OpenTelemetry's ``gen_ai.provider.name``."""
    api: str
    """``chat.completions``, ``responses``, ``messages``, ``generate_content`` (Google's),
    ``converse`` (Bedrock's) or ``imported``."""
    model: str | None = None
    """The model asked for."""
    response_model: str | None = None
    """The model version that answered, or None when it did not say."""
    messages: list[JsonValue] = Field(default_factory=list)
    """The *effective* prompt: every message the model saw, also where the request was a delta."""
    tools: list[JsonValue] = Field(default_factory=list)
    """The *effective* toolset: every tool definition the model saw, in order."""
    parameters: JsonObject = Field(default_factory=dict)
    """The rest of the request body (temperature, tool_choice, ...)."""
    request_mode: Literal["full", "delta"] = "full"
    """``delta``: the request named an earlier response instead of repeating the prompt."""
    previous_response_id: str | None = None
    output: JsonValue = None
    """The raw model output: the assistant message (chat, converse), the output items (responses),
    the content blocks (messages), or the content (generate_content). None when the call failed or
    never ended."""
    finish_reason: str | None = None
    usage: JsonObject | None = None
    response_id: str | None = None
    """The provider's id of the answer: an attribute, never a key."""
    request_id: str | None = None
    """The provider's request id header, or None."""
    streamed: bool = False
    stream: str | None = None
    """The raw server-sent events when asked to keep them, else None."""
    started_at: str
    duration_ms: float | None = None
    """None: the call never ended, or the source (an imported file) did not say."""
    first_chunk_ms: float | None = None
    """Time to the first streamed chunk; None when not streamed."""
    status_code: int | None = None
    error: CallError | None = None
    attributes: JsonObject = Field(default_factory=dict)


class ToolCall(Record):
    """One call of a tool. Raw arguments, payload, raw result and response are separate facts."""

    kind: Literal["tool_call"] = "tool_call"
    id: str
    """Ours (the ``request_id`` and idempotency key): unique in the database."""
    trace_id: str
    step_number: int
    model_call_id: str | None = None
    """The model call that asked for it; None when another actor did or the asking was not seen."""
    call_index: int = 0
    """Position among the calls of that model output, or of its dispatch, from 0."""
    provider_call_id: str | None = None
    """The provider's tool-call id: an attribute, never a key (real ones repeat)."""
    actor: Actor = "assistant"
    tool: str
    tool_version: str | None = None
    schema_hash: str | None = None
    """Identity of the ToolSchema that validated it, or None."""
    arguments: str
    """The model's raw text, byte for byte."""
    positional: list[JsonValue] | None = None
    """Positional arguments, for sources that have them; None for every model provider."""
    payload: JsonValue = None
    """The validated arguments as the tool got them, as JSON; None when validation never passed."""
    result: JsonValue = None
    """What the tool returned, as JSON; None also when it never returned (see outcome)."""
    response: str | None = None
    """What the model was finally told; None when nothing was."""
    outcome: Outcome = Outcome.UNFINISHED
    error: CallError | None = None
    stages: list[StageTiming] = Field(default_factory=list)
    started_at: str
    offset_ms: float | None = None
    """Start, in milliseconds from the end of the model call that asked for it."""
    duration_ms: float | None = None
    """None: it never ended, or the source did not say."""
    state_hash: str | None = None
    """Digest of the world's state after the call, where the world shows its state. What calls that
    overlap it have done by then is in it."""
    draws: JsonObject | None = None
    """Random draws made in the tool, by the site in its code: ``{"uuid": text}`` with its value,
    ``{"size": bytes}`` without. None: the recording does not say."""
    bound_by: str | None = None
    """How it was bound to its model call: ``dispatch``, ``provider_call_id``, ``arguments``, ..."""
    attributes: JsonObject = Field(default_factory=dict)


class Interaction(Record):
    """One question to the outside world made inside a tool call, and its answer.

    Of tools that were not seen to run it is only known that it was asked between the model's output
    and its next prompt: ``bound_by`` says ``turn`` then, and any call of that output may ask it.
    """

    kind: Literal["interaction"] = "interaction"
    id: str
    tool_call_id: str
    interaction_index: int
    """From 0, by the start of the request."""
    protocol: Literal["http", "external"] = "http"
    bound_by: Literal["call", "turn"] = "call"
    exchange: JsonObject
    """The cassette layer's own form of the exchange (`cassettes.Interaction.to_json`)."""


class ToolSchema(Record):
    """A tool's schema as shown to a model or as used to validate; content-addressed."""

    kind: Literal["tool_schema"] = "tool_schema"
    id: str
    """Content hash."""
    tool: str
    tool_version: str | None = None
    dialect: str
    """As in `replay.records.definitions`: ``openai``, ``anthropic``, ..., ``pydantic``."""
    definition: JsonValue
    strict: bool | None = None
    """Validators only: whether pydantic's strict mode judges. None: shown, or not known."""
    validation: str | None = None
    """Validators only: ``gate`` (what does not fit is not run) or ``report``."""
    sensitive: list[str] | None = None
    """Validators only: places that the tool marks, as ``arguments.customer.email=email``."""
    stored: str | None = None
    """Validators only: ``shape`` where nothing else of its calls is stored."""
    first_seen_at: str | None = None
    last_seen_at: str | None = None
    """The last model call that showed it, or tool call that it validated."""


class Feedback(Record):
    """What a person, or a program in their place, says of a trace or one of its steps."""

    kind: Literal["feedback"] = "feedback"
    id: str
    trace_id: str
    step_number: int | None = None
    """None: about the whole trace."""
    label: str | None = None
    score: float | None = None
    correction: JsonValue = None
    """What should have been called: ``{"tool": ..., "arguments": {...}}``, or None."""
    text: str | None = None
    annotator: str | None = None
    created_at: str


class Pin(Record):
    """A trace, or one step of it, that is to be replayed as a regression case."""

    kind: Literal["pin"] = "pin"
    id: str
    """The same for the same place: pinning again replaces (`pin_id`)."""
    trace_id: str
    step_number: int | None = None
    """None: the whole trace."""
    note: str | None = None
    pinned_by: str | None = None
    pinned_at: str


def pin_id(trace_id: str, step_number: int | None) -> str:
    """Return the id of the pin of a trace, or of one step of it."""
    return f"{trace_id}/{'' if step_number is None else step_number}"


class CallResult(Record):
    """How one pass of a tool call's life went: the same in production and in replay."""

    outcome: Outcome
    tool: str
    """The tool that ran; the model's word for it where there is none."""
    tool_version: str | None = None
    schema_hash: str | None = None
    payload: JsonValue = None
    result: JsonValue = None
    response: str | None = None
    error: CallError | None = None
    stages: list[StageTiming] = Field(default_factory=list)
    state_hash: str | None = None
    duration_ms: float | None = None
    notes: list[str] = Field(default_factory=list)
    """What a reader should know: schema and execution disagree, stdout was written, ..."""
    translation: list[str] = Field(default_factory=list)
    """The versions that the arguments were carried along, first and last included: ``["1", "2"]``,
    with the tool before each where its name changed. Empty: they were not translated."""
    dropped: list[str] = Field(default_factory=list)
    """Fields of the old arguments that the translation lacks on purpose (``drops=``)."""
    schema_errors: list[JsonObject] = Field(default_factory=list)
    """Where the arguments do not fit the tool's schema (pydantic's form), also when it was run."""


START_STATE = "start_state"
"""The attribute of a trace with the digest of its world's state before its first call."""

NO_TRANSLATION = "there is no translation between the two."
"""Ends the note on a call of another version whose arguments were read as they are."""

STATE_NOT_SHOWN = "The state cannot be shown"
"""How the note of a call begins after which ``@toolbox.state`` raised."""


class Transcript(Record):
    """A whole trace in order: what the replayer takes and `replay show` prints."""

    trace: Trace
    steps: list[ModelCall | ToolCall]
    """Ordered by step_number."""
    interactions: dict[str, list[Interaction]] = Field(default_factory=dict)
    """By tool call id, in order."""
    attempts: dict[str, list[Attempt]] = Field(default_factory=dict)
    """By call id, in order; only calls that were retried."""
    feedback: list[Feedback] = Field(default_factory=list)
    pins: list[Pin] = Field(default_factory=list)
    """The trace's own first, then by step."""
