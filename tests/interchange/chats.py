"""Conversations as files have them, and what the tests do with them again and again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from replay.interchange import ExportReport, FileReport, ImportOptions, export_lines, import_files
from replay.records import ModelCall, Selection, ToolCall, Transcript
from replay.store import Store

WEATHER_TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}


def call(call_id: str | None, name: str, arguments: Any, **more: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    asked = {"id": call_id, "type": "function", "function": function, **more}
    return asked if call_id is not None else {k: v for k, v in asked.items() if k != "id"}


def asks(*calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **more}


def says(content: str, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def answers(call_id: str | None, content: Any, **more: Any) -> dict[str, Any]:
    answer = {"role": "tool", "tool_call_id": call_id, "content": content, **more}
    return answer if call_id is not None else {k: v for k, v in answer.items() if v is not None}


def asked_by_user(content: str = "Hello") -> dict[str, Any]:
    return {"role": "user", "content": content}


def chat(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"messages": list(messages), **fields}


def weather_chat() -> dict[str, Any]:
    """Two parallel calls that share one id, as real providers send them; one fails."""
    return chat(
        {"role": "system", "content": "Be brief."},
        asked_by_user("Weather in Paris and Rome?"),
        asks(
            call("c1", "get_weather", '{"city": "Paris"}'),
            call("c1", "get_weather", '{"city":"Rome"}'),
        ),
        answers("c1", "15 C"),
        answers("c1", "no such city", error=True),
        says("15 degrees in Paris."),
        id="w/1",
        model="gpt-4o",
        recorded_at="2026-11-20T10:00:00Z",
        tools=[WEATHER_TOOL],
    )


def imported(store: Store, path: Path, options: ImportOptions | None = None) -> FileReport:
    (report,) = import_files(store, [path], options)
    return report


def only_transcript(store: Store) -> Transcript:
    (trace_id,) = store.trace_ids(Selection())
    return store.transcript(trace_id)


def model_calls(transcript: Transcript) -> list[ModelCall]:
    return [step for step in transcript.steps if isinstance(step, ModelCall)]


def tool_calls(transcript: Transcript) -> list[ToolCall]:
    return [step for step in transcript.steps if isinstance(step, ToolCall)]


def exported(store: Store, format_name: str, **options: Any) -> list[dict[str, Any]]:
    lines = export_lines(store, Selection(), format_name, ExportReport(), **options)
    return [json.loads(line) for line in lines]
