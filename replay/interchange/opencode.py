"""Sessions of OpenCode, as `opencode export` writes them: one session is one trace.

A message of the model has its answers in steps, each of them one model call, with its calls and
what came of them as parts. Tools of MCP servers are shown as `SERVER_TOOL`, which does not tell
where the server's name ends: `--tool-prefix` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from replay.interchange.lines import Misfit
from replay.interchange.spans import chat_usage
from replay.interchange.told import CHAT, ToldModelCall, ToldRun, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import CallError, JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

SOURCE: Final = "opencode"

NO_TOOLS: Final = "model calls without their system prompt and tool definitions: the log has none"
_FINISHES: Final = {"tool-calls": "tool_calls"}


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a session."""
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list):
        return False
    about, messages = value.get("info"), value["messages"]
    return (
        isinstance(about, dict)
        and isinstance(about.get("id"), str)
        and all(isinstance(one, dict) and "info" in one and "parts" in one for one in messages)
    )


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the session.

    Raises:
        Misfit: it is none.
    """
    del place
    if not isinstance(value, dict) or not looks_like(value):
        raise Misfit([], "a session of OpenCode, with `info` and `messages`", value)
    yield Piece(value["info"]["id"], value, value["info"]["id"])


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace of a session."""
    session = found[-1]
    told, about = ToldTrace(SOURCE, key, app=SOURCE), session["info"]
    names = ("title", "directory", "version", "agent", "parentID", "share")
    told.metadata = {name: about[name] for name in names if about.get(name)}
    told.started_ns, told.ended_ns = _span(about.get("time"), "created", "updated")
    conversation: list[JsonObject] = []
    for message in session["messages"]:
        said = message["info"] if isinstance(message["info"], dict) else {}
        parts = [part for part in message["parts"] or [] if isinstance(part, dict)]
        if said.get("role") == "user":
            conversation.append({"role": "user", "content": _words(parts)})
            continue
        for index, step in enumerate(_steps(parts)):
            _Step(told, said, step, index).add_to(conversation)
    if told.model_calls:
        told.notes[NO_TOOLS] += len(told.model_calls)
        yield told


def _steps(parts: list[JsonObject]) -> list[list[JsonObject]]:
    """The parts of each model call: what stands between two that say that one begins."""
    steps: list[list[JsonObject]] = [[]]
    for part in parts:
        if part.get("type") == "step-start" and steps[-1]:
            steps.append([])
        steps[-1].append(part)
    return steps


def _words(parts: list[JsonObject]) -> str:
    return "\n".join(str(part["text"]) for part in parts if part.get("type") == "text")


class _Step:
    """One model call and the runs of the tools that it asked for."""

    def __init__(
        self, told: ToldTrace, about: JsonObject, parts: list[JsonObject], index: int
    ) -> None:
        self.told = told
        self.about = about
        self.index = index
        self.text = _words(parts)
        self.thought = "".join(str(p.get("text")) for p in parts if p.get("type") == "reasoning")
        self.tools = [part for part in parts if part.get("type") == "tool"]
        self.finish = next((p for p in parts if p.get("type") == "step-finish"), {})

    def add_to(self, conversation: list[JsonObject]) -> None:
        """Tell the call with ``conversation`` as its prompt, and add what was said to it."""
        said = self._message()
        self.told.model_calls.append(self._model_call(list(conversation), said))
        if said is not None:
            conversation.append(said)
        for part in self.tools:
            run = self._run(part)
            self.told.runs.append(run)
            if run.response is not None:
                answer = {"role": "tool", "tool_call_id": run.provider_call_id}
                conversation.append({**answer, "content": run.response})

    def _message(self) -> JsonObject | None:
        if not (self.text or self.thought or self.tools):
            return None
        message: JsonObject = {"role": "assistant", "content": self.text or None}
        if self.thought:
            message["reasoning_content"] = self.thought
        if self.tools:
            message["tool_calls"] = [
                {
                    "id": part.get("callID"),
                    "type": "function",
                    "function": {"name": str(part.get("tool")), "arguments": _arguments(part)},
                }
                for part in self.tools
            ]
        return message

    def _model_call(self, prompt: list[Any], said: JsonObject | None) -> ToldModelCall:
        started_ns, ended_ns = _span(self.about.get("time"), "created", "completed")
        runs = [_span(_state(part).get("time"), "start", "end")[0] for part in self.tools]
        asked_ns = min((one for one in runs if one is not None), default=None)
        reason = self.finish.get("reason") or self.about.get("finish")
        cost = self.finish.get("cost") or self.about.get("cost")
        return ToldModelCall(
            f"{self.about.get('id')}.{self.index}",
            CHAT,
            messages=prompt,
            output=said,
            provider=self.about.get("providerID"),
            model=self.about.get("modelID"),
            finish_reason=_FINISHES.get(str(reason), reason),
            usage=_usage(self.finish.get("tokens") or self.about.get("tokens")),
            started_ns=started_ns if self.index == 0 else None,
            # Its tools run while its message is still open.
            ended_ns=asked_ns or ended_ns,
            error=_error(self.about.get("error")),
            plane=SOURCE,
            attributes={"cost": cost} if cost else {},
        )

    def _run(self, part: JsonObject) -> ToldRun:
        state = _state(part)
        started_ns, ended_ns = _span(state.get("time"), "start", "end")
        error = state.get("error")
        text = state.get("output") if error is None else error
        return ToldRun(
            str(part.get("id")),
            str(part.get("tool")),
            arguments=_arguments(part),
            provider_call_id=part.get("callID"),
            response=None if text is None else str(text),
            error=CallError(type="Error", message=str(error)) if error is not None else None,
            started_ns=started_ns,
            ended_ns=ended_ns,
        )


def _state(part: JsonObject) -> JsonObject:
    state = part.get("state")
    return state if isinstance(state, dict) else {}


def _arguments(part: JsonObject) -> str:
    state = _state(part)
    raw = state.get("raw")  # of a call that was cut off while it was written
    return raw if isinstance(raw, str) and raw else raw_arguments(state.get("input") or {})


def _span(time: JsonValue, begin: str, end: str) -> tuple[int | None, int | None]:
    """Milliseconds since 1970, as two times in nanoseconds."""
    said = time if isinstance(time, dict) else {}
    found = (said.get(begin), said.get(end))
    first, last = (int(one * 1_000_000) if isinstance(one, (int, float)) else None for one in found)
    return first, last


def _usage(tokens: JsonValue) -> JsonObject | None:
    if not isinstance(tokens, dict):
        return None
    said = tokens.get("cache")
    cache = said if isinstance(said, dict) else {}
    read, written = cache.get("read") or 0, cache.get("write") or 0
    return chat_usage(
        (tokens.get("input") or 0) + read + written,
        (tokens.get("output") or 0) + (tokens.get("reasoning") or 0),
        cached=read or None,
        written=written or None,
        reasoning=tokens.get("reasoning") or None,
    )


def _error(said: JsonValue) -> CallError | None:
    if not isinstance(said, dict):
        return None
    more = said.get("data")
    words = more.get("message") if isinstance(more, dict) else None
    return CallError(type=str(said.get("name") or "Error"), message=str(words or ""))


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
