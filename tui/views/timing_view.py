"""The tab that says how long a step took, and where in it the time went."""

from __future__ import annotations

from typing import Final

from replay.records import Attempt, ModelCall, ToolCall
from replay.records.codes import matched_words, outcome_words
from tui.rows.details import StepDetail
from tui.views.entries import Entry
from tui.views.json_entries import json_entries
from tui.views.parts import Part, lasted, printable

_BAR_WIDTH: Final = 24
_NAME_WIDTH: Final = 16


def timing_view(detail: StepDetail) -> list[Entry]:
    """Return how long each part took, the tries, and the step's other facts."""
    call = detail.call_texts or detail.answer
    assert call is not None
    facts: list[tuple[str, object]] = [("started", call.started_at), ("id", call.id)]
    entries: list[Entry] = []
    if detail.call_texts is not None:
        facts += _tool_facts(detail.call_texts)
        entries = _components(detail, detail.call_texts)
    elif detail.answer is not None:
        facts += _model_facts(detail.answer)
        if detail.answer.usage:
            entries = json_entries(detail.answer.usage, label="usage")
    lasted_for = _fact("duration", lasted(call.duration_ms) or "not known")
    shown = [_fact(name, value) for name, value in facts if value not in (None, "")]
    tries = [_attempt(attempt) for attempt in detail.attempts]
    parts = [[lasted_for], entries, tries, shown]
    return [entry for part in parts if part for entry in (*part, _gap())][:-1]


def _model_facts(call: ModelCall) -> list[tuple[str, object]]:
    return [
        ("first chunk", lasted(call.first_chunk_ms)),
        ("api", call.api),
        ("model asked", call.model),
        ("model answered", call.response_model),
        ("finish", call.finish_reason),
        ("status", call.status_code),
        ("request id", call.request_id),
    ]


def _tool_facts(call: ToolCall) -> list[tuple[str, object]]:
    return [
        ("after the model", lasted(call.offset_ms)),
        ("actor", call.actor),
        ("tool version", call.tool_version),
        ("provider's id", call.provider_call_id),
        ("matched by", matched_words(call.bound_by)),
    ]


def _components(detail: StepDetail, call: ToolCall) -> list[Entry]:
    """Return how long each component took, as the metrics count them, with its stages."""
    from replay.metrics.components import COMPONENTS, OF_STAGE, network_ms

    took: dict[str, float] = {}
    stages: dict[str, list[str]] = {}
    for stage in call.stages:
        component = OF_STAGE.get(stage.stage)
        if component is None:  # a stage of a newer version: as the metrics, without it
            continue
        took[component] = took.get(component, 0.0) + stage.duration_us / 1000
        stages.setdefault(component, []).append(str(stage.stage))
    if not any(took.values()):
        return []
    asked = [one.exchange for one in detail.interactions] if detail.interaction_count else []
    waited = network_ms(asked)
    if waited is not None:
        took["network"] = waited
        took["tool"] = max(0.0, took.get("tool", 0.0) - waited)
    total = sum(took.values())
    entries = [_heading("where the time went")]
    for component in sorted(took, key=COMPONENTS.index):
        parts: tuple[Part, ...] = (
            (f"{component:<10}", "key"),
            (f"{lasted(took[component]):>8}  ", "number"),
            ("█" * round(_BAR_WIDTH * took[component] / total) + "  ", "accent"),
            (", ".join(stages.get(component, ())), "dim"),
        )
        entries.append(Entry(parts, 1, value={component: took[component]}))
    return entries


def _attempt(attempt: Attempt) -> Entry:
    status = f"status {attempt.status_code}" if attempt.status_code is not None else ""
    parts = [
        outcome_words(attempt.outcome) if attempt.outcome else "no end recorded",
        status,
        lasted(attempt.duration_ms),
    ]
    error = attempt.error
    why = "" if error is None else f"   {printable(f'{error.type}: {error.message}')}"
    said = "  ".join(part for part in parts if part)
    head = ((f"try {attempt.attempt_number}  ", "strong"), (said, ""), (why, "warn"))
    return Entry(head, value=attempt.model_dump(mode="json"))


def _fact(name: str, value: object) -> Entry:
    return Entry(((f"{name:<{_NAME_WIDTH}}", "dim"), (printable(str(value)), "")), value=value)


def _heading(words: str) -> Entry:
    return Entry(((words, "strong"),))


def _gap() -> Entry:
    return Entry((("", ""),))
