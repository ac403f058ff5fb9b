"""Logs of Inspect, `.eval` and `.json`: each sample is a trace.

What a model was asked and answered is in its events, with the provider's own request and answer
where Inspect kept them. Long texts stand once, in a sample's attachments; repeated messages in its
`events_data`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from replay.interchange import inspect_zip
from replay.interchange.exchanges import exchange_in
from replay.interchange.genai_messages import PARSED
from replay.interchange.json_values import read_values
from replay.interchange.lines import Misfit, want
from replay.interchange.shapes import block_text
from replay.interchange.spans import chat_usage
from replay.interchange.times import ns_of
from replay.interchange.told import CHAT, Opinion, ToldModelCall, ToldRun, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import CallError, JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

SOURCE: Final = "inspect"

_ATTACHMENT: Final = "attachment://"


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a log of Inspect."""
    return isinstance(value, dict) and "eval" in value and "samples" in value


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the samples in ``value``: a log, or a part of one with the log's header.

    Raises:
        Misfit: it is no log of Inspect.
    """
    if not isinstance(value, dict) or not isinstance(value.get("eval"), dict):
        raise Misfit([], "a log of Inspect: `eval` and `samples`", value)
    about = value["eval"]
    for index, sample in enumerate(value.get("samples") or []):
        want(sample, dict, ["samples", index], "a sample")
        want(sample.get("events"), list, ["samples", index, "events"], "a list of events")
        own = f"{about.get('run_id')}/{about.get('task')}/{sample.get('id')}/{sample.get('epoch')}"
        yield Piece(str(sample.get("uuid") or own), {"eval": about, "sample": sample}, "sample")


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace of a sample."""
    for piece in found:
        sample = piece["sample"]
        told = ToldTrace(SOURCE, key)
        reader = _Sample(sample, told)
        for index, event in enumerate(sample["events"]):
            if isinstance(event, dict):
                reader.take(event, index)
        if told.model_calls or told.runs:
            _add_facts(told, piece["eval"], sample)
            yield told


