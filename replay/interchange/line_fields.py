"""The fields of a line that every chat format shares: identity, time, start, labels, outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from replay.interchange.conversation import Conversation
from replay.interchange.times import utc
from replay.records import JsonObject, JsonValue, ModelCall, Trace

START_FIELDS = ("init", "corpus", "domain")
"""Fields of a line that make up `Trace.start` unless other ones are named."""

_LABEL_FIELDS = ("id", "corpus", "domain", "agent")
_TIME_FIELDS = ("recorded_at", "started_at", "created_at", "timestamp", "created")


@dataclass(frozen=True)
class ReadOptions:
    """What the user says about a file that the file itself does not say."""

    app: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    start_fields: tuple[str, ...] = START_FIELDS
    recorded_at: str | None = None
    """UTC ISO 8601: for conversations that say no time."""
    tool_prefixes: tuple[str, ...] = ()
    """What an agent put before the names of its tools: a trace's tools go without it."""


def conversation_of_line(
    line: JsonObject,
    options: ReadOptions,
    *,
    source: str,
    api: str,
    parameter_names: Sequence[str],
    provider: str | None = None,
) -> Conversation:
    """Return a conversation with everything of ``line`` but its messages and tools."""
    model = line.get("model")
    return Conversation(
        source=source,
        api=api,
        provider=provider,
        messages=[],
        line={name: value for name, value in line.items() if _is_kept(name, line, options)},
        whole=line,
        source_id=line["id"] if isinstance(line.get("id"), str) else None,
        model=model if isinstance(model, str) else None,
        parameters={name: line[name] for name in parameter_names if name in line},
        app=options.app or _first_text(line, ("app", "corpus", "agent")),
        labels={**_labels(line), **options.labels},
        outcome=_outcome(line.get("outcome")),
        start=_start(line, options),
        at=_time(line) or options.recorded_at,
    )


def _is_kept(name: str, line: JsonObject, options: ReadOptions) -> bool:
    if name == "messages" or name in options.start_fields:
        return False
    return not (name == "model" and isinstance(line[name], str))


def _start(line: JsonObject, options: ReadOptions) -> JsonValue:
    start = {name: line[name] for name in options.start_fields if name in line}
    return start or None


def _labels(line: JsonObject) -> dict[str, str]:
    return {name: line[name] for name in _LABEL_FIELDS if isinstance(line.get(name), str)}


def _first_text(line: JsonObject, names: Sequence[str]) -> str | None:
    return next((line[name] for name in names if isinstance(line.get(name), str)), None)


def _time(line: JsonObject) -> str | None:
    times = (utc(line.get(name)) for name in _TIME_FIELDS)
    return next((time for time in times if time), None)


def _outcome(outcome: JsonValue) -> str | None:
    if isinstance(outcome, dict):
        words = [f"{name}={value}" for name, value in outcome.items() if value is not None]
        return " ".join(words) or None
    return None if outcome is None else str(outcome)


def recorded_fields(trace: Trace, call: ModelCall) -> JsonObject:
    """Return the fields of a line for a trace that was recorded; ``call`` is its last one."""
    line: JsonObject = {"id": trace.id, "recorded_at": trace.started_at}
    model = call.response_model or call.model
    facts = {"model": model, "app": trace.app, "code_version": trace.code_version}
    line |= {name: value for name, value in facts.items() if value is not None}
    if trace.start is not None:
        line["init"] = trace.start
    if trace.outcome is not None:
        line["outcome"] = trace.outcome
    return line
