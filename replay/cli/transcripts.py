"""A trace as text: an overview of its steps, or one step with everything that is known of it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import Any, Final

from replay.records import (
    Attempt,
    Feedback,
    Interaction,
    JsonObject,
    JsonValue,
    ModelCall,
    Pin,
    ToolCall,
    ToolSchema,
    Transcript,
)
from replay.records.blocks import as_blocks
from replay.records.codes import matched_words, outcome_words
from replay.report.ink import count, cut, plain

INDENT = "    "
_RATINGS: Final = {1.0: "good", 0.0: "bad"}
OVERVIEW_LINES_MAX = 3
"""How much of a text the overview shows; ``--step`` shows all of it."""


def transcript_lines(transcript: Transcript, *, width: int) -> list[str]:
    """Return the overview: the trace's own line, then each step in a few lines."""
    lines = [*_head(transcript, width), ""]
    seen = 0
    for step in transcript.steps:
        if isinstance(step, ModelCall):
            lines += _said_before(step, seen, width)
            seen = len(step.messages)
        lines += _overview(step, transcript, width)
    lines += feedback_lines(transcript.feedback, width=width)
    return lines + pin_lines(transcript.pins, width=width)


def some_step_lines(
    transcript: Transcript, steps: Sequence[ModelCall | ToolCall], *, width: int
) -> list[str]:
    """Return the trace's own line, and these of its steps in a few lines each."""
    lines = [*_head(transcript, width), ""]
    for step in steps:
        lines += _overview(step, transcript, width)
    return lines


def _overview(step: ModelCall | ToolCall, transcript: Transcript, width: int) -> list[str]:
    tries = _tries(step, transcript)
    if isinstance(step, ModelCall):
        return _model_overview(step, _called_by(step, transcript), tries, width)
    return _tool_overview(step, transcript.interactions.get(step.id, []), tries, width)


def step_lines(
    transcript: Transcript,
    step: ModelCall | ToolCall,
    *,
    width: int,
    schema: ToolSchema | None = None,
) -> list[str]:
    """Return all that is known of one step, nothing cut; ``schema`` is what validated it."""
    attempts = _attempt_lines(transcript.attempts.get(step.id, []), width)
    said = [one for one in transcript.feedback if one.step_number == step.step_number]
    feedback = feedback_lines(said, width=width)
    pins = [one for one in transcript.pins if one.step_number == step.step_number]
    feedback += pin_lines(pins, width=width)
    if isinstance(step, ModelCall):
        return _model_in_full(step, attempts, width) + feedback
    lines = _tool_in_full(step, transcript.interactions.get(step.id, []), attempts, width)
    if schema is not None:
        lines += _json_block("schema", schema.definition, width)
    return lines + feedback


def pin_lines(kept: Sequence[Pin], *, width: int) -> list[str]:
    """Return what is pinned, one line each."""
    lines = []
    for one in kept:
        where = "the trace" if one.step_number is None else f"step {one.step_number}"
        note = f": {one.note}" if one.note else ""
        by = f", by {one.pinned_by}" if one.pinned_by else ""
        lines.append(cut(plain(f"pinned: {where}{by}{note}"), width))
    return lines


def feedback_lines(kept: Sequence[Feedback], *, width: int) -> list[str]:
    """Return what people said: of what, how they rate it, by whom, and their words in full."""
    lines: list[str] = []
    for one in kept:
        lines.append(cut(plain(said_of(one)), width))
        if one.text:
            lines += _labelled("note", one.text, width)
        if one.correction is not None:
            lines += _labelled("rather", _call_words(one.correction), width)
    return lines


def said_of(one: Feedback) -> str:
    """Return one piece of feedback in short: of what, how it rates it, by whom and when."""
    where = f"step {one.step_number}" if one.step_number else "the trace"
    rating = None if one.score is None else _RATINGS.get(one.score, f"{one.score:g}")
    label = None if one.label == rating else one.label
    head = ", ".join(part for part in (rating, label) if part)
    by = f" ({one.annotator}, {moment(one.created_at)[:16]})" if one.annotator else ""
    return f"feedback on {where}{': ' if head else ''}{head}{by}"


