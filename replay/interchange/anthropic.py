"""Anthropic messages JSONL: one conversation per line, as a request body with its answers.

A line is `{"system": ..., "tools": [...], "messages": [...]}`; assistant messages may carry what
the API's answer carries (`id`, `model`, `stop_reason`, `usage`).
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from replay.interchange.contexts import Contexts
from replay.interchange.conversation import Answer, AskedCall, Conversation, Message, Reply
from replay.interchange.line_fields import ReadOptions, conversation_of_line, recorded_fields
from replay.interchange.lines import Misfit, PathPart, want
from replay.interchange.rebuilding import is_imported, line_of
from replay.interchange.shapes import (
    anthropic_messages,
    anthropic_tools,
    block_text,
    chat_messages,
    chat_output,
    chat_tools,
)
from replay.interchange.threads import Thread, threads_of
from replay.interchange.times import utc
from replay.records import JsonObject, ModelCall, Transcript
from replay.tools.arguments import raw_arguments

SOURCE: Final = "anthropic-messages"

_PARAMETERS: Final = (
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "tool_choice",
    "thinking",
    "stop_sequences",
)
_CALLS: Final = ("tool_use",)
_SERVER_CALLS: Final = ("server_tool_use", "mcp_tool_use")
_REPLY_FIELDS: Final = ("id", "model", "stop_reason", "usage")


def looks_like(line: JsonObject) -> bool:
    """Return whether ``line`` can only be Anthropic messages."""
    if any(isinstance(tool, dict) and "input_schema" in tool for tool in line.get("tools") or []):
        return True
    blocks = (
        block
        for message in line["messages"]
        if isinstance(message, dict) and isinstance(message.get("content"), list)
        for block in message["content"]
        if isinstance(block, dict)
    )
    kinds = ("tool_use", "tool_result", "thinking", "redacted_thinking", *_SERVER_CALLS)
    return "system" in line or any(block.get("type") in kinds for block in blocks)


def read_line(line: JsonObject, contexts: Contexts, options: ReadOptions) -> Conversation:
    """Return the conversation that ``line`` tells.

    Raises:
        Misfit: a value is not what the format has in its place.
    """
    del contexts  # of the chat corpora alone
    conversation = conversation_of_line(
        line,
        options,
        source=SOURCE,
        api="messages",
        provider="anthropic",
        parameter_names=_PARAMETERS,
    )
    tools = want(line.get("tools"), (list, type(None)), ["tools"], "a list of tool definitions")
    if tools:
        conversation.tools = tools
        del conversation.line["tools"]
    system = want(line.get("system"), (str, list, type(None)), ["system"], "text, or text blocks")
    if system is not None:
        conversation.prefix = [{"role": "system", "content": system}]
    messages = want(line.get("messages"), list, ["messages"], "a list of messages")
    for index, message in enumerate(messages):
        conversation.messages.append(_message(message, ["messages", index], conversation.notes))
    if conversation.at is None and not any(message.at for message in conversation.messages):
        conversation.notes["conversations without a time, dated 1970"] += 1
    return conversation


def _message(message: Any, path: list[PathPart], notes: Counter[str]) -> Message:
    want(message, dict, path, "a message object")
    role = message.get("role")
    if role not in ("user", "assistant"):
        raise Misfit([*path, "role"], "the role user or assistant", role)
    content = want(
        message.get("content"), (str, list), [*path, "content"], "text, or a list of blocks"
    )
    shown = {"role": role, "content": content}
    fields = {name: value for name, value in message.items() if name not in shown}
    found = Message(shown, message, fields=fields, at=utc(message.get("timestamp")))
    if role == "assistant":
        found.reply = _reply(message, fields)
    if isinstance(content, list):
        _add_blocks(found, content, [*path, "content"], notes)
    return found


def _reply(message: JsonObject, fields: JsonObject) -> Reply:
    facts = {name: _fact(name, message.get(name)) for name in _REPLY_FIELDS}
    for name, value in facts.items():
        if value is not None:
            del fields[name]
    content = message["content"]
    if isinstance(content, str):
        fields["content"] = content
        content = [{"type": "text", "text": content}]
    return Reply(
        content,
        usage=facts["usage"],
        finish_reason=facts["stop_reason"],
        response_id=facts["id"],
        response_model=facts["model"],
    )


def _fact(name: str, value: Any) -> Any:
    return value if isinstance(value, dict if name == "usage" else str) else None


def _add_blocks(
    message: Message, blocks: list[Any], path: list[PathPart], notes: Counter[str]
) -> None:
    for index, block in enumerate(blocks):
        here = [*path, index]
        want(block, dict, here, "a content block")
        kind = want(block.get("type"), str, [*here, "type"], "the block's type")
        if kind in _CALLS:
            message.calls.append(_call(block, here))
            notes["raw argument texts: the format has them parsed"] += 1
        elif kind == "tool_result":
            message.answers.append(_answer(block, here))
        elif kind in _SERVER_CALLS:
            notes["calls that the provider ran itself: kept in the output, not replayable"] += 1


def _call(block: JsonObject, path: list[PathPart]) -> AskedCall:
    name = want(block.get("name"), str, [*path, "name"], "the tool's name")
    call_id = want(block.get("id"), (str, type(None)), [*path, "id"], "an id, or none")
    arguments = want(block.get("input"), (dict, str), [*path, "input"], "an object of arguments")
    return AskedCall(name, raw_arguments(arguments), provider_call_id=call_id)


def _answer(block: JsonObject, path: list[PathPart]) -> Answer:
    call_id = want(
        block.get("tool_use_id"),
        (str, type(None)),
        [*path, "tool_use_id"],
        "the id of a tool_use block, or none",
    )
    # Only failures are flagged in this format, so an answer without the flag is a success.
    is_error = block.get("is_error") is True
    return Answer(call_id, block_text(block.get("content")), is_error=is_error)


def write_lines(transcript: Transcript, lost: Counter[str]) -> list[JsonObject]:
    """Return the lines that tell ``transcript``: the imported line, or one for each thread.

    What the format cannot say is counted in ``lost``.
    """
    if is_imported(transcript, SOURCE):
        return [_imported_line(transcript)]
    return [_recorded_line(transcript, thread, lost) for thread in threads_of(transcript)]


def _imported_line(transcript: Transcript) -> JsonObject:
    line = line_of(
        transcript,
        as_message=lambda call: {"role": "assistant", "content": call.output},
        reply_fields=_reply_fields,
    )
    call = next((step for step in transcript.steps if isinstance(step, ModelCall)), None)
    if call is not None and call.tools and "tools" not in line:
        line["tools"] = call.tools
    return line


def _reply_fields(call: ModelCall) -> JsonObject:
    facts = {
        "id": call.response_id,
        "model": call.response_model,
        "stop_reason": call.finish_reason,
        "usage": call.usage,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _recorded_line(transcript: Transcript, thread: Thread, lost: Counter[str]) -> JsonObject:
    call = thread.last
    chat_messages(call, lost)
    chat_output(call, lost)
    line = recorded_fields(transcript.trace, call)
    system, messages = anthropic_messages(thread.messages)
    if system is not None:
        line["system"] = system
    tools = anthropic_tools(chat_tools(call, lost))
    return {**line, "messages": messages, **({"tools": tools} if tools else {})}


def count_line(line: JsonObject) -> Counter[str]:
    """Return what ``line`` holds, by kind."""
    counts: Counter[str] = Counter(conversations=1, messages=len(line["messages"]))
    for message in line["messages"]:
        counts["model_calls"] += message["role"] == "assistant"
        blocks = message["content"] if isinstance(message["content"], list) else []
        kinds = Counter(block["type"] for block in blocks)
        counts["tool_calls"] += kinds["tool_use"]
        counts["answers"] += kinds["tool_result"]
    return counts
