"""Sessions of goose: its database (`sessions.db`), exports of one session, and older JSON lines.

A message has blocks; they are told here as Anthropic's, whatever the provider. What the program has
summed up is no longer shown to the model: the messages before the summary are marked so, and were
shown to the answers before it. Tools of extensions are shown as `EXTENSION__TOOL`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from replay.interchange.goose_database import is_database, read
from replay.interchange.lines import Misfit
from replay.interchange.mcp_names import own_name_of_server
from replay.interchange.spans import parsed
from replay.interchange.times import ns_of
from replay.interchange.told import MESSAGES, ToldModelCall, ToldRun, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import CallError, JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

SOURCE: Final = "goose"

NO_TOOLS: Final = "model calls without their system prompt and tool definitions: the log has none"
NOT_READ: Final = "calls of tools that goose itself could not read: left out"
_ABOUT: Final = ("name", "description", "working_dir", "session_type", "schedule_id")


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a session, the line that one begins with, or a message of one."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("working_dir"), str):
        return "conversation" in value or "message_count" in value or "description" in value
    return _is_message(value) and isinstance(value.get("created"), int)


def _is_message(value: JsonValue) -> bool:
    return (
        isinstance(value, dict)
        and value.get("role") in ("user", "assistant")
        and isinstance(value.get("content"), list)
    )


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the session, or the line; of lines the file is the session.

    Raises:
        Misfit: it is neither.
    """
    if _is_message(value):
        number = place.state["count"] = place.state.get("count", 0) + 1
        yield Piece(_stem(place), {"messages": [value]}, f"{number}")
        return
    if not isinstance(value, dict) or not looks_like(value):
        raise Misfit([], "a session of goose, or a message of one", value)
    said = value.get("conversation")
    messages = said.get("messages") if isinstance(said, dict) else said
    messages = messages if isinstance(messages, list) else []
    bad = next((i for i, one in enumerate(messages) if not _is_message(one)), None)
    if bad is not None:
        raise Misfit(["conversation", bad], "a message with content", messages[bad])
    key = value["id"] if isinstance(value.get("id"), str) else _stem(place)
    about = {name: one for name, one in value.items() if name != "conversation"}
    yield Piece(key, {"about": about, "messages": messages}, "whole")


