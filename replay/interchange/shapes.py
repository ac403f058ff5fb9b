"""Messages and tool definitions in one API's shape, said in another's.

The common tongue is OpenAI chat. What another shape cannot say (reasoning items, thinking blocks,
server-side tools) is left out and counted in ``lost``.
"""

from __future__ import annotations

import json
from collections import Counter

from replay.records import JsonObject, JsonValue, ModelCall
from replay.records.blocks import as_blocks
from replay.tools.arguments import raw_arguments

Lost = Counter[str]

_IN_BLOCKS = ("messages", "generate_content", "converse")


def chat_messages(call: ModelCall, lost: Lost | None = None) -> list[JsonObject]:
    """Return the prompt of ``call`` as chat messages."""
    lost = Counter() if lost is None else lost
    if call.api == "responses":
        instructions = call.parameters.get("instructions")
        first = [{"role": "system", "content": instructions}] if instructions else []
        return first + _chat_from_items(call.messages, lost)
    if call.api in _IN_BLOCKS:
        messages = (as_blocks(message) for message in call.messages)
        return [one for message in messages for one in _chat_from_blocks(message, lost)]
    return list(call.messages)


def chat_output(call: ModelCall, lost: Lost | None = None) -> list[JsonObject]:
    """Return the answer of ``call`` as chat messages: none when it gave none."""
    lost = Counter() if lost is None else lost
    if call.output is None:
        return []
    if call.api == "responses":
        return _chat_from_items(call.output, lost)
    if call.api == "messages":
        return _chat_from_blocks({"role": "assistant", "content": call.output}, lost)
    if call.api in _IN_BLOCKS:
        return _chat_from_blocks(as_blocks(call.output), lost)
    return [call.output]


def chat_tools(call: ModelCall, lost: Lost | None = None) -> list[JsonObject]:
    """Return the toolset of ``call`` as chat tool definitions."""
    lost = Counter() if lost is None else lost
    tools = []
    for tool in call.tools:
        if "function" in tool or tool.get("type") == "custom":
            tools.append(tool)
        elif "input_schema" in tool:
            function = {"name": tool["name"], "parameters": tool["input_schema"]}
            function |= {key: tool[key] for key in ("description", "strict") if key in tool}
            tools.append({"type": "function", "function": function})
        elif "type" not in tool and ("parameters" in tool or "inputSchema" in tool):
            function = {
                "name": tool["name"],
                "parameters": tool.get("parameters", tool.get("inputSchema")),
            }
            function |= {key: tool[key] for key in ("description",) if key in tool}
            tools.append({"type": "function", "function": function})
        elif tool.get("type") == "function":
            function = {key: value for key, value in tool.items() if key != "type"}
            tools.append({"type": "function", "function": function})
        else:
            lost["tools that the provider runs"] += 1
    return tools


def anthropic_messages(chat: list[JsonObject]) -> tuple[str | None, list[JsonObject]]:
    """Return the system prompt, or None, and the messages, of ``chat`` in Anthropic's shape."""
    system: list[str] = []
    messages: list[JsonObject] = []
    for message in chat:
        role, content = message.get("role"), message.get("content")
        if role in ("system", "developer"):
            system.append(content if isinstance(content, str) else raw_arguments(content))
        elif role in ("tool", "function"):
            _append_block(messages, "user", _tool_result(message))
        elif role == "assistant" and message.get("tool_calls"):
            for block in _blocks_of_assistant(message):
                _append_block(messages, "assistant", block)
        elif content is not None and content != "":
            for block in _text_blocks(content):
                _append_block(messages, str(role), block)
    return "\n\n".join(system) or None, [_plain_text(message) for message in messages]


def anthropic_tools(tools: list[JsonObject]) -> list[JsonObject]:
    """Return chat tool definitions as Anthropic's."""
    found = []
    for tool in tools:
        function = tool.get("function")
        if not isinstance(function, dict):
            continue
        schema = function.get("parameters") or {"type": "object", "properties": {}}
        definition = {"name": function["name"], "input_schema": schema}
        if "description" in function:
            definition["description"] = function["description"]
        found.append(definition)
    return found


