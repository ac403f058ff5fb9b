"""A trace as a page: what people said, what the model said, what its tools did, in order.

Calls that one answer asked for stand together, and those that ran at the same time say so.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from replay.records import (
    CallVerdict,
    Feedback,
    Interaction,
    JsonValue,
    ModelCall,
    Outcome,
    ToolCall,
    Transcript,
)
from replay.records.blocks import as_blocks
from replay.records.codes import matched_words, outcome_words
from replay.report.html.page import facts, folded, page, tag, text
from replay.report.html.values import (
    block,
    changes,
    compact,
    labelled,
    outside_changes,
    preview,
)
from replay.report.ink import count
from replay.report.words import VERDICT_WORDS, color, sign
from replay.verdicts.overlaps import asked_together, overlapping

_COLORS: Final = {"red": "bad", "green": "good", "cyan": "note", "yellow": "warn"}

Verdicts = Mapping[str, CallVerdict]
"""By tool call id."""


def trace_page(
    transcripts: Sequence[Transcript], verdicts: Verdicts | None = None
) -> Iterator[str]:
    """Yield the page of some traces, in pieces; ``verdicts``: what the newest replay said."""
    first = transcripts[0].trace
    title = first.id if len(transcripts) == 1 else count(len(transcripts), "trace")
    return page(title, _body(transcripts, verdicts or {}))


def _body(transcripts: Sequence[Transcript], verdicts: Verdicts) -> Iterator[str]:
    if len(transcripts) == 1:
        yield tag("h1", f"Trace {text(transcripts[0].trace.id)}")
        yield from trace_parts(transcripts[0], verdicts)
        return
    yield tag("h1", text(count(len(transcripts), "trace")))
    for transcript in transcripts:
        head = tag("b", text(transcript.trace.id)) + tag("span", f" {_facts(transcript)}", "dim")
        yield folded(head, trace_parts(transcript, verdicts), css="finding")


def _facts(transcript: Transcript) -> str:
    tools = sum(isinstance(step, ToolCall) for step in transcript.steps)
    said = [count(len(transcript.steps) - tools, "model call"), count(tools, "tool call")]
    return text(", ".join([*said, *filter(None, [transcript.trace.outcome])]))


def trace_parts(transcript: Transcript, verdicts: Verdicts) -> Iterator[str]:
    """Yield the parts of one trace: its facts, its steps, what was said of it."""
    trace = transcript.trace
    yield facts(
        [
            ("app", trace.app),
            ("source", trace.source),
            ("started", f"{trace.started_at[:19].replace('T', ' ')} UTC"),
            ("steps", _plain_facts(transcript)),
            ("outcome", trace.outcome),
            ("code version", trace.code_version),
            ("labels", ", ".join(f"{k}={v}" for k, v in trace.labels.items())),
        ]
    )
    yield labelled("start", trace.start)
    yield from _feedback(one for one in transcript.feedback if one.step_number is None)
    yield from _steps(transcript, verdicts)


def _plain_facts(transcript: Transcript) -> str:
    tools = sum(isinstance(step, ToolCall) for step in transcript.steps)
    models = count(len(transcript.steps) - tools, "model call")
    return f"{models}, {count(tools, 'tool call')}"


def _steps(transcript: Transcript, verdicts: Verdicts) -> Iterator[str]:
    seen = 0
    asked: defaultdict[str | None, list[str]] = defaultdict(list)
    for step in transcript.steps:
        if isinstance(step, ToolCall):
            asked[step.model_call_id].append(step.tool)
    calls: list[ToolCall] = []
    tools: list[JsonValue] = []
    for step in transcript.steps:
        if isinstance(step, ToolCall):
            calls.append(step)
            continue
        yield from _groups(calls, transcript, verdicts)
        calls = []
        yield from _said_before(step, seen)
        seen = len(step.messages)
        yield _model_step(step, transcript, asked[step.id], shows_tools=step.tools != tools)
        tools = step.tools
    yield from _groups(calls, transcript, verdicts)


def _said_before(step: ModelCall, seen: int) -> Iterator[str]:
    for message in step.messages[seen:]:
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ("user", "system", "developer"):
            continue
        words = _words(as_blocks(message).get("content"))
        if words:
            who = tag("div", text(role), "who")
            yield tag("div", f"{who}{block(words)}", "said")


def _model_step(
    step: ModelCall, transcript: Transcript, asked: Sequence[str], *, shows_tools: bool
) -> str:
    said = _words(_output_content(step.output))
    shown = said or (f"calls {', '.join(asked)}" if asked else "")
    failed = tag("span", "failed", "badge bad") if step.error else ""
    head = _head(step, step.response_model or step.model or "model", failed, shown)
    body = [
        labelled("says", said),
        labelled("asks for", ", ".join(asked)),
        labelled("error", f"{step.error.type}: {step.error.message}" if step.error else None),
        facts(
            [
                ("provider", step.provider),
                ("API", step.api),
                ("finish reason", step.finish_reason),
                ("usage", compact(step.usage) if step.usage else None),
                ("parameters", compact(step.parameters) if step.parameters else None),
                ("tries", len(transcript.attempts.get(step.id, [])) or None),
            ]
        ),
        folded("raw output", [block(step.output)]) if step.output is not None else "",
        _toolset(step) if shows_tools and step.tools else "",
        *_feedback(one for one in transcript.feedback if one.step_number == step.step_number),
    ]
    return folded(head, body, css="step model")


def _toolset(step: ModelCall) -> str:
    return folded(text(f"shown {count(len(step.tools), 'tool')}"), [block(step.tools)])


def _groups(calls: Sequence[ToolCall], transcript: Transcript, verdicts: Verdicts) -> Iterator[str]:
    for group in asked_together(calls):
        if len(group) == 1:
            yield _tool_step(group[0], transcript, verdicts, None)
            continue
        sets = overlapping(group)
        span = _span_of(group)
        steps = "".join(_tool_step(one, transcript, verdicts, span) for one in group)
        together = max(map(len, sets))
        said = f"{count(len(group), 'call')} of one answer"
        said += f", {together} at the same time" if together > 1 else ", one after the other"
        yield tag("div", f'<div class="label">{text(said)}</div>{steps}', "together")


def _span_of(group: Sequence[ToolCall]) -> tuple[float, float] | None:
    """From when to when the calls ran, by their offsets; None where those are not known."""
    offsets = [one.offset_ms for one in group]
    known = [one for one in offsets if one is not None]
    if len(known) < len(group):
        return None
    ends = [(one.offset_ms or 0) + (one.duration_ms or 0) for one in group]
    return (min(known), max(ends)) if max(ends) > min(known) else None


def _tool_step(
    call: ToolCall, transcript: Transcript, verdicts: Verdicts, span: tuple[float, float] | None
) -> str:
    verdict = verdicts.get(call.id)
    is_ok = call.outcome is Outcome.OK
    badges = tag("span", text(outcome_words(call.outcome)), f"badge {'good' if is_ok else 'bad'}")
    if verdict is not None:
        css = _COLORS[color(verdict.verdict)]
        words = f"{sign(verdict.verdict)} today: {VERDICT_WORDS[verdict.verdict]}"
        badges += tag("span", text(words), f"badge {css}")
        if verdict.approved:
            badges += tag("span", "≈ approved", "badge dim")
    if call.actor != "assistant":
        badges += tag("span", text(f"by the {call.actor}"), "badge dim")
    told = f"{call.arguments} → {call.response}" if call.response is not None else call.arguments
    head = _head(call, call.tool, badges, told) + _lane(call, span)
    interactions = transcript.interactions.get(call.id, [])
    body = [
        labelled("asked", call.arguments),
        labelled("the tool got", call.payload) if _differs(call.payload, call.arguments) else "",
        labelled("told the model", call.response),
        labelled("result", call.result) if _differs(call.result, call.response) else "",
        _error(call),
        *_outside(interactions),
        _today(verdict),
        facts(
            [
                ("tool version", call.tool_version),
                ("provider's id", call.provider_call_id),
                ("matched by", matched_words(call.bound_by)),
                ("tries", len(transcript.attempts.get(call.id, [])) or None),
                ("stages", _stages(call)),
            ]
        ),
        *_feedback(one for one in transcript.feedback if one.step_number == call.step_number),
    ]
    return folded(head, body, css="step tool")


def _head(step: ModelCall | ToolCall, name: str, badges: str, shown: str) -> str:
    lasted = _lasted(step.duration_ms)
    return (
        tag("span", str(step.step_number), "number")
        + tag("span", text(name), "name")
        + badges
        + (tag("span", lasted, "aside") if lasted else "")
        + tag("span", text(preview(shown)), "preview")
    )


def _lane(call: ToolCall, span: tuple[float, float] | None) -> str:
    """When it ran among the calls beside it, as a bar."""
    if span is None or call.offset_ms is None:
        return ""
    length = span[1] - span[0]
    left = 100 * (call.offset_ms - span[0]) / length
    width = min(100 * (call.duration_ms or 0) / length, 100 - left)
    return f'<span class="lane"><i style="left:{left:.1f}%;width:{width:.1f}%"></i></span>'


def _lasted(duration_ms: float | None) -> str:
    if duration_ms is None:
        return ""
    if duration_ms >= 1000:
        return f"{duration_ms / 1000:.1f} s"
    return f"{duration_ms:.0f} ms" if duration_ms >= 1 else f"{duration_ms:.1f} ms"


def _stages(call: ToolCall) -> str:
    return ", ".join(f"{one.stage.value} {one.duration_us / 1000:.2f} ms" for one in call.stages)


def _differs(value: JsonValue, shown: str | None) -> bool:
    if value is None:
        return False
    try:
        return bool(value != json.loads(shown or ""))
    except ValueError:
        return bool(value != shown)


def _error(call: ToolCall) -> str:
    if call.error is None:
        return ""
    words = labelled("error", f"{call.error.type}: {call.error.message}")
    trace = call.error.traceback
    return words + (folded("traceback", [block(trace)]) if trace else "")


def _outside(interactions: Sequence[Interaction]) -> Iterator[str]:
    if interactions:
        yield tag("h3", text(f"asked outside: {count(len(interactions), 'question')}"))
    for one in interactions:
        request = one.exchange.get("request") or {}
        words = " ".join(
            str(request[name]) for name in ("method", "uri", "function") if request.get(name)
        )
        yield folded(text(words or one.protocol), [block(one.exchange)])


def _today(verdict: CallVerdict | None) -> str:
    if verdict is None:
        return ""
    shown = changes(verdict.changes) + outside_changes(verdict.interaction_changes)
    if not shown and not verdict.note:
        return ""
    note = tag("p", text(verdict.note)) if verdict.note else ""
    return tag("h3", "today") + note + shown


def _feedback(said: Iterable[Feedback]) -> Iterator[str]:
    for one in said:
        head = ", ".join(
            str(part) for part in (one.label, one.score, one.annotator) if part is not None
        )
        words = block(one.text) if one.text else ""
        rather = labelled("rather", one.correction)
        yield tag("div", f"{tag('div', text(f'feedback: {head}'), 'who')}{words}{rather}", "said")


def _output_content(output: JsonValue) -> JsonValue:
    return as_blocks(output).get("content") if isinstance(output, dict) else output


def _words(content: JsonValue) -> str:
    if isinstance(content, str):
        return content
    found = []
    for part in content if isinstance(content, list) else []:
        if not isinstance(part, dict):
            continue
        if isinstance(part.get("text"), str):
            found.append(part["text"])
        elif part.get("type") == "message":
            found.append(_words(part.get("content")))
    return "\n".join(found)
