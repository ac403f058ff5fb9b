"""What an application hears of its agent: a thumb, a score, what should have been done."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from replay.records import Feedback, JsonValue
from replay.store import Store
from replay.store.times import now_text

if TYPE_CHECKING:
    from replay.recorder.trace_book import RecordSink


def keep_feedback(
    store: RecordSink,
    trace_id: str,
    *,
    step_number: int | None,
    call_id: str | None,
    score: float | None,
    label: str | None,
    text: str | None,
    correction: JsonValue,
    annotator: str | None,
) -> str:
    """Append one piece of feedback and return its id.

    Raises:
        ValueError: nothing is said, or a call is named and ``store`` cannot look it up.
        SelectionError: there is no such tool call.
    """
    if score is None and label is None and text is None and correction is None:
        raise ValueError("feedback needs a score, a label, a text or a correction")
    if call_id is not None:
        if not isinstance(store, Store):
            raise ValueError("a call is looked up in a database; name the step_number instead")
        call = store.tool_call(call_id)
        trace_id, step_number = call.trace_id, call.step_number
    said = Feedback(
        id=f"f{secrets.token_hex(8)}",
        trace_id=trace_id,
        step_number=step_number,
        label=label,
        score=score,
        correction=correction,
        text=text,
        annotator=annotator,
        created_at=now_text(),
    )
    store.append(said)
    return said.id
