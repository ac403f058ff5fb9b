"""Session logs of Gemini CLI (`~/.gemini/tmp/*/chats/session-*.jsonl`): one session is one trace.

A line is the session, a message, or what becomes of earlier ones: a message that comes again takes
the place of itself, `$set` and `$rewindTo` that of all before. Versions of 2025 have one JSON
object with all messages. Tools of MCP servers are shown as `mcp_SERVER_TOOL`, and what they answer
is wrapped; the tool's own name and words are found in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from replay.interchange.genai_messages import result_text
from replay.interchange.lines import Misfit
from replay.interchange.spans import parsed
from replay.interchange.times import ns_of
from replay.interchange.told import GENERATE, ToldModelCall, ToldRun, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import CallError, JsonObject, JsonValue, Outcome, Stage
from replay.tools.arguments import raw_arguments

SOURCE: Final = "gemini-cli"

OTHER: Final = "messages of the program's own (notices, errors): left out"
NO_TOOLS: Final = "model calls without their system prompt and tool definitions: the log has none"
_SAID: Final = ("user", "gemini")
_OF_A_SERVER: Final = re.compile(r"(.+) \(.+ MCP Server\)", re.DOTALL)
_WRAPPED: Final = re.compile(r"\s*<untrusted_context>\n(.*)\n</untrusted_context>\s*", re.DOTALL)
_FAILED: Final = re.compile(r"MCP tool '.+?' reported tool error .*? with response: (\[.*\])", re.S)
_REFUSED: Final = re.compile(r"params(/\S+)? must ")
"""How the program's own check of arguments begins, before a tool sees them."""


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a session, or the line that one begins with."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("sessionId"), str)
        and isinstance(value.get("projectHash"), str)
    )


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the line; the file is the session.

    Raises:
        Misfit: it is no line of a session.
    """
    known = ("sessionId", "$set", "$rewindTo", "type")
    if not isinstance(value, dict) or not any(name in value for name in known):
        raise Misfit([], "a line of a session of Gemini CLI", value)
    if isinstance(value.get("sessionId"), str) and "key" not in place.state:
        place.state["key"] = value["sessionId"]
    key = place.state.setdefault("key", place.path.name.split(".", 1)[0])
    yield Piece(key, value, f"{place.path.name}:{place.number}")


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace of a session."""
    told = ToldTrace(SOURCE, key, app=SOURCE)
    session = _Session(told)
    for message in _messages(found, told):
        session.take(message)
    if not told.model_calls:
        return
    told.notes[NO_TOOLS] += len(told.model_calls)
    told.name_of = lambda shown: session.own_names.get(shown, shown)
    yield told


def _messages(lines: list[JsonObject], told: ToldTrace) -> list[JsonObject]:
    """The messages as they stood at the end."""
    kept: dict[str, JsonObject] = {}
    for line in lines:
        if isinstance(line.get("$rewindTo"), str):
            names = list(kept)
            since = names.index(line["$rewindTo"]) if line["$rewindTo"] in kept else 0
            for name in names[since:]:
                del kept[name]
            continue
        if isinstance(line.get("id"), str) and "type" in line:
            kept[line["id"]] = line
            continue
        about = line["$set"] if isinstance(line.get("$set"), dict) else line
        if isinstance(about.get("messages"), list):
            # Under `$set` they are all there is; with the session itself, those of its beginning.
            kept = {} if about is not line else kept
            messages = [one for one in about["messages"] if isinstance(one, dict)]
            kept |= {str(one.get("id")): one for one in messages}
        told.started_ns = told.started_ns or ns_of(about.get("startTime"))
        told.ended_ns = ns_of(about.get("lastUpdated")) or told.ended_ns
        names_told = ("projectHash", "kind", "summary", "directories")
        told.metadata |= {name: about[name] for name in names_told if about.get(name)}
    return list(kept.values())