def _call_words(correction: JsonValue) -> str:
    """A corrected call as it would be written: ``get_weather {"city": "Paris"}``."""
    if isinstance(correction, dict) and set(correction) == {"tool", "arguments"}:
        return f"{correction['tool']} {_json(correction['arguments'])}"
    if isinstance(correction, dict) and set(correction) == {"tool"}:
        return str(correction["tool"] or "no call")
    return _json(correction)


def moment(text: str | None) -> str:
    """Return a recorded moment as people read it, in UTC: ``2026-11-21 09:00:00``."""
    return text[:19].replace("T", " ") if text else ""


def lasted(duration_ms: float | None) -> str:
    """Return a length of time in words: ``0.4 ms``, ``38 ms``, ``2.1 s``; ``""`` when unknown."""
    if duration_ms is None:
        return ""
    if duration_ms >= 1000:
        return f"{duration_ms / 1000:.1f} s"
    return f"{duration_ms:.0f} ms" if duration_ms >= 1 else f"{duration_ms:.1f} ms"


def _head(transcript: Transcript, width: int) -> list[str]:
    trace = transcript.trace
    tool_calls = sum(isinstance(step, ToolCall) for step in transcript.steps)
    model_calls = len(transcript.steps) - tool_calls
    facts = [
        trace.app,
        f"{trace.source} {moment(trace.started_at)} UTC",
        f"{count(model_calls, 'model call')}, {count(tool_calls, 'tool call')}",
        trace.outcome,
    ]
    lines = [f"trace {trace.id}", cut(plain(" · ".join(fact for fact in facts if fact)), width)]
    if trace.labels:
        labels = ", ".join(f"{key}={value}" for key, value in trace.labels.items())
        lines.append(cut(plain(f"labels: {labels}"), width))
    if trace.start is not None:
        lines.append(cut(plain(f"start: {_json(trace.start)}"), width))
    lost = (trace.attributes.get("imported") or {}).get("not_carried") or {}
    lines += [cut(plain(f"not carried over: {n:,} {words}"), width) for words, n in lost.items()]
    return lines


def _said_before(step: ModelCall, seen: int, width: int) -> list[str]:
    """The messages of people and of the application that this prompt has and the last had not."""
    lines: list[str] = []
    for message in step.messages[seen:]:
        if not isinstance(message, dict) or message.get("role") not in ("user", "system"):
            continue
        text = _text_of(as_blocks(message).get("content"))
        if text:
            lines += _labelled(
                str(message["role"]), text, width, indent="", most=OVERVIEW_LINES_MAX
            )
    return lines


def _called_by(model_call: ModelCall, transcript: Transcript) -> str:
    """The tools that this model output asked for, in order."""
    names = [
        step.tool
        for step in transcript.steps
        if isinstance(step, ToolCall) and step.model_call_id == model_call.id
    ]
    return f"  calls {plain(', '.join(names))}" if names else ""


def _tries(step: ModelCall | ToolCall, transcript: Transcript) -> str:
    """How often a step was tried that was tried again: ``  2 attempts``."""
    attempts = transcript.attempts.get(step.id, [])
    return f"  {count(len(attempts), 'attempt')}" if len(attempts) > 1 else ""


def _model_overview(step: ModelCall, called: str, tries: str, width: int) -> list[str]:
    name = plain(step.response_model or step.model or "?")
    title = f"model {name}{called}{tries}"
    lines = [_step_line(step.step_number, title, lasted(step.duration_ms), width)]
    if step.error is not None:
        lines += _block("error", f"{step.error.type}: {step.error.message}", width)
    text = _text_of(_output_content(step.output))
    if text:
        lines += _block("says", text, width)
    return lines


