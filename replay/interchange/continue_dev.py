"""Sessions of Continue (`~/.continue/sessions/*.json`): one session is one trace.

Its history has the messages, and beside each answer what became of its calls. The list of sessions
beside them (`sessions.json`) says when each began; nothing else of it is told in time. A summary
takes the place of what came before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from replay.interchange.lines import Misfit
from replay.interchange.spans import chat_usage
from replay.interchange.times import ns_of
from replay.interchange.told import CHAT, ToldModelCall, ToldRun, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import CallError, JsonObject, JsonValue, Outcome
from replay.tools.arguments import raw_arguments

SOURCE: Final = "continue"

NO_TOOLS: Final = "model calls without their system prompt and tool definitions: the log has none"
_NO_ANSWER: Final = "No tool output"
_CANCELLED: Final = "The user cancelled this tool call."
_ERRORED: Final = "There was an error calling the tool."
"""What the program tells a model of a call that has no output."""


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a session, or the entry of one in the list of sessions."""
    if not isinstance(value, dict) or not isinstance(value.get("sessionId"), str):
        return False
    if not isinstance(value.get("workspaceDirectory"), str):
        return False
    history = value.get("history")
    if history is None:
        return "dateCreated" in value
    return isinstance(history, list) and all(_is_entry(one) for one in history)


def _is_entry(value: JsonValue) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("message"), dict)
        and isinstance(value["message"].get("role"), str)
    )


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the session, or what the list of sessions says of it.

    Raises:
        Misfit: it is neither.
    """
    del place
    if not isinstance(value, dict) or not isinstance(value.get("sessionId"), str):
        raise Misfit([], "a session of Continue, with `sessionId` and `history`", value)
    history = value.get("history") or []
    if not isinstance(history, list):
        raise Misfit(["history"], "a list of messages", history)
    bad = next((i for i, one in enumerate(history) if not _is_entry(one)), None)
    if bad is not None:
        raise Misfit(["history", bad], "a message with a role", history[bad])
    yield Piece(value["sessionId"], value, "session" if history else "listed")


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace of a session."""
    told = ToldTrace(SOURCE, key, app=SOURCE)
    session = next((one for one in found if one.get("history")), None)
    if session is None:
        return
    reading = _Session(told, session)
    for entry in session["history"]:
        reading.take(entry)
    if not told.model_calls:
        return
    told.notes[NO_TOOLS] += len(told.model_calls)
    told.name_of = lambda shown: reading.own_names.get(shown, shown)
    names = ("title", "workspaceDirectory", "mode")
    told.metadata = {name: session[name] for name in names if session.get(name)}
    told.started_ns = next((ns for one in found if (ns := _since(one.get("dateCreated")))), None)
    yield told


def _since(said: JsonValue) -> int | None:
    """A time, which older versions have as the text of a number."""
    is_number = isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 20
    return ns_of(int(said)) if isinstance(said, str) and is_number else ns_of(said)


