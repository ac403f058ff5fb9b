"""A call as somebody who labels it needs it: what was wanted, asked, told, and said of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from replay.records import Feedback
from replay.records.codes import outcome_words
from tui.rows.steps import StepDetail
from tui.views.entries import Entry
from tui.views.feedback_view import feedback_word
from tui.views.json_entries import json_entries
from tui.views.parts import printable


def call_entries(detail: StepDetail, said: Sequence[Feedback]) -> list[Entry]:
    """Return the call: the user's last words, its arguments, its response, its labels."""
    from replay.verdicts.canonical import read_response

    call = detail.call_texts
    assert call is not None
    entries: list[Entry] = []
    asked = _last_words(detail)
    if asked:
        entries += [Entry((("user  ", "user"),), text=asked), _gap()]
    entries.append(
        Entry(((printable(call.tool), "strong"), (f"   {outcome_words(call.outcome)}", "dim")))
    )
    entries += json_entries(read_response(call.arguments).value, label="arguments")
    entries.append(_gap())
    response = read_response(call.response).value
    if isinstance(response, str):
        entries.append(Entry((("response  ", "strong"),), text=response, value=response))
    else:
        entries += json_entries(response, label="response")
    if said:
        entries.append(_gap())
    for one in said:
        note = f"  {one.text}" if one.text else ""
        by = f"  by {one.annotator}" if one.annotator else ""
        entries.append(
            Entry(
                (
                    ("said  ", "dim"),
                    (feedback_word(one), "accent"),
                    (printable(note), ""),
                    (printable(by), "dim"),
                )
            )
        )
    return entries


def _last_words(detail: StepDetail) -> str:
    """Return what a person said last before the call; nothing where no prompt is known."""
    messages = detail.model_call.messages if detail.model_call is not None else []
    for message in reversed(messages):
        if isinstance(message, dict) and message.get("role") == "user":
            text = _text(message.get("content"))
            if text:
                return text
    return ""


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _gap() -> Entry:
    return Entry((("", ""),))