def _tool_overview(
    step: ToolCall, interactions: list[Interaction], tries: str, width: int
) -> list[str]:
    actor = "" if step.actor == "assistant" else f" (by the {step.actor})"
    title = f"{plain(step.tool)}{actor}  {outcome_words(step.outcome)}{tries}"
    lines = [_step_line(step.step_number, title, lasted(step.duration_ms), width)]
    lines += _block("asked", step.arguments, width)
    lines += [f"{INDENT}outside  {cut(plain(request_line(i)), width - 13)}" for i in interactions]
    if step.response is not None:
        lines += _block("told", step.response, width)
    for said in _left_out(step):
        lines += _block("missing", said, width)
    return lines


def _left_out(step: ModelCall | ToolCall) -> list[str]:
    """Return which fields of a step were not stored because masking failed, and why."""
    fields: dict[str, list[str]] = {}
    for name, why in (step.attributes.get("left_out") or {}).items():
        fields.setdefault(str(why), []).append(str(name))
    return [f"{', '.join(names)} (left out: {why})" for why, names in fields.items()]


def _model_in_full(step: ModelCall, attempts: list[str], width: int) -> list[str]:
    name = plain(step.response_model or step.model or "?")
    lines = [_step_line(step.step_number, f"model {name}", lasted(step.duration_ms), width)]
    facts = {
        "id": step.id,
        "api": step.api,
        "model": step.model,
        "started": step.started_at,
        "finish": step.finish_reason,
        "status": step.status_code,
        "request id": step.request_id,
        "response id": step.response_id,
        "first chunk": lasted(step.first_chunk_ms) or None,
    }
    lines += _facts(facts) + attempts
    if step.parameters:
        lines += _json_block("parameters", step.parameters, width)
    if step.usage:
        lines += _json_block("usage", step.usage, width)
    for index, message in enumerate(step.messages):
        lines += _json_block(f"message {index + 1}", message, width)
    names = [_tool_name(tool) for tool in step.tools]
    if names:
        lines += _whole("tools", ", ".join(names), width)
    if step.error is not None:
        lines += _whole("error", f"{step.error.type}: {step.error.message}", width)
    return lines + _json_block("output", step.output, width)


def _tool_in_full(
    step: ToolCall, interactions: list[Interaction], attempts: list[str], width: int
) -> list[str]:
    title = f"{plain(step.tool)}  {outcome_words(step.outcome)}"
    lines = [_step_line(step.step_number, title, lasted(step.duration_ms), width)]
    facts = {
        "id": step.id,
        "provider id": step.provider_call_id,
        "actor": step.actor,
        "version": step.tool_version,
        "started": step.started_at,
        "state": step.state_hash,
        "matched by": matched_words(step.bound_by),
        "after model": lasted(step.offset_ms) or None,
    }
    lines += _facts(facts) + attempts
    lines += _whole("arguments", step.arguments, width)
    lines += _json_block("payload", step.payload, width)
    for interaction in interactions:
        lines += _whole("outside", request_line(interaction), width)
        lines += _bodies(interaction, width)
    lines += _json_block("result", step.result, width)
    if step.response is not None:
        lines += _whole("response", step.response, width)
    if step.error is not None:
        lines += _whole("error", f"{step.error.type}: {step.error.message}", width)
        if step.error.traceback:
            lines += [INDENT + line for line in step.error.traceback.rstrip().splitlines()]
    for said in _left_out(step):
        lines += _whole("missing", said, width)
    for note in step.attributes.get("notes") or ():
        lines += _whole("note", str(note), width)
    timings = ", ".join(f"{one.stage} {one.duration_us:,.0f} us" for one in step.stages)
    lines += _whole("stages", timings, width) if timings else []
    for version, told in sorted((step.attributes.get("shadow") or {}).items()):
        lines += _whole("shadow", f"version {version}: {_shadow_words(told)}", width)
    return lines


