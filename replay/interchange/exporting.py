"""Writing traces as lines of a format."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from replay.interchange.formats import CHAT_FORMATS, SPAN_DIALECTS
from replay.interchange.human_feedback import with_feedback
from replay.interchange.otlp_writing import request_of
from replay.interchange.rebuilding import VERBATIM
from replay.interchange.record_lines import SOURCE as RECORDS
from replay.interchange.record_lines import write_records, write_schemas
from replay.interchange.span_tree import spans_of
from replay.records import JsonObject, ModelCall, Selection, Transcript

if TYPE_CHECKING:
    from replay.store import Store


@dataclass
class ExportReport:
    """What was written, and what the format could not say."""

    trace_count: int = 0
    line_count: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    contexts: dict[str, JsonObject] = field(default_factory=dict)
    """Entries of the contexts.json that belongs beside the lines, by name."""


def export_lines(
    store: Store,
    selection: Selection,
    format_name: str,
    report: ExportReport,
    *,
    inline: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[str]:
    """Yield the selected traces as lines of ``format_name``, each ending in a line end.

    ``report`` fills while the lines are taken. ``inline``: write toolsets and system prompts into
    each line that came with a contexts.json, instead of naming them.
    """
    trace_ids = store.trace_ids(selection)
    is_ours = format_name == RECORDS
    schemas = {schema.id: schema for schema in store.tool_schemas()} if is_ours else {}
    schemas_written: set[str] = set()
    for done, trace_id in enumerate(trace_ids, start=1):
        transcript = store.transcript(trace_id)
        of_tools = write_schemas(transcript, schemas, schemas_written) if is_ours else ()
        of_trace = _lines(transcript, format_name, report, inline=inline)
        for line in chain(of_tools, of_trace):
            report.line_count += 1
            yield json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
        report.trace_count += 1
        if on_progress is not None:
            on_progress(done, len(trace_ids))


def export_requests(
    store: Store,
    selection: Selection,
    format_name: str,
    report: ExportReport,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[JsonObject]:
    """Yield the selected traces as requests of OTLP, one for each; ``report`` fills meanwhile."""
    trace_ids = store.trace_ids(selection)
    for done, trace_id in enumerate(trace_ids, start=1):
        spans = spans_of(store.transcript(trace_id), SPAN_DIALECTS[format_name], report.lost)
        yield request_of(spans)
        report.trace_count += 1
        report.line_count += len(spans)
        if on_progress is not None:
            on_progress(done, len(trace_ids))


def _lines(
    transcript: Transcript, format_name: str, report: ExportReport, *, inline: bool
) -> Iterator[JsonObject]:
    if format_name in SPAN_DIALECTS:
        yield request_of(spans_of(transcript, SPAN_DIALECTS[format_name], report.lost))
        return
    chat = CHAT_FORMATS.get(format_name)
    if chat is None:
        yield from write_records(transcript)
        return
    verbatim = transcript.trace.attributes.get(VERBATIM)
    if verbatim is not None and transcript.trace.source == format_name:
        lines = [verbatim]
    else:
        lines = chat.write_lines(transcript, report.lost)
    for line in with_feedback(lines, transcript):
        yield _with_context(line, transcript, report, inline=inline)


def _with_context(
    line: JsonObject, transcript: Transcript, report: ExportReport, *, inline: bool
) -> JsonObject:
    name = line.get("context")
    call = next((step for step in transcript.steps if isinstance(step, ModelCall)), None)
    if "context" not in transcript.trace.attributes or call is None or not isinstance(name, str):
        return line
    prefix = call.messages[: transcript.trace.attributes.get("prefix_count", 0)]
    if not inline:
        system = prefix[0]["content"] if prefix else None
        report.contexts.setdefault(name, {"tools": call.tools, "system": system})
        return line
    rest = {key: value for key, value in line.items() if key != "context"}
    return {**rest, "tools": call.tools, "messages": [*prefix, *line["messages"]]}
