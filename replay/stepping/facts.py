"""What a condition can look at, at one step."""

from __future__ import annotations

from typing import Final

from replay.records import JsonValue, ModelCall, Outcome, ToolCall
from replay.records.replays import CallVerdict
from replay.records.traces import Interaction
from replay.stepping.conditions import Values, looked_into

FACTS: Final = {
    "step": "the step's number",
    "kind": "'tool' or 'model'",
    "tool": "the tool that was called",
    "version": "the version of the tool that was called",
    "schema": "the hash of the schema that read the arguments",
    "actor": "who called: 'assistant', or another",
    "model": "the model that answered, or that asked for the call",
    "outcome": "how it ended: 'ok', 'failed', ...",
    "duration_ms": "how long it took",
    "arguments": "what the model wrote, looked into as JSON",
    "payload": "the validated arguments; of a recording without them what the model wrote",
    "result": "what the tool returned",
    "response": "what the model was told, looked into as JSON",
    "error": "error.type and error.message of a failed step",
    "outside": "what was asked outside: outside[*].request.uri, outside[*].response.status",
    "output": "what the model said",
    "verdict": "what the newest replay run says: 'same', 'changed', ...",
    "cause": "why it differs today: 'code', 'schema', 'state', ...",
    "approved": "whether the difference was approved",
    "today": "today's call, where it differs: today.response, today.outcome, ...",
    "world": "the world's state after the step; needs the tools",
}
"""The names a condition may use, and what each is."""

OF_ROWS: Final = frozenset(
    ("step", "kind", "tool", "version", "actor", "outcome", "duration_ms", "verdict")
)
"""What a list of steps knows without reading the steps themselves."""


def call_values(call: ToolCall, name: str) -> Values:
    """Return what a tool call has under ``name``."""
    if name in ("arguments", "response"):
        text = getattr(call, name)
        return [] if text is None else [looked_into(text)]
    if name == "error":
        return [] if call.error is None else [call.error.model_dump(mode="json")]
    if name == "result":
        return [call.result]
    if name == "payload":
        return _payload(call)
    simple: dict[str, JsonValue] = {
        "step": call.step_number,
        "kind": "tool",
        "tool": call.tool,
        "version": call.tool_version,
        "schema": call.schema_hash,
        "actor": call.actor,
        "outcome": str(call.outcome),
        "duration_ms": call.duration_ms,
    }
    value = simple.get(name)
    return [] if value is None else [value]


def _payload(call: ToolCall) -> Values:
    if call.payload is not None:
        return [call.payload]
    written = None if call.outcome in _NEVER_VALID else looked_into(call.arguments)
    return [written] if isinstance(written, dict) else []


_NEVER_VALID: Final = (Outcome.BAD_JSON, Outcome.INVALID_ARGUMENTS, Outcome.UNKNOWN_TOOL)


def model_values(call: ModelCall, name: str) -> Values:
    """Return what a model call has under ``name``."""
    if name == "output":
        return [] if call.output is None else [call.output]
    if name == "error":
        return [] if call.error is None else [call.error.model_dump(mode="json")]
    answered = "ok" if call.output is not None else "unfinished"
    simple: dict[str, JsonValue] = {
        "step": call.step_number,
        "kind": "model",
        "model": call.response_model or call.model,
        "outcome": "failed" if call.error is not None else answered,
        "duration_ms": call.duration_ms,
    }
    value = simple.get(name)
    return [] if value is None else [value]


def verdict_values(verdict: CallVerdict, name: str) -> Values:
    """Return what a verdict has under ``name``."""
    if name == "today":
        if verdict.replayed is None:
            return []
        told = verdict.replayed.model_dump(mode="json")
        told["response"] = looked_into(told["response"]) if told.get("response") else None
        return [told]
    simple: dict[str, JsonValue] = {
        "verdict": str(verdict.verdict),
        "cause": None if verdict.cause is None else str(verdict.cause),
        "approved": verdict.approved,
    }
    value = simple.get(name)
    return [] if value is None else [value]


def outside_values(interactions: list[Interaction]) -> Values:
    """Return what was asked outside, as one list."""
    return [[one.exchange for one in interactions]]


class StepFacts:
    """The facts of one step that is at hand whole."""

    def __init__(
        self,
        step: ModelCall | ToolCall,
        *,
        model: str | None = None,
        interactions: list[Interaction] | None = None,
        verdict: CallVerdict | None = None,
        world: Values | None = None,
    ) -> None:
        """``model``: of a tool call the one that asked for it; ``world``: its state after it."""
        self.step = step
        self.model = model
        self.interactions = interactions or []
        self.verdict = verdict
        self.world = world or []

    def values_of(self, name: str) -> Values:
        """Return what ``name`` is here."""
        if name == "world":
            return self.world
        if isinstance(self.step, ModelCall):
            return model_values(self.step, name)
        if name == "model":
            return [] if self.model is None else [self.model]
        if name == "outside":
            return outside_values(self.interactions)
        if name in ("verdict", "cause", "approved", "today"):
            return [] if self.verdict is None else verdict_values(self.verdict, name)
        return call_values(self.step, name)
