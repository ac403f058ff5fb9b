"""Session logs of Claude Code (`~/.claude/projects/*/*.jsonl`): one session is one trace.

An answer is a line for each of its blocks, all with the answer's id. Agents that it starts keep
logs of their own with the same session's id, or lines marked as a side chain: each is a
conversation of the trace. Neither system prompts nor tool definitions are in the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from replay.interchange.lines import Misfit
from replay.interchange.mcp_names import own_name
from replay.interchange.times import ns_of
from replay.interchange.told import MESSAGES, ToldModelCall, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import JsonObject, JsonValue

SOURCE: Final = "claude-code"

OTHER: Final = "lines of the program's own (titles, snapshots, attachments): left out"
NO_TOOLS: Final = "model calls without their system prompt and tool definitions: the log has none"
_OTHERS: Final = (
    "queue-operation",
    "summary",
    "file-history-snapshot",
    "last-prompt",
    "attachment",
    "system",
    "progress",
)
_BY_THE_PROGRAM: Final = "<synthetic>"
"""The model of answers that the program made up, where the provider gave an error."""


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a line of a session."""
    if not isinstance(value, dict) or not isinstance(value.get("sessionId"), str):
        return False
    kind = value.get("type")
    return kind in _OTHERS or (kind in ("user", "assistant") and "parentUuid" in value)


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the line where it is part of the conversation.

    Raises:
        Misfit: it is no line of a session.
    """
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise Misfit([], "a line of a session of Claude Code, with `type`", value)
    message = value.get("message")
    if value["type"] not in ("user", "assistant") or not isinstance(message, dict):
        place.notes[OTHER] += 1
        return
    key = value.get("sessionId")
    if not isinstance(key, str):
        raise Misfit(["sessionId"], "the session's id", key)
    if not isinstance(message.get("content"), (str, list)):
        raise Misfit(["message", "content"], "text, or a list of blocks", message.get("content"))
    uuid = value.get("uuid")
    # A session that was resumed has the lines of the one before again.
    yield Piece(key, value, uuid if isinstance(uuid, str) else None)


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace of a session."""
    told = ToldTrace(SOURCE, key, name_of=own_name)
    threads: dict[str, _Thread] = {}
    for line in found:
        name = str(line.get("agentId") or ("side" if line.get("isSidechain") else ""))
        threads.setdefault(name, _Thread(told, name)).take(line)
    if not told.model_calls:
        return
    told.notes[NO_TOOLS] += len(told.model_calls)
    first = found[0]
    told.app = SOURCE
    told.metadata = {
        name: first[name] for name in ("cwd", "gitBranch", "version") if first.get(name)
    }
    times = [time for line in found if (time := ns_of(line.get("timestamp"))) is not None]
    told.started_ns, told.ended_ns = min(times, default=None), max(times, default=None)
    yield told


class _Thread:
    """One conversation of a session: the agent's own, or one of an agent that it started."""

    def __init__(self, told: ToldTrace, name: str) -> None:
        self.told = told
        self.name = name
        self.messages: list[Any] = []
        self.calls: dict[str, ToldModelCall] = {}
        self.asked_at: int | None = None
        """When the last message came that was not the model's."""

    def take(self, line: JsonObject) -> None:
        """Add a line to the conversation."""
        message, at = line["message"], ns_of(line.get("timestamp"))
        if line["type"] == "user":
            self.messages.append({"role": "user", "content": message["content"]})
            self.asked_at = at
            return
        answer_id = str(message.get("id") or line.get("uuid"))
        call = self.calls.get(answer_id)
        if call is None:
            call = self._new_call(answer_id, message, line, at)
        call.output.extend(_blocks(message["content"]))
        call.ended_ns = at or call.ended_ns
        call.finish_reason = message.get("stop_reason") or call.finish_reason
        call.usage = message.get("usage") or call.usage

    def _new_call(
        self, answer_id: str, message: JsonObject, line: JsonObject, at: int | None
    ) -> ToldModelCall:
        model = message.get("model")
        call = ToldModelCall(
            str(line.get("uuid") or answer_id),
            MESSAGES,
            messages=list(self.messages),
            output=[],
            provider="anthropic" if model != _BY_THE_PROGRAM else None,
            model=model,
            response_model=model,
            response_id=message.get("id"),
            started_ns=self.asked_at or at,
            plane=SOURCE,
            attributes={"agent": self.name} if self.name else {},
        )
        if isinstance(line.get("requestId"), str):
            call.attributes["request_id"] = line["requestId"]
        self.calls[answer_id] = call
        self.told.model_calls.append(call)
        # The same list: its further blocks come in lines of their own.
        self.messages.append({"role": "assistant", "content": call.output})
        return call


def _blocks(content: JsonValue) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
