"""OpenAI chat JSONL: one conversation per line, as `{"messages": [...], "tools": [...]}`.

Read with the fields that recorded corpora add to it (docs/import.md lists them), and written so
that a line that was imported comes out as it went in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from replay.interchange.contexts import Contexts
from replay.interchange.conversation import Answer, AskedCall, Conversation, Message, Reply
from replay.interchange.line_fields import ReadOptions, conversation_of_line, recorded_fields
from replay.interchange.lines import Misfit, PathPart, want
from replay.interchange.rebuilding import is_imported, line_of
from replay.interchange.shapes import chat_messages, chat_output, chat_tools
from replay.interchange.threads import Thread, threads_of
from replay.interchange.times import utc
from replay.records import JsonObject, JsonValue, ModelCall, Outcome, ToolCall, Transcript
from replay.tools.arguments import raw_arguments

SOURCE: Final = "openai-chat"

_SHOWN: Final = frozenset(
    (
        "role",
        "content",
        "name",
        "tool_calls",
        "tool_call_id",
        "function_call",
        "refusal",
        "audio",
        "annotations",
        "reasoning_content",
        "reasoning",
        "reasoning_details",
        "thinking_blocks",
        "cache_control",
    )
)
"""Fields of a message that are part of the talk; all others only describe it."""
_CALL_SHOWN: Final = frozenset(("id", "type", "function", "custom"))
_ROLES: Final = "assistant, user, tool, function, system or developer"
_PARAMETERS: Final = (
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "seed",
    "stop",
    "reasoning_effort",
)


def looks_like(line: JsonObject) -> bool:
    """Return whether ``line`` can only be OpenAI chat."""
    if any(isinstance(tool, dict) and "function" in tool for tool in line.get("tools") or []):
        return True
    messages = [message for message in line["messages"] if isinstance(message, dict)]
    return any(
        message.get("role") in ("tool", "function", "system", "developer")
        or "tool_calls" in message
        or "function_call" in message
        for message in messages
    )


def read_line(line: JsonObject, contexts: Contexts, options: ReadOptions) -> Conversation:
    """Return the conversation that ``line`` tells.

    Raises:
        Misfit: a value is not what the format has in its place.
    """
    conversation = conversation_of_line(
        line, options, source=SOURCE, api="chat.completions", parameter_names=_PARAMETERS
    )
    _add_tools(conversation, line, contexts)
    messages = want(line.get("messages"), list, ["messages"], "a list of messages")
    for index, message in enumerate(messages):
        path: list[PathPart] = ["messages", index]
        want(message, dict, path, "a message object")
        conversation.messages.append(_message(message, path))
    _note_time(conversation)
    return conversation


def _add_tools(conversation: Conversation, line: JsonObject, contexts: Contexts) -> None:
    functions = want(line.get("functions"), (list, type(None)), ["functions"], "a list")
    tools = want(line.get("tools"), (list, type(None)), ["tools"], "a list of tool definitions")
    context = contexts.named(line.get("context")) if tools is None else None
    if context is not None:
        tools = context.tools
        if context.system is not None:
            conversation.prefix = [{"role": "system", "content": context.system}]
        conversation.attributes["context"] = True
    elif tools:
        del conversation.line["tools"]
    elif isinstance(line.get("context"), str) and not line.get("tools"):
        conversation.notes["conversations whose `context` is in no contexts.json beside"] += 1
    old_style = [{"type": "function", "function": function} for function in functions or []]
    conversation.tools = list(tools or []) + old_style


def _message(message: JsonObject, path: list[PathPart]) -> Message:
    role = want(message.get("role"), str, [*path, "role"], f"a role: {_ROLES}")
    if role == "assistant":
        return _assistant(message, path)
    if role in ("tool", "function"):
        return _answer(message, path)
    if role not in ("user", "system", "developer"):
        raise Misfit([*path, "role"], f"a role: {_ROLES}", role)
    if message.get("tool_calls"):
        return _acting_user(message, path)
    shown, fields = _split(message)
    return Message(shown, message, fields=fields, at=utc(message.get("timestamp")))


def _assistant(message: JsonObject, path: list[PathPart]) -> Message:
    calls = _calls(message, path)
    shown, fields = _split(message)
    usage = message.get("usage")
    if isinstance(usage, dict):
        del fields["usage"]
    if calls:
        shown = _without_call_fields(shown)
    reply = Reply(shown, usage=usage if isinstance(usage, dict) else None)
    at = utc(message.get("timestamp"))
    return Message(shown, message, reply=reply, calls=calls, fields=fields, at=at)


def _acting_user(message: JsonObject, path: list[PathPart]) -> Message:
    """A simulated user who calls tools: the model sees the words, never the calls."""
    calls = _calls(message, path)
    shown, fields = _split(message)
    fields["tool_calls"] = shown.pop("tool_calls")
    for call in calls:
        call.fields = {}
    return Message(
        shown if shown.get("content") is not None else None,
        message,
        actor="user",
        calls=calls,
        fields=fields,
        at=utc(message.get("timestamp")),
    )


def _answer(message: JsonObject, path: list[PathPart]) -> Message:
    call_id = want(
        message.get("tool_call_id"),
        (str, type(None)),
        [*path, "tool_call_id"],
        "the id of a call, or none",
    )
    name = message.get("name")
    shown, fields = _split(message)
    answer = Answer(
        call_id,
        text_of(message.get("content")),
        tool=name if isinstance(name, str) else None,
        is_error=_error_flag(message),
        actor="user" if message.get("requestor") == "user" else None,
        fields=fields,
    )
    return Message(shown, message, answers=[answer], at=utc(message.get("timestamp")))


def _error_flag(message: JsonObject) -> bool | None:
    for name in ("error", "is_error"):
        value = message.get(name)
        if isinstance(value, bool):
            return value
        if value is not None:
            return True
    return True if message.get("status") == "error" else None


def _calls(message: JsonObject, path: list[PathPart]) -> list[AskedCall]:
    path = [*path, "tool_calls"]
    asked = want(message.get("tool_calls"), (list, type(None)), path, "a list of tool calls") or []
    calls = [_call(call, [*path, index]) for index, call in enumerate(asked)]
    old_style = message.get("function_call")
    if old_style is not None:
        calls.append(_named_call(old_style, [*path[:-1], "function_call"], "arguments"))
    return calls


def _call(call: Any, path: list[PathPart]) -> AskedCall:
    want(call, dict, path, "a tool call object")
    call_id = want(call.get("id"), (str, type(None)), [*path, "id"], "an id, or none")
    part, text_name = ("custom", "input") if "custom" in call else ("function", "arguments")
    asked = _named_call(call.get(part), [*path, part], text_name)
    positional = want(
        call.get("positional"),
        (list, type(None)),
        [*path, "positional"],
        "a list of positional arguments",
    )
    asked.provider_call_id = call_id
    asked.positional = positional
    asked.free_text = part == "custom"
    asked.fields = {name: value for name, value in call.items() if name not in _CALL_SHOWN}
    if positional is not None:
        del asked.fields["positional"]
    return asked


def _named_call(part: Any, path: Sequence[PathPart], text_name: str) -> AskedCall:
    want(part, dict, path, f"an object with `name` and `{text_name}`")
    name = want(part.get("name"), str, [*path, "name"], "the tool's name")
    arguments = want(
        part.get(text_name),
        (str, dict, type(None)),
        [*path, text_name],
        "the model's text, or an object",
    )
    return AskedCall(name, "" if arguments is None else raw_arguments(arguments))


def _split(message: JsonObject) -> tuple[JsonObject, JsonObject]:
    shown = {name: value for name, value in message.items() if name in _SHOWN}
    return shown, {name: value for name, value in message.items() if name not in _SHOWN}


def _without_call_fields(shown: JsonObject) -> JsonObject:
    calls = shown.get("tool_calls")
    if not calls or all(_CALL_SHOWN.issuperset(call) for call in calls):
        return shown
    bare = [{name: value for name, value in call.items() if name in _CALL_SHOWN} for call in calls]
    return {**shown, "tool_calls": bare}


def text_of(content: JsonValue) -> str | None:
    """Return ``content`` as one text: text parts joined, anything else as JSON."""
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        if len(texts) == len(content) and all(isinstance(text, str) for text in texts):
            return "".join(text for text in texts if isinstance(text, str))
    return raw_arguments(content)


def _note_time(conversation: Conversation) -> None:
    if conversation.at is None and not any(message.at for message in conversation.messages):
        conversation.notes["conversations without a time, dated 1970"] += 1


def write_lines(transcript: Transcript, lost: Counter[str]) -> list[JsonObject]:
    """Return the lines that tell ``transcript``: the imported line, or one for each thread.

    What the format cannot say is counted in ``lost``.
    """
    if is_imported(transcript, SOURCE):
        return [_imported_line(transcript)]
    return [_recorded_line(transcript, thread, lost) for thread in threads_of(transcript)]


def _imported_line(transcript: Transcript) -> JsonObject:
    line = line_of(transcript, as_message=lambda call: call.output, reply_fields=_reply_fields)
    attributes = transcript.trace.attributes
    call = next((step for step in transcript.steps if isinstance(step, ModelCall)), None)
    named_elsewhere = "context" in attributes or "tools" in line or "functions" in line
    if call is not None and call.tools and not named_elsewhere:
        line["tools"] = call.tools
    return line


def _reply_fields(call: ModelCall) -> JsonObject:
    return {} if call.usage is None else {"usage": call.usage}


def _recorded_line(transcript: Transcript, thread: Thread, lost: Counter[str]) -> JsonObject:
    call = thread.last
    chat_messages(call, lost)
    chat_output(call, lost)
    line = recorded_fields(transcript.trace, call)
    line["messages"] = _with_error_flags(transcript, thread.messages)
    tools = chat_tools(call, lost)
    return {**line, "tools": tools} if tools else line


def _with_error_flags(transcript: Transcript, messages: list[JsonObject]) -> list[JsonObject]:
    """Mark answers of calls that failed: the k-th answer with an id is the k-th call's."""
    failed: dict[str | None, list[bool]] = {}
    for step in transcript.steps:
        if isinstance(step, ToolCall) and step.response is not None:
            failed.setdefault(step.provider_call_id, []).append(step.outcome != Outcome.OK)
    flagged = []
    for message in messages:
        if message.get("role") == "tool" and "error" not in message:
            outcomes = failed.get(message.get("tool_call_id"))
            if outcomes and outcomes.pop(0):
                message = {**message, "error": True}
        flagged.append(message)
    return flagged


def count_line(line: JsonObject) -> Counter[str]:
    """Return what ``line`` holds, by kind."""
    counts: Counter[str] = Counter(conversations=1, messages=len(line["messages"]))
    for message in line["messages"]:
        counts["model_calls"] += message["role"] == "assistant"
        counts["tool_calls"] += len(message.get("tool_calls") or ())
        counts["tool_calls"] += message.get("function_call") is not None
        counts["answers"] += message["role"] in ("tool", "function")
    return counts
