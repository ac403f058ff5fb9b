"""LangSmith: runs as its client lists them and bulk exports have them, or as its SDK posts them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from replay.interchange.genai_messages import PARSED, chat_tool, result_text
from replay.interchange.lines import Misfit, want
from replay.interchange.loose_messages import model_call_in
from replay.interchange.spans import chat_usage, parsed
from replay.interchange.times import ns_of
from replay.interchange.told import Opinion, ToldModelCall, ToldRun, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import CallError, JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

SOURCE: Final = "langsmith"

OTHER_RUNS: Final = "runs of neither a model nor a tool: left out"
_MODELS: Final = ("llm", "chat_model")
_OURS: Final = ("ls_", "LANGSMITH_", "langgraph_", "lc_", "LANGCHAIN_")
"""How the names begin of what the SDK adds to metadata."""


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a run, feedback on one, or a batch of runs."""
    if not isinstance(value, dict):
        return False
    if "run_type" in value and ("id" in value or "run_id" in value):
        return True
    if any(isinstance(value.get(name), list) for name in ("post", "patch")):
        return True
    runs = value.get("runs")
    if isinstance(runs, list):
        return any(isinstance(run, dict) and "run_type" in run for run in runs)
    return "run_id" in value and "key" in value and "score" in value


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the runs of ``value``.

    Raises:
        Misfit: it is no run.
    """
    if not isinstance(value, dict):
        raise Misfit([], "a run of LangSmith", value)
    for name in ("post", "patch", "runs"):
        for index, run in enumerate(value.get(name) or []):
            want(run, dict, [name, index], "a run")
            yield from _pieces(run, place, is_part=name == "patch")
    if "run_type" in value or "run_id" in value:
        yield from _pieces(value, place)
    elif not looks_like(value):
        raise Misfit([], "a run of LangSmith, with `run_type`", value)


def _pieces(run: JsonObject, place: Place, *, is_part: bool = False) -> Iterator[Piece]:
    run_id = run.get("id") if "run_type" in run or is_part else run.get("run_id")
    want(run_id, str, ["id"], "the run's id")
    if "run_type" not in run and "key" in run:
        key = run.get("trace_id") or place.recall(str(run_id))
        yield Piece(str(key or run_id), {"feedback": run})
        return
    key = run.get("trace_id") or place.recall(str(run_id)) or run.get("parent_run_id") or run_id
    place.remember(str(run_id), str(key))
    yield Piece(str(key), run)


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace that runs with one trace id tell."""
    told = ToldTrace(SOURCE, key, is_named=True)
    runs = _merged(one for one in found if "feedback" not in one)
    for run in runs.values():
        _take(run, told)
    for one in found:
        if "feedback" in one:
            told.opinions.append(_opinion(one["feedback"]))
    if told.model_calls or told.runs:
        _add_facts(told, runs.get(key) or next(iter(runs.values())))
    if told.model_calls or told.runs or told.opinions:
        yield told


def _merged(parts: Iterator[JsonObject]) -> dict[str, JsonObject]:
    """Put a run's beginning and its end together: the SDK posts the one and patches the other."""
    runs: dict[str, JsonObject] = {}
    for part in parts:
        run = runs.setdefault(str(part.get("id")), {})
        run |= {name: value for name, value in part.items() if value not in (None, {}, [])}
    return runs


def _take(run: JsonObject, told: ToldTrace) -> None:
    run_id, parent = str(run["id"]), run.get("parent_run_id")
    if isinstance(parent, str):
        told.parents[run_id] = parent
    kind = run.get("run_type")
    if kind in _MODELS:
        told.model_calls.append(_model_call(run, told))
    elif kind == "tool":
        told.runs.append(_run(run))
    else:
        told.notes[OTHER_RUNS] += 1
    for name, said in (run.get("feedback_stats") or {}).items():
        if isinstance(said, dict) and said.get("n") == 1:
            score = said.get("avg")
            told.opinions.append(Opinion(f"{run_id}.{name}", run_id, label=name, score=score))


def _model_call(run: JsonObject, told: ToldTrace) -> ToldModelCall:
    given, came = parsed(run.get("inputs")), parsed(run.get("outputs"))
    call = model_call_in(given, came) or ToldModelCall("")
    extra = run.get("extra") or {}
    metadata, asked = extra.get("metadata") or {}, extra.get("invocation_params") or {}
    answer = came if isinstance(came, dict) else {}
    if isinstance(answer.get("generations"), list):
        told.notes[PARSED] += len((call.output or {}).get("tool_calls") or [])
    details = answer.get("llm_output") or _response_metadata(answer)
    call.id, call.parent_id, call.plane = str(run["id"]), run.get("parent_run_id"), "langsmith"
    call.started_ns, call.ended_ns = ns_of(run.get("start_time")), ns_of(run.get("end_time"))
    tools = [chat_tool(one) for one in asked.get("tools") or [] if isinstance(one, dict)]
    call.tools = call.tools or tools
    call.provider = call.provider or _text(metadata.get("ls_provider"))
    call.model = call.model or _text(metadata.get("ls_model_name")) or _text(asked.get("model"))
    call.response_model = call.response_model or _text(details.get("model_name"))
    call.response_id = call.response_id or _text(details.get("id"))
    call.finish_reason = call.finish_reason or _finish_reason(answer)
    call.usage = call.usage or _usage(run, answer, metadata)
    call.error = call.error or _error(run)
    if call.started_ns is not None and (first := ns_of(run.get("first_token_time"))) is not None:
        call.first_chunk_ms, call.streamed = (first - call.started_ns) / 1e6, True
    call.attributes |= {"run": {"name": run.get("name"), "metadata": metadata}}
    return call