class _Session:
    """Reads a session's messages in order."""

    def __init__(self, told: ToldTrace) -> None:
        self.told = told
        self.contents: list[Any] = []
        self.own_names: dict[str, str] = {}
        """Of tools of MCP servers, by what the model was shown."""
        self.answers: list[JsonObject] = []
        """To the last message's calls: told again in the next one, save by old versions."""
        self.asked_ns: int | None = None

    def take(self, message: JsonObject) -> None:
        """Add a message to the conversation."""
        kind = message.get("type")
        if kind not in _SAID:
            self.told.notes[OTHER] += 1
            return
        parts = parts_of(message.get("content"))
        if self.answers and not any("functionResponse" in part for part in parts):
            self.contents.append({"role": "user", "parts": self.answers})
        self.answers = []
        if kind == "user":
            self.contents.append({"role": "user", "parts": parts})
            self.asked_ns = ns_of(message.get("timestamp"))
        else:
            self._take_answer(message, parts)

    def _take_answer(self, message: JsonObject, parts: list[JsonObject]) -> None:
        calls = [one for one in message.get("toolCalls") or [] if isinstance(one, dict)]
        for call in calls:
            asked = {name: call[name] for name in ("id", "name", "args") if name in call}
            parts.append({"functionCall": asked})
            self.answers += parts_of(call.get("result"))
            self._add_run(call)
        output = {"role": "model", "parts": parts}
        thoughts = message.get("thoughts")
        self.told.model_calls.append(
            ToldModelCall(
                str(message.get("id")),
                GENERATE,
                messages=list(self.contents),
                output=output,
                provider="gcp.gemini",
                model=message.get("model"),
                response_model=message.get("model"),
                usage=_usage(message.get("tokens")),
                started_ns=self.asked_ns,
                ended_ns=ns_of(message.get("timestamp")),
                plane=SOURCE,
                attributes={"thoughts": thoughts} if thoughts else {},
            )
        )
        self.contents.append(output)

    def _add_run(self, call: JsonObject) -> None:
        shown = str(call.get("name"))
        named = _OF_A_SERVER.fullmatch(str(call.get("displayName") or ""))
        own = named[1] if named and shown.endswith(named[1]) else shown
        self.own_names[shown] = own
        text, is_error = answer_in(call.get("result"))
        run = ToldRun(
            f"{call.get('id')}:{len(self.told.runs)}",
            own,
            arguments=raw_arguments(call.get("args") or {}),
            provider_call_id=call.get("id"),
            response=text,
            is_exact=text is not None,
            ended_ns=ns_of(call.get("timestamp")),
        )
        if is_error and text is not None:
            run.error = CallError(type="Error", message=text)
            if _REFUSED.match(text):
                run.outcome = Outcome.INVALID_ARGUMENTS
                run.error = CallError(type="InvalidArguments", message=text, stage=Stage.VALIDATE)
        self.told.runs.append(run)


def parts_of(content: JsonValue) -> list[JsonObject]:
    """Return the parts that a message has, a text as one of them."""
    if isinstance(content, str):
        return [{"text": content}] if content else []
    said = content if isinstance(content, list) else [content]
    found = [{"text": one} if isinstance(one, str) else one for one in said if one]
    return [one for one in found if isinstance(one, dict)]


def answer_in(result: JsonValue) -> tuple[str | None, bool]:
    """Return what the tool said without what is put around it, and whether that is an error."""
    said = next((p["functionResponse"] for p in parts_of(result) if "functionResponse" in p), None)
    response = said.get("response") if isinstance(said, dict) else None
    if not isinstance(response, dict):
        return None, False
    if response.get("error") is not None:
        return _error_text(str(response["error"])), True
    text = response.get("output")
    if not isinstance(text, str):
        return json.dumps(response, ensure_ascii=False), False
    wrapped = _WRAPPED.fullmatch(text)
    if wrapped:
        text = wrapped[1].replace("&lt;/untrusted_context&gt;", "</untrusted_context>")
    return text, False


def _error_text(text: str) -> str:
    found = _FAILED.fullmatch(text)
    told = parsed(found[1]) if found else None
    if not isinstance(told, list) or not told or not isinstance(told[0], dict):
        return text
    response = (told[0].get("functionResponse") or {}).get("response") or {}
    return result_text(response["content"]) if response.get("content") else text


def _usage(tokens: JsonValue) -> JsonObject | None:
    """Counts in the words of `generateContent`, which the log shortens."""
    if not isinstance(tokens, dict):
        return None
    names = {
        "input": "promptTokenCount",
        "output": "candidatesTokenCount",
        "cached": "cachedContentTokenCount",
        "thoughts": "thoughtsTokenCount",
        "tool": "toolUsePromptTokenCount",
        "total": "totalTokenCount",
    }
    return {names[name]: count for name, count in tokens.items() if name in names and count}


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