class _Session:
    """Reads a session's history in order."""

    def __init__(self, told: ToldTrace, session: JsonObject) -> None:
        self.told = told
        title = session.get("chatModelTitle")
        self.model = title if isinstance(title, str) else None
        self.messages: list[JsonObject] = []
        self.thought = ""
        self.own_names: dict[str, str] = {}
        """Of tools of MCP servers, by what the model was shown."""

    def take(self, entry: JsonObject) -> None:
        """Add a message, and what became of its calls, to the conversation."""
        message = entry["message"]
        role, content = message["role"], message.get("content")
        if role == "assistant":
            self._take_answer(entry, message)
        elif role == "thinking":
            self.thought += _words(content)
        elif role == "user":
            self.messages.append({"role": "user", "content": _with_context(content, entry)})
        elif role == "system":
            self.messages.append({"role": "system", "content": _words(content)})
        elif role == "tool":
            self._take_told(message.get("toolCallId"), _words(content))
        if isinstance(entry.get("conversationSummary"), str) and entry["conversationSummary"]:
            said = f"Previous conversation summary:\n\n {entry['conversationSummary']}"
            self.messages = [{"role": "system", "content": said}]

    def _take_told(self, call_id: JsonValue, text: str) -> None:
        """Add an answer, unless what became of the call has told it already."""
        told = {one.get("tool_call_id") for one in self.messages if one["role"] == "tool"}
        if call_id not in told:
            self.messages.append({"role": "tool", "tool_call_id": call_id, "content": text})

    def _take_answer(self, entry: JsonObject, message: JsonObject) -> None:
        said = entry.get("toolCallStates")
        states = [one for one in (said if isinstance(said, list) else []) if isinstance(one, dict)]
        output: JsonObject = {"role": "assistant", "content": _words(message.get("content"))}
        thought = entry.get("reasoning")
        if isinstance(thought, dict) and isinstance(thought.get("text"), str):
            self.thought += thought["text"]
        if self.thought:
            output["reasoning_content"], self.thought = self.thought, ""
        calls = _calls(message.get("toolCalls")) or _calls([one.get("toolCall") for one in states])
        if calls:
            output["tool_calls"] = calls
        if not calls and not output["content"]:
            return
        self.told.model_calls.append(
            ToldModelCall(
                f"{len(self.told.model_calls)}",
                CHAT,
                messages=list(self.messages),
                output=output,
                model=self.model or _logged(entry, "modelTitle"),
                provider=_logged(entry, "modelProvider"),
                usage=_usage(message.get("usage")),
                plane=SOURCE,
            )
        )
        self.messages.append(output)
        for state in states:
            self._take_state(state)

    def _take_state(self, state: JsonObject) -> None:
        call = next(iter(_calls([state.get("toolCall")])), None)
        if call is None or state.get("status") in ("generating", "generated", "calling"):
            return
        shown = call["function"]["name"]
        definition = state.get("tool")
        own = definition.get("originalFunctionName") if isinstance(definition, dict) else None
        if isinstance(own, str) and own:
            self.own_names[shown] = own
        status, text = state.get("status"), _output(state)
        run = ToldRun(
            f"{call['id']}:{len(self.told.runs)}",
            self.own_names.get(shown, shown),
            arguments=call["function"]["arguments"],
            provider_call_id=call["id"],
            response=text,
        )
        if status != "done":
            run.error = CallError(type="Error", message=text)
        if status == "canceled":
            run.outcome = Outcome.CANCELLED
        self.told.runs.append(run)
        self.messages.append({"role": "tool", "tool_call_id": call["id"], "content": text})


def _output(state: JsonObject) -> str:
    """What the program tells the model of a call."""
    if state.get("status") == "canceled":
        return _CANCELLED
    said = state.get("output")
    if not isinstance(said, list) or not said:
        return _ERRORED if state.get("status") == "errored" else _NO_ANSWER
    items = [one for one in said if isinstance(one, dict)]
    return "\n\n".join(str(one.get("content") or "") for one in items)


def _calls(said: JsonValue) -> list[JsonObject]:
    """Calls in the form of chat completions; those without a name are none."""
    calls: list[JsonObject] = []
    for one in said if isinstance(said, list) else []:
        function = one.get("function") if isinstance(one, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            continue
        given = function.get("arguments")
        text = given if isinstance(given, str) else raw_arguments(given or {})
        named = {"name": function["name"], "arguments": text}
        call_id = one.get("id")
        call_id = call_id if isinstance(call_id, str) else None
        calls.append({"id": call_id, "type": "function", "function": named})
    return calls


def _words(content: JsonValue) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(str(one["text"]) for one in parts if isinstance(one, dict) and one.get("text"))


def _with_context(content: JsonValue, entry: JsonObject) -> JsonValue:
    """A user's message behind what was attached to it, as the model was shown both."""
    items = entry.get("contextItems")
    attached = [
        {"type": "text", "text": f"{one['content']}\n"}
        for one in (items if isinstance(items, list) else [])
        if isinstance(one, dict) and isinstance(one.get("content"), str) and one["content"].strip()
    ]
    parts: list[Any] = content if isinstance(content, list) else []
    if not attached and not parts:
        return _words(content)
    own = parts or [{"type": "text", "text": _words(content)}]
    return [*attached, *(_part(one) for one in own)]


def _part(part: JsonValue) -> JsonValue:
    """A picture has another name in chat completions."""
    if isinstance(part, dict) and part.get("type") == "imageUrl":
        return {"type": "image_url", "image_url": part.get("imageUrl")}
    return part


def _logged(entry: JsonObject, name: str) -> str | None:
    logs = entry.get("promptLogs")
    first = logs[0] if isinstance(logs, list) and logs else None
    said = first.get(name) if isinstance(first, dict) else None
    return said if isinstance(said, str) else None


def _usage(said: JsonValue) -> JsonObject | None:
    if not isinstance(said, dict):
        return None
    asked, answered = said.get("promptTokensDetails"), said.get("completionTokensDetails")
    cached = asked if isinstance(asked, dict) else {}
    thought = answered if isinstance(answered, dict) else {}
    return chat_usage(
        _count(said.get("promptTokens")),
        _count(said.get("completionTokens")),
        cached=_count(cached.get("cachedTokens")),
        written=_count(cached.get("cacheWriteTokens")),
        reasoning=_count(thought.get("reasoningTokens")),
    )


def _count(said: JsonValue) -> int | None:
    return said if isinstance(said, int) else None


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
