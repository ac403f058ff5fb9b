"""What the recorder holds in memory: open traces, their turns, and the calls these asked for.

A tool call is two things that meet: the *asking* (which model output, which place in it, which
provider id) and the *execution* (what ran, how it ended). Keeping them apart lets a wrong match
be mended later by exchanging executions.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from replay.recorder.sent import Sent
from replay.records import Actor, CallError, JsonObject, JsonValue, Outcome, StageTiming

if TYPE_CHECKING:
    from cassettes import Cassette
    from replay.recorder.hooked import HookedCall


def now() -> str:
    """Return the time as records keep it: UTC, ISO 8601, microseconds."""
    minute, microseconds = divmod(time.time_ns() // 1000, 60_000_000)
    second, microseconds = divmod(microseconds, 1_000_000)
    return f"{_spelled(minute)}:{second:02d}.{microseconds:06d}Z"


@lru_cache(maxsize=2)
def _spelled(minute: int) -> str:
    """Return a minute as text: a model thinks for seconds, so the next time asked for is in it."""
    return datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%dT%H:%M")


def new_id(letter: str) -> str:
    """Return a fresh identity: a letter, the time in microseconds, and 40 random bits.

    Later ids sort after earlier ones, which keeps an index on them compact.
    """
    return f"{letter}{time.time_ns() // 1000:x}{_chance.getrandbits(40):010x}"


_chance = random.Random()
"""Ours alone: the application may seed Python's own, and the system's takes a call into it."""
os.register_at_fork(after_in_child=_chance.seed)


@dataclass(eq=False, slots=True)
class Execution:
    """What ran for a tool call, and how it ended."""

    id: str
    started_at: str | None = None
    """None: nothing was seen to run."""
    started: float = 0.0
    """The same on the monotonic clock."""
    payload: JsonValue = None
    result: JsonValue = None
    """Or an `orjson.Fragment`: as JSON already, how it was when the tool returned."""
    response: str | None = None
    """What the toolbox sent back to the model; None when it was not the toolbox that ran."""
    outcome: Outcome = Outcome.UNFINISHED
    error: CallError | None = None
    stages: Sequence[StageTiming] = ()
    tool_version: str | None = None
    schema_hash: str | None = None
    state_hash: str | None = None
    duration_ms: float | None = None
    draws: JsonObject | None = None
    """Its random draws by site; None: they were not looked at."""
    bound_by: str | None = None
    is_certain: bool = True
    """False: other calls fitted as well; the next prompt may show that it was one of them."""
    attributes: JsonObject = field(default_factory=dict)
    call: OpenCall | None = None
    """The call it is bound to by now; it may change while the tool runs."""
    hook: HookedCall | None = None
    """The framework's hook that holds it while it runs, or None."""

    @property
    def result_value(self) -> JsonValue:
        """The result, read again where it is kept as JSON."""
        if isinstance(self.result, orjson.Fragment):
            return orjson.loads(orjson.dumps(self.result))
        return self.result

    @property
    def is_seen(self) -> bool:
        """Whether something was seen to run."""
        return self.started_at is not None


@dataclass(eq=False, slots=True)
class OpenCall:
    """A tool call as a model output asked for it, with the execution that answers it."""

    trace: LiveTrace
    step_number: int
    tool: str
    arguments: str
    asked_at: str
    execution: Execution
    turn: Turn | None = None
    call_index: int = 0
    provider_call_id: str | None = None
    actor: Actor = "assistant"
    positional: list[JsonValue] | None = None
    told: str | None = None
    """What the next prompt told the model about it; None as long as none has."""
    told_error: bool | None = None
    """Whether that was marked as an error; None: it was not marked at all."""

    def __post_init__(self) -> None:
        self.execution.call = self

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an execution."""
        return self.told is None and not self.execution.is_seen

    def record(self) -> JsonObject:
        """Return the ToolCall record of what is known by now; what is not known is left out."""
        run, turn = self.execution, self.turn
        fields: JsonObject = {
            "kind": "tool_call",
            "id": run.id,
            "trace_id": self.trace.id,
            "step_number": self.step_number,
            "model_call_id": turn.model_call_id if turn is not None else None,
            "call_index": self.call_index,
            "provider_call_id": self.provider_call_id,
            "actor": self.actor,
            "tool": self.tool,
            "tool_version": run.tool_version,
            "schema_hash": run.schema_hash,
            "arguments": self.arguments,
            "positional": self.positional,
            "payload": run.payload,
            "result": run.result,
            "response": self.told if self.told is not None else run.response,
            "outcome": run.outcome.value,
            "error": run.error.model_dump(mode="json") if run.error is not None else None,
            "stages": [
                {"stage": timing.stage.value, "duration_us": timing.duration_us}
                for timing in run.stages
            ],
            "started_at": run.started_at or self.asked_at,
            "offset_ms": self._offset_ms(),
            "duration_ms": run.duration_ms,
            "state_hash": run.state_hash,
            "draws": run.draws,
            "bound_by": run.bound_by,
            "attributes": run.attributes,
        }
        return fields

    def _offset_ms(self) -> float | None:
        if self.turn is None or not self.execution.is_seen:
            return None
        return round((self.execution.started - self.turn.ended) * 1e3, 3)


@dataclass(eq=False, slots=True)
class Turn:
    """One answered model call, as later requests and tool calls may refer to it."""

    model_call_id: str
    trace: LiveTrace
    messages: list[Any] | None
    """The effective prompt; let go once a later prompt has grown out of it."""
    message_count: int
    output: JsonValue
    response_id: str | None
    tools: list[Any]
    ended: float
    size_bytes: int
    sent: Sent | None = None
    """The same as bytes; let go with ``messages``."""
    model: str | None = None
    """The model version that answered, or the model that was asked."""
    is_held: bool = False
    """True once its prompt counts among those kept in memory."""
    inside: OpenCall | None = None
    """The tool call that asked this model, an agent within an agent; None: no tool did."""
    calls: list[OpenCall] = field(default_factory=list)
    outside: Cassette | None = None
    """What was asked of the outside since, where tools may run unseen."""


@dataclass(eq=False, slots=True)
class LiveTrace:
    """A trace that may still grow."""

    id: str
    started_at: str
    app: str | None = None
    start: JsonValue = None
    labels: dict[str, str] = field(default_factory=dict)
    outcome: str | None = None
    code_version: str | None = None
    attributes: JsonObject = field(default_factory=dict)
    ended_at: str | None = None
    is_stitched: bool = False
    """True: no scope was open; its calls were put together by their prompts."""
    is_resumed: bool = False
    """True: it was in the database already, so its earlier turns are there and not here."""
    step_count: int = 0
    has_start_state: bool = False
    """True once the state of its world before its first call was looked at."""
    looking: threading.RLock = field(default_factory=threading.RLock)
    """Held while somebody looks: a call beside the first would change what is looked at."""
    last_at: str | None = None
    waiting: deque[Turn] = field(default_factory=lambda: deque(maxlen=64))
    """Turns with calls that no prompt has told the model about yet, oldest first."""

    def next_step(self) -> int:
        """Return the number of a new step."""
        self.step_count += 1
        return self.step_count

    def record(self) -> JsonObject:
        """Return the Trace record of what is known by now."""
        return {
            "kind": "trace",
            "id": self.id,
            "app": self.app,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "outcome": self.outcome,
            "start": self.start,
            "labels": self.labels,
            "code_version": self.code_version,
            "attributes": self.attributes,
        }