class _Sample:
    """Reads the events of one sample, with what stands elsewhere in it put in its place."""

    def __init__(self, sample: JsonObject, told: ToldTrace) -> None:
        self.told = told
        self.attachments: JsonObject = sample.get("attachments") or {}
        data = sample.get("events_data") or {}
        self.messages: list[Any] = self._whole(data.get("messages") or [])
        self.calls: list[Any] = self._whole(data.get("calls") or [])

    def take(self, event: JsonObject, index: int) -> None:
        """Add a model call or a run of a tool to the trace."""
        kind = event.get("event")
        if kind not in ("model", "tool"):
            return
        event = self._whole({**event, "events": []})
        event.setdefault("uuid", str(index))
        if kind == "model":
            if not event.get("pending"):
                self.told.model_calls.append(self._model_call(event))
        else:
            self.told.runs.append(self._run(event))

    def _whole(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith(_ATTACHMENT):
            return self.attachments.get(value.removeprefix(_ATTACHMENT), value)
        if isinstance(value, list):
            return [self._whole(one) for one in value]
        if isinstance(value, dict):
            return {name: self._whole(one) for name, one in value.items()}
        return value

    def _model_call(self, event: JsonObject) -> ToldModelCall:
        kept = event.get("call") or {}
        request = dict(kept.get("request") or {})
        references = kept.get("call_refs")
        if references:
            name = str(kept.get("call_key") or "messages")
            request[name] = self._referred(references, self.calls)
        answer = event.get("output") or {}
        call = exchange_in(request, kept.get("response"))
        if call is None or call.output is None:
            call = self._from_event(event, answer)
        call.id, call.plane = str(event["uuid"]), "inspect"
        call.started_ns, call.ended_ns = (
            ns_of(event.get("timestamp")),
            ns_of(event.get("completed")),
        )
        provider, _, model = str(event.get("model") or "").partition("/")
        call.provider, call.model = call.provider or provider or None, call.model or model or None
        call.response_model = call.response_model or answer.get("model")
        call.usage = call.usage or _usage(answer.get("usage") or {})
        if event.get("error") and call.error is None:
            call.error = CallError(type="Error", message=str(event["error"]))
        call.attributes |= {"event": {"uuid": event["uuid"], "span_id": event.get("span_id")}}
        return call

    def _referred(self, references: list[Any], pool: list[Any]) -> list[Any]:
        """Runs of entries of a pool, each from its first to before its last."""
        return [one for start, end in references for one in pool[start:end]]

    def _from_event(self, event: JsonObject, answer: JsonObject) -> ToldModelCall:
        given = event.get("input") or self._referred(event.get("input_refs") or [], self.messages)
        choices = answer.get("choices") or []
        message = choices[0].get("message") if choices else None
        tools = event.get("tools") or []
        if message is not None:
            self.told.notes[PARSED] += len(message.get("tool_calls") or [])
        return ToldModelCall(
            "",
            CHAT,
            messages=[_chat(one) for one in given if isinstance(one, dict)],
            output=_chat(message) if isinstance(message, dict) else None,
            tools=[{"type": "function", "function": tool} for tool in tools],
            parameters={k: v for k, v in (event.get("config") or {}).items() if v is not None},
            finish_reason=choices[0].get("stop_reason") if choices else None,
        )

    def _run(self, event: JsonObject) -> ToldRun:
        error = event.get("error")
        result = event.get("result")
        text = block_text(result) if isinstance(result, (str, list)) else raw_arguments(result)
        return ToldRun(
            str(event["uuid"]),
            str(event.get("function")),
            arguments=raw_arguments(event.get("arguments") or {}),
            provider_call_id=event.get("id"),
            response=None if error else text,
            error=CallError(
                type=str(error.get("type") or "Error"), message=str(error.get("message") or "")
            )
            if isinstance(error, dict)
            else None,
            started_ns=ns_of(event.get("timestamp")),
            ended_ns=ns_of(event.get("completed")),
            attributes={"event": {"uuid": event["uuid"], "span_id": event.get("span_id")}},
        )


def _chat(message: JsonObject) -> JsonObject:
    role = str(message.get("role"))
    content: JsonValue = message.get("content")
    if isinstance(content, list):
        content = block_text([p for p in content if p.get("type") == "text"]) or None
    if role == "tool":
        error = message.get("error")
        text = f"Error: {error.get('message')}" if isinstance(error, dict) and not content else ""
        answer: JsonObject = {"role": "tool", "content": content or text}
        answer["tool_call_id"] = message.get("tool_call_id")
        return {**answer, "error": True} if error else answer
    whole: JsonObject = {"role": role, "content": content}
    calls = [
        {
            "id": call.get("id"),
            "type": "function",
            "function": {
                "name": call.get("function"),
                "arguments": raw_arguments(call.get("arguments") or {}),
            },
        }
        for call in message.get("tool_calls") or []
    ]
    return {**whole, "tool_calls": calls} if calls else whole


def _usage(said: JsonObject) -> JsonObject | None:
    return chat_usage(
        said.get("input_tokens"),
        said.get("output_tokens"),
        total=said.get("total_tokens"),
        cached=said.get("input_tokens_cache_read"),
        written=said.get("input_tokens_cache_write"),
        reasoning=said.get("reasoning_tokens"),
    )


def _add_facts(told: ToldTrace, about: JsonObject, sample: JsonObject) -> None:
    told.app = about.get("task")
    told.started_ns = ns_of(sample.get("started_at"))
    told.ended_ns = ns_of(sample.get("completed_at"))
    told.labels = {"sample": str(sample.get("id")), "epoch": str(sample.get("epoch"))}
    told.metadata = {"id": sample.get("id"), **(sample.get("metadata") or {})}
    revision = about.get("revision") or {}
    told.code_version = revision.get("commit")
    scores = sample.get("scores") or {}
    told.outcome = " ".join(f"{name}={one.get('value')}" for name, one in scores.items()) or None
    if isinstance(sample.get("error"), dict):
        told.outcome = f"error: {str(sample['error'].get('message'))[:200]}"
    for name, one in scores.items():
        told.opinions.append(_opinion(name, one))


def _opinion(name: str, score: JsonObject) -> Opinion:
    """Inspect's letters are grades: correct, partly so, incorrect, no answer."""
    value = score.get("value")
    grades = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
    number = grades.get(value) if isinstance(value, str) else None
    if isinstance(value, (int, float)):
        number = float(value)
    word = f": {raw_arguments(value)}" if number is None or isinstance(value, str) else ""
    return Opinion(
        name,
        label=f"{name}{word}",
        score=number,
        text=score.get("explanation"),
        annotator="inspect",
    )


FORMAT: Final = TraceFormat(
    SOURCE,
    looks_like,
    pieces,
    tell,
    values=lambda path: inspect_zip.read(path) if inspect_zip.is_one(path) else read_values(path),
    is_binary=inspect_zip.is_one,
)
