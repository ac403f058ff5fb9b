"""Sessions of Cline (`~/.cline/data/sessions/*/*.messages.json`): one session is one trace.

Its messages have Anthropic's blocks, whatever the provider. Its extension up to version 3, and Roo
Code, keep a bare list of such messages, `api_conversation_history.json`, in a folder for each task.
Tools of MCP servers are shown as `SERVER__TOOL`, and what they answer comes as MCP has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from replay.interchange.genai_messages import result_text
from replay.interchange.lines import Misfit
from replay.interchange.mcp_names import own_name_of_server
from replay.interchange.spans import parsed
from replay.interchange.times import ns_of
from replay.interchange.told import MESSAGES, ToldModelCall, ToldRun, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.interchange.turns import asked_by, told_by
from replay.records import CallError, JsonObject, JsonValue

SOURCE: Final = "cline"

NO_TOOLS: Final = "model calls without their tool definitions: the log has none"
IN_WORDS: Final = "calls of tools in the words of an answer, as XML: not read as calls"
_XML_CALL: Final = re.compile(
    r"<(read_file|write_to_file|replace_in_file|apply_diff|execute_command|search_files|list_files"
    r"|use_mcp_tool|browser_action)>"
)


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a session, or a message of a task's bare list."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("messages"), list):
        return isinstance(value.get("sessionId"), str) and isinstance(value.get("origin"), dict)
    return _is_message(value) and "ts" in value


def _is_message(value: JsonValue) -> bool:
    return (
        isinstance(value, dict)
        and value.get("role") in ("user", "assistant")
        and isinstance(value.get("content"), list | str)
    )


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the session, or the message; of a bare list the task's folder is the session.

    Raises:
        Misfit: it is neither.
    """
    if isinstance(value, dict) and isinstance(value.get("messages"), list):
        bad = next((i for i, one in enumerate(value["messages"]) if not _is_message(one)), None)
        if bad is not None:
            raise Misfit(["messages", bad], "a message with content", value["messages"][bad])
        key = str(value.get("sessionId"))
        yield Piece(key, value, key)
        return
    if not isinstance(value, dict) or not _is_message(value):
        raise Misfit([], "a session of Cline, or a message of one", value)
    number = place.state["count"] = place.state.get("count", 0) + 1
    yield Piece(place.path.parent.name or place.path.name, {"messages": [value]}, f"{number}")


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace of a session."""
    told = ToldTrace(SOURCE, key, app=SOURCE, name_of=own_name_of_server)
    conversation: list[Any] = []
    system = found[0].get("system_prompt")
    if isinstance(system, str):
        conversation.append({"role": "system", "content": system})
    before_ns: int | None = None
    for message in (one for part in found for one in part["messages"]):
        at_ns = ns_of(message.get("ts"))
        if message["role"] == "assistant":
            told.model_calls.append(_model_call(told, message, conversation, before_ns, at_ns))
            conversation.append({"role": "assistant", "content": told.model_calls[-1].output})
        else:
            conversation.append({"role": "user", "content": message["content"]})
            _add_runs(told, conversation, at_ns)
        before_ns = at_ns
    if not told.model_calls:
        return
    told.notes[NO_TOOLS] += len(told.model_calls)
    said = found[0].get("origin")
    told.metadata = {name: one for name, one in (said or {}).items() if name != "sessionId"}
    yield told


def _model_call(
    told: ToldTrace,
    message: JsonObject,
    conversation: list[Any],
    asked_ns: int | None,
    at_ns: int | None,
) -> ToldModelCall:
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    words = "".join(str(b.get("text")) for b in blocks if isinstance(b, dict) and b.get("text"))
    told.notes[IN_WORDS] += len(_XML_CALL.findall(words))
    model = message.get("modelInfo")
    model = model if isinstance(model, dict) else {}
    return ToldModelCall(
        str(message.get("id") or len(told.model_calls)),
        MESSAGES,
        messages=list(conversation),
        output=blocks,
        provider=model.get("provider") or model.get("providerId"),
        model=model.get("id") or model.get("modelId"),
        usage=_usage(message.get("metrics")),
        started_ns=asked_ns,
        ended_ns=at_ns,
        plane=SOURCE,
    )


def _usage(metrics: JsonValue) -> JsonObject | None:
    if not isinstance(metrics, dict):
        return None
    names = {
        "inputTokens": "input_tokens",
        "outputTokens": "output_tokens",
        "cacheReadTokens": "cache_read_input_tokens",
        "cacheWriteTokens": "cache_creation_input_tokens",
    }
    found = {names[name]: count for name, count in metrics.items() if name in names}
    return found or None


def _add_runs(told: ToldTrace, conversation: list[Any], at_ns: int | None) -> None:
    """Tell the runs of MCP servers' tools, whose own words are inside what the model was told."""
    last = told.model_calls[-1] if told.model_calls else None
    asked = {one.provider_call_id: one for one in asked_by(MESSAGES, last.output if last else [])}
    for answer in told_by(MESSAGES, conversation[-1]):
        said = parsed(answer.text)
        call = asked.get(answer.provider_call_id)
        if call is None or not isinstance(said, dict) or "isError" not in said:
            continue
        text = result_text(said.get("content"))
        told.runs.append(
            ToldRun(
                f"{answer.provider_call_id}:{len(told.runs)}",
                own_name_of_server(call.tool),
                arguments=call.arguments,
                provider_call_id=answer.provider_call_id,
                response=text,
                is_exact=True,
                error=CallError(type="Error", message=text) if said["isError"] else None,
                ended_ns=at_ns,
            )
        )


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
