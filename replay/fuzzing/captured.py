"""The captured calls of today's tools: what cases are made from, and their worlds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from replay.records import JsonObject, JsonValue, Outcome, Selection, ToolCall, Transcript
from replay.records.canonical import canonical_json
from replay.records.sensitive import SHAPE_TEXT
from replay.replayer.jobs import CallOrder
from replay.replayer.plan import order_of, tool_calls
from replay.replayer.questions.asking import Asking, DescribedTool, Question
from replay.store import Store
from replay.store.redaction import is_redacted
from replay.verdicts.overlaps import epoch_s

PAYLOADS_MAX = 300
"""Different payloads of one tool that cases are made from: more traffic says the same."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One captured call: its payload, and the trace whose start it is run in again."""

    tool: str
    values: JsonObject
    """Its arguments; in today's form where a translation knows the way."""
    trace_id: str
    step_number: int
    start: JsonValue
    trace_at: float | None
    redacts: bool | list[str]
    order: CallOrder

    @property
    def call_id(self) -> str:
        """The id of the captured call."""
        return self.order.id


@dataclass(slots=True)
class Traffic:
    """The captured calls by tool, and what of the traffic could not be used."""

    of_tool: dict[str, list[Captured]] = field(default_factory=dict)
    call_count: int = 0
    unknown: set[str] = field(default_factory=set)
    """Tools that today's toolbox does not have."""


def captured_calls(
    store: Store,
    selection: Selection,
    tools: Sequence[DescribedTool],
    *,
    on_trace: Callable[[int, int], None] = lambda done, total: None,
) -> Traffic:
    """Return the different payloads of each tool in the selected traces, as first captured."""
    traffic = Traffic()
    known = {(tool.name, tool.actor) for tool in tools}
    seen: set[tuple[str, bytes]] = set()
    trace_ids = store.trace_ids(selection)
    for number, trace_id in enumerate(trace_ids, start=1):
        transcript = store.transcript(trace_id, prompts=False)
        for call in _chosen(transcript, selection):
            traffic.call_count += 1
            if (call.tool, call.actor) not in known:
                traffic.unknown.add(call.tool)
                continue
            kept = traffic.of_tool.setdefault(call.tool, [])
            one = _captured(call, transcript)
            if one is None or len(kept) >= PAYLOADS_MAX:
                continue
            identity = (call.tool, canonical_json(one.values))
            if identity not in seen:
                seen.add(identity)
                kept.append(one)
        on_trace(number, len(trace_ids))
    return traffic


def in_todays_form(
    captured: Sequence[Captured], tool: DescribedTool, asking: Asking
) -> list[Captured]:
    """Return the calls with the arguments of older versions translated, where there is a way."""
    older = [one for one in captured if _is_older(one, tool)]
    questions = [
        Question(
            one.tool,
            json.dumps(one.values),
            version=tool.version,
            from_version=str(one.order.call["tool_version"]),
            actor=tool.actor,
        )
        for one in older
    ]
    translated = {
        one.call_id: judged.translated
        for one, judged in zip(older, asking.judge(questions), strict=True)
        if isinstance(judged.translated, dict)
    }
    return [replace(one, values=translated.get(one.call_id, one.values)) for one in captured]


def _is_older(one: Captured, tool: DescribedTool) -> bool:
    return one.order.call["tool_version"] not in (None, tool.version)


def _chosen(transcript: Transcript, selection: Selection) -> Iterator[ToolCall]:
    calls: Iterable[ToolCall] = tool_calls(transcript)
    return (call for call in calls if not selection.tools or call.tool in selection.tools)


def _captured(call: ToolCall, transcript: Transcript) -> Captured | None:
    """Return the call with its payload; None: no object, positional, or not stored."""
    try:
        values = json.loads(call.arguments or "{}")
        canonical_json(values)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or call.positional or call.arguments.startswith(SHAPE_TEXT):
        return None
    trace = transcript.trace
    order = order_of(call, transcript.interactions.get(call.id, []))
    order.spare = [
        one.exchange for one in transcript.interactions.get(call.id, ()) if one.bound_by == "turn"
    ]
    return Captured(
        call.tool,
        values,
        trace.id,
        call.step_number,
        trace.start,
        epoch_s(trace.started_at),
        is_redacted(trace.attributes),
        order,
    )


def nothing_captured(
    tool: DescribedTool, example: Captured | None, values: JsonObject | None = None
) -> Captured:
    """Return a call to start from where traffic has none, in the world of another call."""
    call: JsonObject = {
        "id": f"fuzz/{tool.name}",
        "tool": tool.name,
        "tool_version": None,
        "arguments": "{}",
        "positional": None,
        "actor": tool.actor,
        "call_index": 0,
        "provider_call_id": None,
        "outcome": Outcome.UNFINISHED,
        "response": None,
        "draws": None,
    }
    at = None if example is None else example.order.at
    return Captured(
        tool.name,
        values or {},
        "" if example is None else example.trace_id,
        0,
        None if example is None else example.start,
        None if example is None else example.trace_at,
        False,
        CallOrder(call, at),
    )
