"""Session logs of Codex (`~/.codex/sessions/**/rollout-*.jsonl`): one session is one trace.

Its lines are items of the Responses API as they came and went, and events of the program. What the
model said up to the next count of tokens, or the next item that is not its own, is one model call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from replay.interchange.genai_messages import result_text
from replay.interchange.lines import Misfit
from replay.interchange.mcp_names import own_name
from replay.interchange.times import ns_of
from replay.interchange.told import RESPONSES, ToldModelCall, ToldRun, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import CallError, JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

SOURCE: Final = "codex"

OTHER: Final = "lines of the program's own (settings, progress): left out"
NO_TOOLS: Final = "model calls without their tool definitions: the log has none"
_KINDS: Final = ("session_meta", "response_item", "event_msg", "turn_context", "compacted")
_BY_THE_MODEL: Final = (
    "function_call",
    "custom_tool_call",
    "local_shell_call",
    "reasoning",
    "web_search_call",
    "tool_search_call",
)
_COUNTS: Final = ("token_usage_record", "token_count")
_OURS: Final = ("internal_chat_message_metadata_passthrough", "namespace")


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a line of a session."""
    return (
        isinstance(value, dict)
        and value.get("type") in _KINDS
        and isinstance(value.get("payload"), dict)
        and "timestamp" in value
    )


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the line; the file is the session.

    Raises:
        Misfit: it is no line of a session.
    """
    if not isinstance(value, dict) or not isinstance(value.get("payload"), dict):
        raise Misfit([], "a line of a session of Codex, with `type` and `payload`", value)
    if value.get("type") == "session_meta" and "key" not in place.state:
        payload = value["payload"]
        place.state["key"] = str(payload.get("id") or payload.get("session_id"))
    key = place.state.setdefault("key", place.path.name.split(".", 1)[0])
    yield Piece(key, value, f"{place.number}")


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace of a session."""
    session = _Session(ToldTrace(SOURCE, key, name_of=own_name))
    for line in found:
        session.take(line)
    session.close(None)
    told = session.told
    if told.model_calls:
        told.app = SOURCE
        told.notes[NO_TOOLS] += len(told.model_calls)
        yield told


class _Session:
    """Reads a session's lines in order."""

    def __init__(self, told: ToldTrace) -> None:
        self.told = told
        self.items: list[Any] = []
        self.said: list[Any] = []
        """What the model has said since its last prompt."""
        self.calls_without_usage: list[ToldModelCall] = []
        self.model: str | None = None
        self.instructions: str | None = None
        self.asked_at: int | None = None
        self.said_at: int | None = None

    def take(self, line: JsonObject) -> None:
        """Take a line: an item of the conversation, or what the program says of it."""
        payload, at = line["payload"], ns_of(line.get("timestamp"))
        kind = line.get("type")
        if kind == "response_item":
            self._item(payload, at)
        elif kind == "session_meta":
            self._meta(payload, at)
        elif kind == "turn_context":
            model = payload.get("model")
            self.model = model if isinstance(model, str) else self.model
        elif kind == "compacted":
            self.close(None)
            history = payload.get("replacement_history")
            words = {"role": "user", "content": str(payload.get("message") or "")}
            self.items = list(history) if isinstance(history, list) else [words]
        elif kind in _COUNTS or payload.get("type") in _COUNTS:
            self.close(payload)
        else:
            self._event(payload)

    def _meta(self, payload: JsonObject, at: int | None) -> None:
        self.told.started_ns = self.told.started_ns or at
        names = ("cwd", "cli_version", "originator", "git")
        self.told.metadata = {name: payload[name] for name in names if payload.get(name)}
        said = payload.get("base_instructions")
        said = said.get("text") if isinstance(said, dict) else payload.get("instructions")
        self.instructions = said if isinstance(said, str) else None

    def _item(self, item: JsonObject, at: int | None) -> None:
        is_said = item.get("type") in _BY_THE_MODEL or (
            item.get("type") == "message" and item.get("role") == "assistant"
        )
        plain = {name: one for name, one in item.items() if name not in _OURS}
        if item.get("namespace") and isinstance(item.get("name"), str):
            # The tools of a server are shown in its namespace.
            plain["name"] = f"{item['namespace']}__{item['name']}"
        if is_said:
            self.said.append(plain)
            self.said_at = at
            return
        self.close(None)
        self.items.append(plain)
        self.asked_at = at

    def close(self, count: JsonObject | None) -> None:
        """End the model call that was under way; ``count``: its tokens, or None."""
        if self.said:
            call = ToldModelCall(
                str(len(self.told.model_calls)),
                RESPONSES,
                messages=list(self.items),
                output=self.said,
                provider="openai",
                model=self.model,
                started_ns=self.asked_at,
                ended_ns=self.said_at,
                plane=SOURCE,
                parameters={"instructions": self.instructions} if self.instructions else {},
            )
            self.told.model_calls.append(call)
            self.calls_without_usage.append(call)
            self.items = [*self.items, *self.said]
            self.said = []
        if count is not None and self.calls_without_usage:
            last = self.calls_without_usage[-1]
            info = count.get("info") or {}
            last.usage = count.get("usage") or info.get("last_token_usage") or last.usage
            last.response_id = count.get("response_id") or last.response_id
            self.calls_without_usage.clear()

    def _event(self, payload: JsonObject) -> None:
        """A call of an MCP server's tool: what it answered, before the program wrapped it."""
        item = payload.get("item")
        if payload.get("type") == "mcp_tool_call_end":
            said = payload.get("invocation") or {}
            result = payload.get("result") or {}
            self._add_run(
                {"id": payload.get("call_id"), **said, "result": result.get("Ok")},
                result.get("Err"),
                None,
                None,
            )
        elif isinstance(item, dict) and item.get("type") == "McpToolCall":
            started, ended = payload.get("started_at_ms"), payload.get("completed_at_ms")
            error = item.get("error")
            words = error.get("message") if isinstance(error, dict) else error
            self._add_run(item, words, started, ended)
        else:
            self.told.notes[OTHER] += 1

    def _add_run(self, item: JsonObject, error: Any, started: Any, ended: Any) -> None:
        result = item.get("result") or {}
        text = result_text(result.get("content")) if result.get("content") is not None else None
        failed = result.get("isError") or result.get("is_error")
        words = str(error) if error else (text or "") if failed else None
        self.told.runs.append(
            ToldRun(
                f"{item.get('id')}:{len(self.told.runs)}",
                str(item.get("tool")),
                arguments=raw_arguments(item.get("arguments")),
                provider_call_id=item.get("id"),
                response=text if text is not None else words,
                is_exact=text is not None,
                error=CallError(type="Error", message=words) if words is not None else None,
                started_ns=int(started * 1e6) if isinstance(started, int) else None,
                ended_ns=int(ended * 1e6) if isinstance(ended, int) else None,
                attributes={"mcp_server": item.get("server")},
            )
        )


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
