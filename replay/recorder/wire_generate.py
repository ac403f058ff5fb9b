"""Google's wire format: ``generateContent``, of the Gemini API and of Vertex.

Calls mostly have no ids: an answer is told apart by its function's name, the k-th to the k-th. The
declarations inside a request's tools stand on their own here, one entry for each function.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from replay.recorder.wire_values import (
    GENERATE,
    AskedCall,
    Question,
    Reply,
    Told,
    WireFormat,
    dict_or_none,
    error_in,
    list_of,
    text_or_none,
)
from replay.records import JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

# Google reads both spellings, and its clients write the second.
_SCHEMA_NAMES = ("parametersJsonSchema", "parameters_json_schema")


def _question(body: JsonObject, messages: list[Any] | None) -> Question | None:
    if messages is None:
        return None
    system = body.pop("systemInstruction", None) or body.pop("system_instruction", None)
    if isinstance(system, dict):
        messages = [{**system, "role": "system"}, *messages]
    return Question(
        api=GENERATE,
        model=None,
        messages=messages,
        tools=[one for tool in list_of(body.pop("tools", None)) for one in _definitions(tool)],
        parameters=body,
        streamed=False,
    )


def _definitions(tool: Any) -> list[Any]:
    declared = None
    if isinstance(tool, dict):
        declared = tool.get("functionDeclarations") or tool.get("function_declarations")
    if not isinstance(declared, list):
        return [tool]
    return [_flat(one) if isinstance(one, dict) else one for one in declared]


def _flat(declaration: JsonObject) -> JsonObject:
    """The schema under the name that all other formats have for it."""
    found = next((name for name in _SCHEMA_NAMES if name in declaration), None)
    if found is None or "parameters" in declaration:
        return declaration
    rest = {key: value for key, value in declaration.items() if key != found}
    return {**rest, "parameters": declaration[found]}


def _reply(body: JsonObject) -> Reply:
    candidates = [one for one in list_of(body.get("candidates")) if isinstance(one, dict)]
    first: JsonObject = candidates[0] if candidates else {}
    content = first.get("content")
    blocked = dict_or_none(body.get("promptFeedback")) or {}
    reply = Reply(
        output=content,
        finish_reason=text_or_none(first.get("finishReason") or blocked.get("blockReason")),
        usage=dict_or_none(body.get("usageMetadata")),
        response_id=text_or_none(body.get("responseId")),
        response_model=text_or_none(body.get("modelVersion")),
        calls=_calls(content),
        error=error_in(body.get("error")),
    )
    if len(candidates) > 1:
        reply.attributes["choices"] = candidates[1:]
    return reply


def _parts(content: Any, key: str) -> list[JsonObject]:
    parts = list_of(content.get("parts")) if isinstance(content, dict) else []
    found = (part.get(key) for part in parts if isinstance(part, dict))
    return [value for value in found if isinstance(value, dict)]


def _calls(content: Any) -> list[AskedCall]:
    return [
        AskedCall(
            str(call.get("name")),
            raw_arguments(call.get("args") or {}),
            text_or_none(call.get("id")),
        )
        for call in _parts(content, "functionCall")
    ]


def _asked(entry: JsonObject) -> list[AskedCall]:
    return _calls(entry) if entry.get("role") == "model" else []


def _told(entry: JsonObject) -> list[Told]:
    return [
        Told(
            text_or_none(answer.get("id")),
            json.dumps(answer.get("response"), ensure_ascii=False),
            True if "error" in (dict_or_none(answer.get("response")) or {}) else None,
            tool=text_or_none(answer.get("name")),
        )
        for answer in _parts(entry, "functionResponse")
    ]


def _said(entry: JsonObject) -> str:
    if entry.get("role") != "model":
        return ""
    parts = [part for part in list_of(entry.get("parts")) if isinstance(part, dict)]
    return "".join(
        str(part["text"]) for part in parts if part.get("text") and not part.get("thought")
    )


def _entries(output: JsonValue) -> list[Any]:
    return [output]


def _reassemble(events: Iterable[JsonObject]) -> JsonObject | None:
    body: JsonObject = {}
    candidates: dict[int, JsonObject] = {}
    for event in events:
        body |= {key: value for key, value in event.items() if key != "candidates"}
        for said in list_of(event.get("candidates")):
            if not isinstance(said, dict):
                continue
            index = said.get("index")
            whole = candidates.setdefault(index if isinstance(index, int) else 0, {})
            content = dict_or_none(said.get("content")) or {}
            parts = [*list_of((whole.get("content") or {}).get("parts"))]
            for part in list_of(content.get("parts")):
                if isinstance(part, dict):
                    _add_part(parts, part)
            whole |= said
            whole["content"] = {"role": "model", **content, "parts": parts}
    if candidates or body:
        body["candidates"] = [candidates[index] for index in sorted(candidates)]
    return body or None


def _add_part(parts: list[Any], part: JsonObject) -> None:
    """Words go on from words; calls come one in each part, and are never merged."""
    last = parts[-1] if parts else None
    if last is not None and _is_words(part) and _is_words(last):
        parts[-1] = {"text": last["text"] + part["text"]}
    elif part:
        parts.append(part)


def _is_words(part: JsonObject) -> bool:
    return set(part) == {"text"} and isinstance(part["text"], str)


GENERATE_FORMAT = WireFormat(
    question=_question,
    reply=_reply,
    asked=_asked,
    told=_told,
    entries=_entries,
    said=_said,
    # The last event is told by its finish reason; usage comes with it.
    is_terminal=lambda chunk: b'"finishReason"' in chunk,
    reassemble=_reassemble,
)
