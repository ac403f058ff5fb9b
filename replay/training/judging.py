"""Which decisions a model should learn from, and why not the others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from replay.records import JsonObject, JsonValue, Outcome, ToolCall
from replay.records.codes import UNFIT
from replay.records.schema_check import schema_errors
from replay.records.sensitive import SHAPE_TEXT
from replay.training.chat import chat_problem
from replay.training.decisions import Decision
from replay.training.options import Keep


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether a decision is to be learned from."""

    reason: str | None
    """Why not, in words that are counted; None: it is."""
    is_wrong: bool = False
    """True: the model's own mistake, or a person said so. Something else would have been better."""


_GOOD: Final = Ruling(None)


def ruling_on(
    decision: Decision, keep: Keep, outcomes: Mapping[str, Outcome] | None = None
) -> Ruling:
    """Return whether ``decision`` is one to learn from.

    ``outcomes``: how the calls of a replay run ended today, by tool call id; where a call is in it,
    that counts instead of the recorded outcome.
    """
    if decision.output is None:
        return Ruling("no answer was recorded")
    if keep == "all":
        return _GOOD
    problem = chat_problem(decision.prompt)
    if problem is not None:
        return Ruling(f"the prompt has {problem}")
    if any(map(_is_shape_only, (*decision.prompt, decision.output))):
        return Ruling("of a call only the shape is stored")
    if decision.rating is False:
        corrected = bool(decision.corrections)
        return Ruling("corrected by a person" if corrected else "rated bad by a person", True)
    wrong = calls_problem(decision.output, decision.tools)
    if wrong is not None:
        return Ruling(wrong, True)
    if keep == "good" and decision.rating is None:
        return Ruling("not rated by a person")
    ended = [_outcome(call, outcomes or {}) for call in decision.calls]
    if any(outcome in UNFIT for outcome in ended):
        return Ruling("a call was rejected as invalid", True)
    if keep == "ok" and any(outcome not in (Outcome.OK, None) for outcome in ended):
        return Ruling("a call did not end well")
    return _GOOD


def _is_shape_only(message: JsonObject) -> bool:
    """Whether a call in a message is one of which only a hash and the shape are stored."""
    calls = message.get("tool_calls") or ()
    return any(call["function"]["arguments"].startswith(SHAPE_TEXT) for call in calls)


def _outcome(call: ToolCall, outcomes: Mapping[str, Outcome]) -> Outcome | None:
    return outcomes.get(call.id, call.outcome)


def calls_problem(output: JsonObject, tools: list[JsonObject]) -> str | None:
    """Return why the calls of a message do not fit the tools that were shown; None when they do."""
    shown = {tool["function"]["name"]: tool["function"] for tool in tools if "function" in tool}
    for call in output.get("tool_calls") or ():
        function = call["function"]
        if function["name"] not in shown:
            return "a call of a tool that was not shown"
        arguments = parsed(function["arguments"])
        if not isinstance(arguments, dict):
            return "arguments that are no JSON object"
        schema = shown[function["name"]].get("parameters") or {}
        if schema_errors(schema, arguments):
            return "arguments that do not fit the schema shown"
    return None


def parsed(text: str) -> JsonValue:
    """Return the value of a JSON text; None when it is none (NaN and the infinities are not)."""
    try:
        value: Any = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value


def _refuse(word: str) -> None:
    raise ValueError(word)