def _response_metadata(answer: JsonObject) -> JsonObject:
    message = _first_message(answer)
    said = message.get("kwargs", message).get("response_metadata")
    return said if isinstance(said, dict) else {}


def _first_message(answer: JsonObject) -> JsonObject:
    generations = answer.get("generations")
    if isinstance(generations, list) and generations:
        first = generations[0][0] if isinstance(generations[0], list) else generations[0]
        message = first.get("message")
        return message if isinstance(message, dict) else {}
    return {}


def _finish_reason(answer: JsonObject) -> str | None:
    return _text(_response_metadata(answer).get("finish_reason"))


def _usage(run: JsonObject, answer: JsonObject, metadata: JsonObject) -> JsonObject | None:
    message = _first_message(answer)
    found = (
        answer.get("usage_metadata")
        or message.get("kwargs", message).get("usage_metadata")
        or metadata.get("usage_metadata")
        or {"input_tokens": run.get("prompt_tokens"), "output_tokens": run.get("completion_tokens")}
    )
    given, came = found.get("input_token_details") or {}, found.get("output_token_details") or {}
    return chat_usage(
        found.get("input_tokens"),
        found.get("output_tokens"),
        total=found.get("total_tokens"),
        cached=given.get("cache_read"),
        written=given.get("cache_creation"),
        reasoning=came.get("reasoning"),
    )


def _run(run: JsonObject) -> ToldRun:
    given = run.get("inputs")
    extra = run.get("extra") or {}
    output = parsed((run.get("outputs") or {}).get("output", run.get("outputs")))
    message = output.get("kwargs", output) if isinstance(output, dict) else {}
    if isinstance(message, dict) and message.get("type") == "tool":
        text: str | None = result_text(message.get("content"))
    else:
        text = None if output is None else _as_told(run)
        message = {}
    error = _error(run)
    if error is None and message.get("status") == "error":
        error = CallError(type="Error", message=text or "")
    metadata = extra.get("metadata") or {}
    return ToldRun(
        str(run["id"]),
        str(run.get("name")),
        arguments=_arguments(given),
        provider_call_id=_text(
            extra.get("tool_call_id") or message.get("tool_call_id") or metadata.get("tool_call_id")
        ),
        response=text,
        error=error,
        started_ns=ns_of(run.get("start_time")),
        ended_ns=ns_of(run.get("end_time")),
        parent_id=run.get("parent_run_id"),
        attributes={"run": {"name": run.get("name"), "metadata": metadata}},
    )


def _as_told(run: JsonObject) -> str:
    outputs = run.get("outputs") or {}
    return raw_arguments(outputs.get("output", outputs))


def _arguments(given: Any) -> str | None:
    """What the tool was given; LangChain's older tracer has it as one text, ``input``."""
    if not isinstance(given, dict):
        return None
    only = given.get("input") if set(given) == {"input"} else None
    if isinstance(only, str) and only[:1] == "{":
        said = parsed(only)
        return raw_arguments(said) if isinstance(said, dict) else only
    return raw_arguments(given)


def _error(run: JsonObject) -> CallError | None:
    words = run.get("error")
    if not isinstance(words, str) or not words:
        return None
    # The text of an exception, and its traceback below it.
    first = words.split("\n", 1)[0].split("Traceback (most recent call last)", 1)[0].strip()
    kind, _, rest = first.partition("(")
    if rest.endswith(")") and kind.isidentifier():
        return CallError(type=kind, message=rest[:-1].strip("'\""))
    return CallError(type="Error", message=first)


def _opinion(said: JsonObject) -> Opinion:
    score = said.get("score")
    name = str(said.get("key"))
    value = said.get("value")
    return Opinion(
        str(said.get("id") or f"{said.get('run_id')}.{name}"),
        _text(said.get("run_id")),
        label=f"{name}: {value}" if isinstance(value, str) else name,
        score=float(score) if isinstance(score, (int, float)) else None,
        text=_text(said.get("comment")),
        annotator=_text((said.get("feedback_source") or {}).get("type")),
        at_ns=ns_of(said.get("created_at")),
    )


def _add_facts(told: ToldTrace, root: JsonObject) -> None:
    metadata = (root.get("extra") or {}).get("metadata") or {}
    told.app = _text(root.get("session_name")) or _text(root.get("name"))
    told.started_ns, told.ended_ns = ns_of(root.get("start_time")), ns_of(root.get("end_time"))
    if _error(root) is not None:
        told.outcome = f"error: {(root.get('error') or '').splitlines()[0][:200]}"
    told.metadata = {k: v for k, v in metadata.items() if not k.startswith(_OURS)}
    session = metadata.get("session_id") or metadata.get("thread_id")
    if session:
        told.labels["session"] = str(session)
    for tag in root.get("tags") or []:
        told.labels[f"tag:{tag}"] = "true"


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
