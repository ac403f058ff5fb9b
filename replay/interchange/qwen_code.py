"""Session logs of Qwen Code (`~/.qwen/**/chats/*.jsonl`): one session is one trace.

A line is a message in Google's form, whatever the provider, and names the line before it: what was
taken back is what no longer leads to the last line. Where the program has put a summary in place of
the conversation, it goes on from that. Agents that it starts have lines of a side chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from replay.interchange.gemini_cli import answer_in, parts_of
from replay.interchange.lines import Misfit
from replay.interchange.mcp_names import own_name
from replay.interchange.times import ns_of
from replay.interchange.told import GENERATE, ToldModelCall, ToldRun, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import CallError, JsonObject, JsonValue, Outcome, Stage
from replay.tools.arguments import raw_arguments

SOURCE: Final = "qwen-code"

OTHER: Final = "lines of the program's own (titles, telemetry, commands): left out"
TAKEN_BACK: Final = "messages that were taken back: left out"
NO_TOOLS: Final = "model calls without their system prompt and tool definitions: the log has none"
_KINDS: Final = ("user", "assistant", "tool_result", "system")
_SUMMARY: Final = "chat_compression"
_ENDINGS: Final = {
    "invalid_tool_params": (Outcome.INVALID_ARGUMENTS, "InvalidArguments", Stage.VALIDATE),
    "tool_not_registered": (Outcome.UNKNOWN_TOOL, "UnknownTool", Stage.RESOLVE),
}
"""How calls ended that reached no tool, by what the program calls it."""


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a line of a session. Claude Code's have no parts."""
    if not isinstance(value, dict) or value.get("type") not in _KINDS:
        return False
    message = value.get("message")
    has_parts = isinstance(message, dict) and isinstance(message.get("parts"), list)
    return (
        isinstance(value.get("sessionId"), str)
        and "parentUuid" in value
        and (has_parts or "systemPayload" in value or value["type"] == "tool_result")
    )


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the line.

    Raises:
        Misfit: it is no line of a session.
    """
    if not isinstance(value, dict) or value.get("type") not in _KINDS:
        raise Misfit([], "a line of a session of Qwen Code, with `type`", value)
    key, uuid = value.get("sessionId"), value.get("uuid")
    if not isinstance(key, str):
        raise Misfit(["sessionId"], "the session's id", key)
    if not isinstance(uuid, str):
        raise Misfit(["uuid"], "the line's id", uuid)
    if value["type"] == "system" and value.get("subtype") != _SUMMARY:
        place.notes[OTHER] += 1
    yield Piece(key, value, uuid)


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace of a session."""
    told = ToldTrace(SOURCE, key, app=SOURCE, name_of=own_name)
    own = [line for line in found if not line.get("isSidechain")]
    _Thread(told, "").take_all(_chain(own, told))
    others: dict[str, list[JsonObject]] = {}
    for line in found:
        if line.get("isSidechain"):
            others.setdefault(str(line.get("agentId") or "side"), []).append(line)
    for name, lines in others.items():
        _Thread(told, name).take_all(lines)
    if not told.model_calls:
        return
    told.notes[NO_TOOLS] += len(told.model_calls)
    names = ("cwd", "gitBranch", "version")
    told.metadata = {name: found[0][name] for name in names if found[0].get(name)}
    times = [time for line in found if (time := ns_of(line.get("timestamp"))) is not None]
    told.started_ns, told.ended_ns = min(times, default=None), max(times, default=None)
    yield told


def _chain(lines: list[JsonObject], told: ToldTrace) -> list[JsonObject]:
    """The lines that lead to the last one, from the first on."""
    by_name = {line["uuid"]: line for line in lines}
    chain: list[JsonObject] = []
    line = lines[-1] if lines else None
    while line is not None:
        chain.append(line)
        del by_name[line["uuid"]]  # a file may name lines in a circle
        parent = line.get("parentUuid")
        line = by_name.get(parent) if isinstance(parent, str) else None
    told.notes[TAKEN_BACK] += sum("message" in line for line in by_name.values())
    return chain[::-1]


class _Thread:
    """One conversation of a session: the agent's own, or one of an agent that it started."""

    def __init__(self, told: ToldTrace, name: str) -> None:
        self.told = told
        self.name = name
        self.contents: list[Any] = []
        self.asked: dict[str, JsonObject] = {}
        """The calls that the model asked for, by their ids."""
        self.asked_ns: int | None = None

    def take_all(self, lines: list[JsonObject]) -> None:
        """Add lines to the conversation, in order."""
        for line in lines:
            message = line.get("message")
            if line.get("subtype") == _SUMMARY:
                self._take_summary(line)
            elif isinstance(message, dict):
                self._take(line, parts_of(message.get("parts")))

    def _take(self, line: JsonObject, parts: list[JsonObject]) -> None:
        at_ns = ns_of(line.get("timestamp"))
        if line["type"] == "assistant":
            self._take_answer(line, parts, at_ns)
            return
        for part in parts:
            if isinstance(part.get("functionResponse"), dict):
                self._add_run(part, line, at_ns)
        self.contents.append({"role": "user", "parts": parts})
        self.asked_ns = at_ns

    def _take_summary(self, line: JsonObject) -> None:
        said = line.get("systemPayload")
        history = said.get("compressedHistory") if isinstance(said, dict) else None
        if isinstance(history, list):
            self.contents = [one for one in history if isinstance(one, dict)]

    def _take_answer(self, line: JsonObject, parts: list[JsonObject], at_ns: int | None) -> None:
        for part in parts:
            call = part.get("functionCall")
            if isinstance(call, dict) and isinstance(call.get("id"), str):
                self.asked[call["id"]] = call
        output: JsonObject = {"role": "model", "parts": parts}
        usage, model = line.get("usageMetadata"), line.get("model")
        self.told.model_calls.append(
            ToldModelCall(
                line["uuid"],
                GENERATE,
                messages=list(self.contents),
                output=output,
                model=model if isinstance(model, str) else None,
                response_model=model if isinstance(model, str) else None,
                usage=usage if isinstance(usage, dict) else None,
                started_ns=self.asked_ns,
                ended_ns=at_ns,
                plane=SOURCE,
                attributes={"agent": self.name} if self.name else {},
            )
        )
        self.contents.append(output)

    def _add_run(self, part: JsonObject, line: JsonObject, at_ns: int | None) -> None:
        said = part["functionResponse"]
        text, is_error = answer_in([part])
        call_id = said.get("id")
        call = self.asked.get(call_id) if isinstance(call_id, str) else None
        run = ToldRun(
            f"{line['uuid']}:{len(self.told.runs)}",
            own_name(str(said.get("name") or (call or {}).get("name"))),
            arguments=raw_arguments(call.get("args") or {}) if call is not None else None,
            provider_call_id=call_id if isinstance(call_id, str) else None,
            response=text,
            is_exact=text is not None,
            ended_ns=at_ns,
        )
        if is_error and text is not None:
            about = line.get("toolCallResult")
            kind = about.get("errorType") if isinstance(about, dict) else None
            run.error = CallError(type=str(kind or "Error"), message=text)
            if isinstance(kind, str) and kind in _ENDINGS:
                run.outcome, name, stage = _ENDINGS[kind]
                run.error = CallError(type=name, message=text, stage=stage)
            elif isinstance(about, dict) and about.get("status") == "cancelled":
                run.outcome = Outcome.CANCELLED
        self.told.runs.append(run)


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