def _bodies(interaction: Interaction, width: int) -> list[str]:
    """What was asked and answered, whole: headers are in `--json`."""
    exchange, lines = interaction.exchange, []
    for name, label in (("request", "  asked"), ("response", "  answered")):
        part = exchange.get(name)
        body = part.get("body") if isinstance(part, dict) else part
        if body not in (None, "", {}):
            lines += _json_block(label, body, width)
    return lines


def _shadow_words(told: JsonObject) -> str:
    """What another version made of the arguments, beside the one that ran."""
    said = outcome_words(str(told["outcome"]))
    if "same_payload" in told:
        said += ", the same payload" if told["same_payload"] else ", another payload"
    said += ", translated" if told.get("translated") else ""
    for error in told.get("errors", []):
        loc = ".".join(map(str, error["loc"])) or "arguments"
        said += f"; {loc}: {error['msg']}"
    return f"{said} ({told['duration_us']:,.0f} us)" if "duration_us" in told else said


def _attempt_lines(attempts: list[Attempt], width: int) -> list[str]:
    """One line for each try: how it ended, how long it took, and its error."""
    lines = []
    for one in attempts:
        error = f"{one.error.type}: {one.error.message}" if one.error else None
        status = f"status {one.status_code}" if one.status_code is not None else None
        parts = [one.outcome, status, lasted(one.duration_ms), error]
        said = ", ".join(str(part) for part in parts if part)
        lines += _whole(f"attempt {one.attempt_number}", said or "no end recorded", width)
    return lines


def request_line(interaction: Interaction) -> str:
    """Return an interaction in one line: ``GET https://api.example.com/orders/1 → 200``."""
    request = interaction.exchange.get("request") or {}
    answer = interaction.exchange.get("response") or {}
    asked = " ".join(str(request[part]) for part in ("method", "uri") if part in request)
    status = answer.get("status") if isinstance(answer, dict) else None
    return f"{asked or interaction.protocol} → {status if status is not None else 'no answer'}"


def _step_line(number: int, title: str, aside: str, width: int) -> str:
    line = f"{number:>2}  {title}"
    return cut(f"{line}  {aside}" if aside else line, width)


def _block(label: str, text: str, width: int) -> list[str]:
    return _labelled(label, text, width, most=OVERVIEW_LINES_MAX)


def _whole(label: str, text: str, width: int) -> list[str]:
    return _labelled(f"{label:<11}", text, width)


def _json_block(label: str, value: JsonValue, width: int) -> list[str]:
    return [] if value is None else _whole(label, _json(value), width)


def _labelled(
    label: str, text: str, width: int, *, indent: str = INDENT, most: int | None = None
) -> list[str]:
    """``label`` and ``text`` beside it, wrapped; at most ``most`` lines, the last ends in ``…``."""
    first = f"{indent}{label:<7}  "
    room = max(20, width - len(first))
    lines = [
        piece
        for line in text.splitlines()
        for piece in textwrap.wrap(plain(line), room, break_on_hyphens=False) or [""]
    ] or [""]
    if most is not None and len(lines) > most:
        lines = [*lines[: most - 1], cut(lines[most - 1] + " " * room, room)]
    return [(first if index == 0 else " " * len(first)) + line for index, line in enumerate(lines)]


def _facts(facts: dict[str, Any]) -> list[str]:
    return [f"{INDENT}{name:<11}  {value}" for name, value in facts.items() if value is not None]


def _json(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _tool_name(tool: JsonValue) -> str:
    if isinstance(tool, dict):
        inner = tool.get("function")
        return str((inner if isinstance(inner, dict) else tool).get("name", tool.get("type", "?")))
    return str(tool)


def _output_content(output: JsonValue) -> JsonValue:
    return as_blocks(output).get("content") if isinstance(output, dict) else output


def _text_of(content: JsonValue) -> str:
    """The words in a message's content: a text, or parts with texts in them."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [
            _text_of(part.get("text") or part.get("content"))
            for part in content
            if isinstance(part, dict)
        ]
        return " ".join(text for text in texts if text)
    return ""
