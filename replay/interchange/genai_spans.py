"""Spans as OpenTelemetry's GenAI conventions name them, in all the dialects that are written.

==============================  ==================================================================
since 1.37                      ``gen_ai.input.messages``, ``gen_ai.output.messages``, ``parts``
up to 1.36                      one event (or log record) a message: ``gen_ai.user.message``, ...
before that, and Traceloop      ``gen_ai.prompt.N.*``, ``gen_ai.completion.N.*``, spread flat
==============================  ==================================================================
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from replay.interchange import genai_messages, own_attributes
from replay.interchange.spans import Span, chat_usage, objects, parsed, unflattened
from replay.interchange.told import CHAT, Opinion, ToldModelCall, ToldRun
from replay.records import JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

OPERATION: Final = "gen_ai.operation.name"
DETAILS: Final = "gen_ai.client.inference.operation.details"
_MODEL_OPERATIONS: Final = ("chat", "text_completion", "generate_content", "completion")
_OTHER_OPERATIONS: Final = (
    "invoke_agent",
    "create_agent",
    "invoke_workflow",
    "plan",
    "embeddings",
    "retrieval",
    "agent",
    "workflow",
    "task",
)
_SHOWN: Final = (
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.prompt.",
    "gen_ai.completion.",
    "gen_ai.tool.call.",
    "llm.request.functions.",
    "traceloop.entity.input",
    "traceloop.entity.output",
)
_PARAMETERS: Final = (
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "stop_sequences",
    "tool_choice",
)


def is_of(span: Span) -> bool:
    """Return whether ``span`` is in one of these dialects."""
    names = span.attributes
    return OPERATION in names or any(
        name.startswith(("gen_ai.", "llm.request.", "traceloop.span.kind")) for name in names
    )


def read(span: Span, notes: Counter[str]) -> ToldModelCall | ToldRun | None:
    """Return what ``span`` tells, or None where it is neither a model call nor a tool."""
    operation = span.text(OPERATION)
    if operation == "execute_tool" or span.text("traceloop.span.kind") == "tool":
        return _run(span)
    if operation in _OTHER_OPERATIONS:
        return None
    is_model_call = operation in _MODEL_OPERATIONS or (
        operation is None and span.text("gen_ai.request.model", "llm.request.type") is not None
    )
    return _model_call(span, notes) if is_model_call else None


def _model_call(span: Span, notes: Counter[str]) -> ToldModelCall:
    prompt, said, tools = _content(span)
    system = objects(span.attributes.get("gen_ai.system_instructions"))
    messages = genai_messages.chat_messages(prompt, notes)
    if system:
        words = "".join(str(part.get("content") or "") for part in system)
        messages = [{"role": "system", "content": words}, *messages]
    output = genai_messages.chat_answer(said, notes)
    first = next((m for m in messages if m.get("role") not in ("system", "developer")), None)
    first_s = span.number("gen_ai.response.time_to_first_chunk")
    reasons = span.attributes.get("gen_ai.response.finish_reasons")
    reason = reasons[0] if isinstance(reasons, list) and reasons else None
    return ToldModelCall(
        span.id,
        CHAT,
        messages=messages,
        output=output,
        tools=[genai_messages.chat_tool(tool) for tool in tools],
        parameters=_parameters(span),
        provider=span.text("gen_ai.provider.name", "gen_ai.system"),
        model=span.text("gen_ai.request.model"),
        response_model=span.text("gen_ai.response.model"),
        response_id=span.text("gen_ai.response.id"),
        previous_response_id=span.text("gen_ai.request.previous_response.id"),
        # A conversation that begins with an answer goes on from what the server remembers.
        is_delta=bool(first and first.get("role") == "tool"),
        finish_reason=str(reason or genai_messages.finish_reason(said) or "") or None,
        usage=_usage(span),
        started_ns=span.started_ns,
        ended_ns=span.ended_ns,
        first_chunk_ms=None if first_s is None else round(first_s * 1000, 3),
        streamed=span.attributes.get("gen_ai.request.stream") is True,
        error=span.error(),
        parent_id=span.parent_id,
        plane=span.scope,
        attributes={"span": {"name": span.name, **span.rest(*_SHOWN)}},
    )


def _content(span: Span) -> tuple[list[JsonObject], list[JsonObject], list[JsonObject]]:
    """Messages of the prompt, answers and tools, from wherever the dialect puts them."""
    spread = [span.attributes, *(e.attributes for e in span.events if e.name == DETAILS)]
    for attributes in spread:
        prompt = objects(attributes.get("gen_ai.input.messages"))
        said = objects(attributes.get("gen_ai.output.messages"))
        if prompt or said:
            tools = objects(attributes.get("gen_ai.tool.definitions"))
            return prompt, said, tools or _functions(span)
    prompt, said = _flat(span, "gen_ai.prompt"), _flat(span, "gen_ai.completion")
    if not prompt and not said:
        prompt, said = genai_messages.from_events(span)
    tools = objects(span.attributes.get("gen_ai.tool.definitions"))
    return prompt, said, tools or _functions(span)


def _flat(span: Span, prefix: str) -> list[JsonObject]:
    found = unflattened(span.attributes, prefix)
    if not found:
        whole = span.attributes.get(prefix)
        content = next((e.attributes[prefix] for e in span.events if prefix in e.attributes), whole)
        found = parsed(content)
        if isinstance(found, str):
            role = "user" if prefix.endswith("prompt") else "assistant"
            found = [{"role": role, "content": found}]
    return objects(found)


def _functions(span: Span) -> list[JsonObject]:
    found = objects(unflattened(span.attributes, "llm.request.functions"))
    return [{**one, "parameters": parsed(one.get("parameters"))} for one in found]


def _parameters(span: Span) -> JsonObject:
    found = {name: span.attributes.get(f"gen_ai.request.{name}") for name in _PARAMETERS}
    return {name: value for name, value in found.items() if value is not None}


def _usage(span: Span) -> JsonObject | None:
    use = "gen_ai.usage."
    return chat_usage(
        span.number(f"{use}input_tokens", f"{use}prompt_tokens"),
        span.number(f"{use}output_tokens", f"{use}completion_tokens"),
        total=span.number(f"{use}total_tokens", "llm.usage.total_tokens"),
        cached=span.number(f"{use}cache_read.input_tokens", f"{use}cache_read_input_tokens"),
        written=span.number(
            f"{use}cache_creation.input_tokens",
            f"{use}cache_write.input_tokens",
            f"{use}cache_creation_input_tokens",
        ),
        reasoning=span.number(f"{use}reasoning.output_tokens", f"{use}reasoning_tokens"),
    )


def _run(span: Span) -> ToldRun:
    arguments = _first(span, "gen_ai.tool.call.arguments", "traceloop.entity.input")
    result = _first(
        span,
        "gen_ai.tool.call.result",
        "gen_ai.tool.message",
        "anthropic.tool_result.content",
        "traceloop.entity.output",
    )
    return ToldRun(
        span.id,
        span.text("gen_ai.tool.name", "traceloop.entity.name") or span.name.split(" ", 1)[-1],
        arguments=None if arguments is None else raw_arguments(_inputs(arguments)),
        provider_call_id=span.text("gen_ai.tool.call.id"),
        response=None if result is None else genai_messages.result_text(result),
        error=span.error(),
        started_ns=span.started_ns,
        ended_ns=span.ended_ns,
        parent_id=span.parent_id,
        attributes={"span": {"name": span.name, **span.rest(*_SHOWN)}},
    )


def _first(span: Span, *names: str) -> JsonValue:
    return next((span.attributes[name] for name in names if name in span.attributes), None)


def _inputs(value: JsonValue) -> Any:
    """Traceloop's decorators wrap what a function was given: ``{"args": [], "kwargs": {...}}``."""
    said = parsed(value)
    if isinstance(said, dict) and isinstance(said.get("kwargs"), dict) and "args" in said:
        return said["kwargs"] if not said["args"] else said
    return value


def opinions(span: Span) -> list[Opinion]:
    """Return the evaluations that stand in the span's events."""
    found = []
    for index, event in enumerate(span.events):
        said = event.attributes
        name = said.get("gen_ai.evaluation.name")
        if not isinstance(name, str):
            continue
        label = said.get("gen_ai.evaluation.score.label")
        score = said.get("gen_ai.evaluation.score.value")
        found.append(
            Opinion(
                f"{span.id}.{index}",
                span.id,
                label=f"{name}: {label}" if label else name,
                score=float(score) if isinstance(score, (int, float)) else None,
                text=said.get("gen_ai.evaluation.explanation"),
                **own_attributes.of_opinion(said),
                at_ns=event.time_ns,
            )
        )
    return found