def _stem(place: Place) -> str:
    return place.path.name.split(".", 1)[0]


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace of a session."""
    told = ToldTrace(SOURCE, key, app=SOURCE, name_of=own_name_of_server)
    about: JsonObject = next((part["about"] for part in found if "about" in part), {})
    session = _Session(told, about)
    for message in (one for part in found for one in part["messages"]):
        session.take(message)
    if not told.model_calls:
        return
    told.notes[NO_TOOLS] += len(told.model_calls)
    told.metadata = {name: about[name] for name in _ABOUT if about.get(name)}
    told.started_ns, told.ended_ns = ns_of(about.get("created_at")), ns_of(about.get("updated_at"))
    yield told


class _Session:
    """Reads a session's messages in order."""

    def __init__(self, told: ToldTrace, about: JsonObject) -> None:
        self.told = told
        config = parsed(about.get("model_config") or about.get("model_config_json"))
        name = config.get("model_name") if isinstance(config, dict) else None
        self.model = name if isinstance(name, str) else None
        provider = about.get("provider_name")
        self.provider = provider if isinstance(provider, str) else None
        self.shown: list[tuple[JsonObject, JsonObject]] = []
        """The messages so far with what the program says of them, in the form of Anthropic's."""
        self.asked: dict[str, JsonObject] = {}
        self.before_ns: int | None = None

    def take(self, message: JsonObject) -> None:
        """Add a message to the conversation."""
        at_ns = ns_of(message.get("created"))
        said = message.get("metadata")
        about = said if isinstance(said, dict) else {}
        blocks = [block for one in message["content"] for block in self._blocks(one, at_ns)]
        if message["role"] == "assistant":
            self._add_call(message, blocks, about, at_ns)
        entry: JsonObject = {"role": message["role"], "content": blocks}
        if blocks:
            self.shown.append((entry, about))
        self.before_ns = at_ns

    def _add_call(
        self, message: JsonObject, blocks: list[Any], about: JsonObject, at_ns: int | None
    ) -> None:
        if not blocks or about.get("userVisible") is False:  # the program's own, to go on from
            return
        is_seen = _is_shown(about)
        prompt = [entry for entry, said in self.shown if _is_shown(said) or not is_seen]
        self.told.model_calls.append(
            ToldModelCall(
                str(message.get("id") or len(self.told.model_calls)),
                MESSAGES,
                messages=list(prompt),
                output=blocks,
                provider=self.provider,
                model=self.model,
                started_ns=self.before_ns,
                ended_ns=at_ns,
                plane=SOURCE,
            )
        )

    def _blocks(self, block: JsonValue, at_ns: int | None) -> Iterator[JsonObject]:
        """The block as Anthropic's messages have it; none for what no model was shown."""
        if not isinstance(block, dict):
            return
        kind = block.get("type")
        if kind in ("toolRequest", "frontendToolRequest"):
            yield from self._asked(block)
        elif kind == "toolResponse":
            yield self._told(block, at_ns)
        elif kind == "text":
            yield {"type": "text", "text": str(block.get("text") or "")}
        elif kind == "image":
            source = {
                "type": "base64",
                "media_type": block.get("mimeType"),
                "data": block.get("data"),
            }
            yield {"type": "image", "source": source}
        elif kind in ("thinking", "redactedThinking"):
            rest = {name: one for name, one in block.items() if name != "type"}
            yield {"type": "thinking" if kind == "thinking" else "redacted_thinking", **rest}

    def _asked(self, block: JsonObject) -> Iterator[JsonObject]:
        value = _value(block.get("toolCall"))
        if not isinstance(value, dict) or not isinstance(value.get("name"), str):
            self.told.notes[NOT_READ] += 1
            return
        asked = {"name": value["name"], "input": value.get("arguments") or {}}
        call_id = block.get("id")
        if isinstance(call_id, str):
            self.asked[call_id] = asked
        yield {"type": "tool_use", "id": call_id, **asked}

    def _told(self, block: JsonObject, at_ns: int | None) -> JsonObject:
        call_id, result = block.get("id"), block.get("toolResult")
        value = _value(result)
        error = result.get("error") if isinstance(result, dict) else None
        is_error = error is not None or (isinstance(value, dict) and bool(value.get("isError")))
        text = str(error) if error is not None else _text(value)
        asked = self.asked.get(call_id) if isinstance(call_id, str) else None
        if asked is not None:
            self.told.runs.append(
                ToldRun(
                    f"{call_id}:{len(self.told.runs)}",
                    own_name_of_server(asked["name"]),
                    arguments=raw_arguments(asked["input"]),
                    provider_call_id=call_id,
                    response=text,
                    error=CallError(type="Error", message=text) if is_error else None,
                    ended_ns=at_ns,
                )
            )
        told: JsonObject = {"type": "tool_result", "tool_use_id": call_id, "content": text}
        return {**told, "is_error": True} if is_error else told


def _is_shown(about: JsonObject) -> bool:
    return about.get("agentVisible") is not False


def _value(result: JsonValue) -> JsonValue:
    """What a call or its answer is, out of what says whether that went well."""
    if isinstance(result, dict) and "value" in result:
        return result["value"]
    return result if isinstance(result, dict) and "name" in result else None


def _text(value: JsonValue) -> str:
    """The words of an answer that are for the model."""
    content = value.get("content") if isinstance(value, dict) else value
    texts = []
    for block in content if isinstance(content, list) else []:
        if not isinstance(block, dict):
            continue
        notes = block.get("annotations")
        readers = notes.get("audience") if isinstance(notes, dict) else None
        if isinstance(readers, list) and readers and "assistant" not in readers:
            continue
        if isinstance(block.get("text"), str):
            texts.append(block["text"])
    if texts or not isinstance(value, dict) or value.get("structuredContent") is None:
        return "\n".join(texts)
    return json.dumps(value["structuredContent"], ensure_ascii=False)


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell, values=read, is_binary=is_database)
