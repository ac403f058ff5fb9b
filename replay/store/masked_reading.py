"""Traces read masked: for what leaves the database, whatever stands in it."""

from __future__ import annotations

from typing import Any

from replay.records import (
    Attempt,
    CallVerdict,
    Feedback,
    Interaction,
    ModelCall,
    Pin,
    ToolCall,
    ToolSchema,
    Trace,
    Transcript,
)
from replay.store.mask_rewriting import masked_trace, plain, records_of
from replay.store.masking import masked_records
from replay.store.redaction import Redaction
from replay.store.store import Store


class MaskedReading:
    """A `Store` whose transcripts and schemas are masked as they are read; the rest is its own."""

    def __init__(self, store: Store, redaction: Redaction) -> None:
        self._store = store
        self.redaction = redaction

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def transcript(self, trace: str, *, prompts: bool = True) -> Transcript:
        """Return a trace masked; what a part of it shows to be secret is so in all of it."""
        return masked_transcript(self._store.transcript(trace, prompts=prompts), self.redaction)

    def verdicts(self, run_id: str, *, trace_id: str | None = None) -> list[CallVerdict]:
        """Return the verdicts of a run masked."""
        stored = [plain(one) for one in self._store.verdicts(run_id, trace_id=trace_id)]
        return [CallVerdict.model_validate(one) for one in masked_records(self.redaction, stored)]

    def tool_schemas(self) -> list[ToolSchema]:
        """Return all schemas masked."""
        stored = [plain(one) for one in self._store.tool_schemas()]
        return [ToolSchema.model_validate(one) for one in masked_records(self.redaction, stored)]


def masked_transcript(transcript: Transcript, redaction: Redaction) -> Transcript:
    """Return a trace masked, which says so; its verdicts are not in it."""
    stored = [plain(record) for record in records_of(transcript, ())]
    (trace, *others), _ = masked_trace(stored, redaction)
    found: dict[str, list[Any]] = {}
    for fields in others:
        kind = fields["kind"]
        found.setdefault("step" if kind in _STEPS else kind, []).append(
            _KINDS[kind].model_validate(fields)
        )
    return Transcript(
        trace=Trace.model_validate(trace),
        steps=found.get("step", []),
        interactions=_by(found.get("interaction", ()), "tool_call_id"),
        attempts=_by(found.get("attempt", ()), "call_id"),
        feedback=found.get("feedback", []),
        pins=found.get("pin", []),
    )


_STEPS = ("model_call", "tool_call")
_KINDS: dict[str, Any] = {
    "model_call": ModelCall,
    "tool_call": ToolCall,
    "interaction": Interaction,
    "attempt": Attempt,
    "feedback": Feedback,
    "pin": Pin,
}


def _by(records: Any, name: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in records:
        found.setdefault(getattr(one, name), []).append(one)
    return found
