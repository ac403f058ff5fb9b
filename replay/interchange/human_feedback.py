"""What people said of a trace, as a line of a conversation carries it: ``human_feedback``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from replay.records import Feedback, JsonObject, JsonValue, ModelCall, ToolCall, Transcript

KEY: Final = "human_feedback"
_RATINGS: Final = {1.0: "good", 0.0: "bad"}
_SCORES: Final = {word: score for score, word in _RATINGS.items()}
UNREAD: Final = "pieces of `human_feedback` that say nothing we know: kept with the line"
"""The note on feedback of a file that has no score, label, note or correction."""


def feedback_from(
    said: JsonValue, trace_id: str, steps: Sequence[ModelCall | ToolCall], created_at: str
) -> tuple[list[Feedback], int]:
    """Return what a line's ``human_feedback`` says of its trace, and how many pieces say nothing.

    ``said``: as `human_feedback` writes it: one object or a list of them. ``created_at`` dates
    those that do not say when.
    """
    pieces = said if isinstance(said, list) else [] if said is None else [said]
    found = []
    for number, piece in enumerate(pieces, start=1):
        one = _feedback(piece, steps) if isinstance(piece, dict) else None
        if one is not None:
            at = piece["at"] if isinstance(piece.get("at"), str) else created_at
            found.append(
                Feedback(id=_imported_id(trace_id, number), trace_id=trace_id, created_at=at, **one)
            )
    return found, len(pieces) - len(found)


def _imported_id(trace_id: str, number: int) -> str:
    return f"{trace_id}!{number}"


def _feedback(piece: JsonObject, steps: Sequence[ModelCall | ToolCall]) -> dict[str, Any] | None:
    score = piece.get("score", _SCORES.get(str(piece.get("rating"))))
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    one = {
        "score": float(score) if isinstance(score, int | float) and is_number else None,
        "label": _text(piece.get("label")),
        "text": _text(piece.get("note")),
        "correction": piece.get("correction"),
    }
    if all(value is None for value in one.values()):
        return None
    return {**one, "step_number": _step(piece, steps), "annotator": _text(piece.get("by"))}


def _step(piece: JsonObject, steps: Sequence[ModelCall | ToolCall]) -> int | None:
    """The provider's id is sure to be in the line; a step counts only where it is one of these."""
    name = piece.get("tool_call_id")
    named = [
        step.step_number
        for step in steps
        if isinstance(step, ToolCall) and name is not None and step.provider_call_id == name
    ]
    number = piece.get("step")
    if named:
        return number if number in named else named[0]
    return number if number in [step.step_number for step in steps] else None


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def human_feedback(one: Feedback, call: ToolCall | None) -> JsonObject:
    """Return one piece of feedback without its empty fields.

    ``tool_call_id`` is the provider's, which the messages of the line have too.
    """
    found: JsonObject = {
        "step": one.step_number,
        "tool_call_id": call.provider_call_id if call is not None else None,
        "rating": None if one.score is None else _RATINGS.get(one.score),
        "score": one.score,
        "label": one.label,
        "note": one.text,
        "correction": one.correction,
        "by": one.annotator,
        "at": one.created_at,
    }
    return {name: value for name, value in found.items() if value is not None}


def with_feedback(lines: Sequence[JsonObject], transcript: Transcript) -> list[JsonObject]:
    """Return the conversations of a trace, each with what people said of it or of its calls.

    What names no call, or one that no line has, is said of the last line: the trace's end.
    """
    if not transcript.feedback or not lines:
        return list(lines)
    calls = {step.step_number: step for step in transcript.steps if isinstance(step, ToolCall)}
    said: list[list[JsonObject]] = [[] for _ in lines]
    texts = [json.dumps(line) for line in lines] if len(lines) > 1 else [""]
    carried = {
        _imported_id(transcript.trace.id, number)
        for line in lines
        if isinstance(line.get(KEY), list)
        for number in range(1, len(line[KEY]) + 1)
    }
    for one in transcript.feedback:
        if one.id in carried:
            continue  # an imported line still has it, word for word
        call = calls.get(one.step_number or 0)
        name = json.dumps(call.provider_call_id) if call and call.provider_call_id else None
        holding = [place for place, text in enumerate(texts) if name is not None and name in text]
        said[holding[0] if holding else -1].append(human_feedback(one, call))
    return [
        {**line, KEY: [*line.get(KEY, []), *new]} if new else line
        for line, new in zip(lines, said, strict=True)
    ]