def _chat_from_items(items: JsonValue, lost: Lost) -> list[JsonObject]:
    """Responses items; the calls and texts of one turn become one assistant message."""
    messages: list[JsonObject] = []
    for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
        kind = item.get("type", "message")
        if kind == "function_call":
            _append_call(messages, item)
        elif kind == "function_call_output":
            output = item.get("output")
            content = output if isinstance(output, str) else raw_arguments(output)
            messages.append(
                {"role": "tool", "tool_call_id": item.get("call_id"), "content": content}
            )
        elif kind == "message":
            messages.append({"role": item["role"], "content": _plain_parts(item["content"])})
        else:
            lost[f"items of type {kind}"] += 1
    return messages


def _append_call(messages: list[JsonObject], item: JsonObject) -> None:
    function = {"name": item["name"], "arguments": item["arguments"]}
    call = {"id": item.get("call_id"), "type": "function", "function": function}
    if messages and messages[-1]["role"] == "assistant":
        messages[-1] = {
            **messages[-1],
            "tool_calls": [*messages[-1].get("tool_calls", []), call],
        }
    else:
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})


def _plain_parts(content: JsonValue) -> JsonValue:
    if not isinstance(content, list):
        return content
    kinds = ("input_text", "output_text", "text")
    if all(part.get("type") in kinds for part in content):
        return "".join(part["text"] for part in content)
    return content


def _chat_from_blocks(message: JsonObject, lost: Lost) -> list[JsonObject]:
    """One Anthropic message: its tool results first, as chat wants them, then the rest."""
    content = message["content"]
    if isinstance(content, str):
        return [{"role": message["role"], "content": content}]
    messages: list[JsonObject] = []
    texts: list[str] = []
    calls: list[JsonObject] = []
    for block in content:
        kind = block.get("type")
        if kind == "text":
            texts.append(block["text"])
        elif kind == "tool_use":
            calls.append(_chat_call(block))
        elif kind == "tool_result":
            messages.append(_chat_answer(block))
        else:
            lost[f"blocks of type {kind}"] += 1
    if texts or calls:
        rest: JsonObject = {"role": message["role"], "content": "".join(texts) or None}
        messages.append({**rest, "tool_calls": calls} if calls else rest)
    return messages


def _chat_call(block: JsonObject) -> JsonObject:
    function = {"name": block["name"], "arguments": raw_arguments(block["input"])}
    return {"id": block.get("id"), "type": "function", "function": function}


def _chat_answer(block: JsonObject) -> JsonObject:
    answer: JsonObject = {
        "role": "tool",
        "tool_call_id": block.get("tool_use_id"),
        "content": block_text(block.get("content")) or "",
    }
    return {**answer, "error": True} if block.get("is_error") else answer


def block_text(content: JsonValue) -> str | None:
    """Return the text of a tool result's content: text blocks joined, other content as JSON."""
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, list) and all(
        isinstance(block, dict) and isinstance(block.get("text"), str) for block in content
    ):
        return "".join(block["text"] for block in content)
    return raw_arguments(content)


def _tool_result(message: JsonObject) -> JsonObject:
    content = message.get("content")
    block: JsonObject = {
        "type": "tool_result",
        "tool_use_id": message.get("tool_call_id") or message.get("name"),
        "content": content if isinstance(content, str) else block_text(content) or "",
    }
    return {**block, "is_error": True} if message.get("error") else block


def _blocks_of_assistant(message: JsonObject) -> list[JsonObject]:
    blocks = _text_blocks(message["content"]) if message.get("content") else []
    for call in message["tool_calls"]:
        part = call.get("function") or {}
        blocks.append(
            {
                "type": "tool_use",
                "id": call.get("id") or part.get("name"),
                "name": part.get("name"),
                "input": _input_of(part.get("arguments")),
            }
        )
    return blocks


def _input_of(arguments: JsonValue) -> JsonValue:
    """Anthropic's input is parsed; text that is no object is kept under a key that says so."""
    if isinstance(arguments, dict):
        return arguments
    try:
        parsed = json.loads(arguments or "{}")
    except ValueError:
        parsed = None
    return parsed if isinstance(parsed, dict) else {"unparsed_arguments": arguments}


def _text_blocks(content: JsonValue) -> list[JsonObject]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _append_block(messages: list[JsonObject], role: str, block: JsonObject) -> None:
    """Roles must take turns: neighbours of one role become one message."""
    if messages and messages[-1]["role"] == role:
        messages[-1]["content"].append(block)
    else:
        messages.append({"role": role, "content": [block]})


def _plain_text(message: JsonObject) -> JsonObject:
    blocks = message["content"]
    if len(blocks) == 1 and set(blocks[0]) == {"type", "text"}:
        return {"role": message["role"], "content": blocks[0]["text"]}
    return message
