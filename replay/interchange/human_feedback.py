"""What people said of a trace, as a line of a conversation carries it: ``human_feedback``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from replay.records import Feedback, JsonObject, ToolCall, Transcript

KEY: Final = "human_feedback"
_RATINGS: Final = {1.0: "good", 0.0: "bad"}


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
    for one in transcript.feedback:
        call = calls.get(one.step_number or 0)
        name = json.dumps(call.provider_call_id) if call and call.provider_call_id else None
        holding = [place for place, text in enumerate(texts) if name is not None and name in text]
        said[holding[0] if holding else -1].append(human_feedback(one, call))
    return [
        {**line, KEY: [*line.get(KEY, []), *new]} if new else line
        for line, new in zip(lines, said, strict=True)
    ]
