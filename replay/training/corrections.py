"""What a person said should have been done, as the message the model should have written."""

from __future__ import annotations

import json
from typing import Final

from replay.records import Feedback, JsonObject
from replay.records.corrections import corrected_call
from replay.training.decisions import Decision
from replay.training.judging import calls_problem

_NO_CALL: Final = "a correction to no call, without the words instead"


def corrected_output(decision: Decision) -> tuple[JsonObject | None, str | None]:
    """Return the message with every correction in it, or None and why there is none, in words.

    A correction of a tool call replaces that call; one of the model call replaces its only call, or
    becomes one where the model only wrote text. A text is what should have been written instead.
    """
    message: JsonObject = dict(decision.output or {"role": "assistant", "content": None})
    for one in decision.corrections:
        changed = _with(message, decision, one)
        if changed is None:
            says_no_call = corrected_call(one.correction, "") == (None, None)
            return None, _NO_CALL if says_no_call else "a correction that names no call of several"
        message = changed
    if message == decision.output:
        return None, "a correction that says what the model did"
    problem = calls_problem(message, decision.tools)
    return (None, f"a correction with {problem}") if problem else (message, None)


def _with(message: JsonObject, decision: Decision, said: Feedback) -> JsonObject | None:
    correction = said.correction
    if isinstance(correction, str):
        return {"role": "assistant", "content": correction}
    calls = list(message.get("tool_calls") or ())
    place = next(
        (
            index
            for index, call in enumerate(decision.calls)
            if call.step_number == said.step_number
        ),
        0 if len(calls) <= 1 else None,
    )
    if place is None or not isinstance(correction, dict) or place > len(calls):
        return None
    before = calls[place] if place < len(calls) else None
    call = _call(correction, before, decision)
    if call is None:
        return None
    calls[place : place + 1] = [call]
    return {**message, "content": message.get("content") or None, "tool_calls": calls}


def _call(
    correction: JsonObject, before: JsonObject | None, decision: Decision
) -> JsonObject | None:
    called = corrected_call(correction, before["function"]["name"] if before else None)
    if called is None or called[0] is None:
        return None
    tool, arguments = called[0], called[1] or {}
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    name = before["id"] if before else f"call_{decision.call.step_number}_0"
    return {"id": name, "type": "function", "function": {"name": tool, "arguments": text}}
