"""A model call's request and answer as its provider's API has them: the way back from `exchanges`.

For the three APIs whose bodies are read again on import; the prompt is the whole one, also where
the request was a delta.
"""

from __future__ import annotations

from replay.interchange.told import CHAT, MESSAGES, RESPONSES
from replay.records import JsonObject, JsonValue, ModelCall

_PROMPT: dict[str, str] = {CHAT: "messages", RESPONSES: "input", MESSAGES: "messages"}
_STATUSES = ("completed", "in_progress", "incomplete", "failed", "cancelled", "queued")
_OF_DELTAS = ("previous_response_id", "thread", "conversation")


def request_body(call: ModelCall) -> JsonObject | None:
    """Return the request that would ask what ``call`` asked; None for other APIs."""
    if call.api not in _PROMPT:
        return None
    messages: list[JsonValue] = list(call.messages)
    system: JsonObject = {}
    first = messages[0] if messages else None
    if call.api == MESSAGES and isinstance(first, dict) and first.get("role") == "system":
        system = {"system": first.get("content")}
        messages = messages[1:]
    parameters = {k: v for k, v in call.parameters.items() if k not in _OF_DELTAS}
    tools = {"tools": call.tools} if call.tools else {}
    model = {"model": call.model} if call.model is not None else {}
    return {**model, **system, _PROMPT[call.api]: messages, **tools, **parameters}


def answer_body(call: ModelCall) -> JsonObject | None:
    """Return the answer that ``call`` got; None where it got none, and for other APIs."""
    if call.output is None or call.api not in _PROMPT:
        return None
    model = call.response_model or call.model
    facts: JsonObject = {"id": call.response_id, "model": model, "usage": call.usage}
    shown = {name: value for name, value in facts.items() if value is not None}
    if call.api == CHAT:
        choice = {"index": 0, "message": call.output, "finish_reason": call.finish_reason}
        return {"object": "chat.completion", **shown, "choices": [choice]}
    if call.api == RESPONSES:
        reason = call.finish_reason
        status: JsonObject = {"status": reason} if reason else {}
        if reason not in (None, *_STATUSES):
            status = {"status": "incomplete", "incomplete_details": {"reason": reason}}
        return {"object": "response", **shown, **status, "output": call.output}
    stop = {"stop_reason": call.finish_reason}
    return {"type": "message", "role": "assistant", **shown, **stop, "content": call.output}
