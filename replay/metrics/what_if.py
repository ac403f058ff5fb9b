"""What if calls had not waited for each other: the critical path of each trace.

Three times of one trace, each at most as long as the one before:

recorded     what the steps took, as they ran: calls that overlapped count once; the time between
             steps (a person typing, the application) is in none of the three
at once      the calls of one model output run at once: a turn takes as long as its slowest call.
             Their arguments were all there when the model had answered, so no value of one can come
             from another. What they leave behind in the world may still want an order
started      a call starts as soon as all values of its arguments are there: those that earlier
early        responses gave, else at once. A call with a value that stands nowhere before waits for
             the model that asked for it, and so does one that wrote outside. Model calls wait for
             everything that their prompt tells

The last is a bound, not a plan: it takes a guess that is always right to start a call before the
model asks for it. Shares are of the recorded time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from replay.metrics.conversations import AskedCall, AskingCall, Conversation, Conversations
from replay.metrics.scope import Scope
from replay.metrics.told import Part, gives, leaves, left_out, words_of
from replay.store.contents import ContentReader

TRACES_MAX: Final = 500
"""Every argument is looked for in everything before it: some seconds for so many."""


@dataclass(frozen=True, slots=True)
class TraceWhatIf:
    """One trace: what it took, and what it would have taken at best."""

    trace_id: str
    recorded_ms: float
    at_once_ms: float
    started_early_ms: float
    critical_steps: tuple[int, ...]
    """The steps of the longest chain, where calls start early: only these are worth mending."""
    at_once_steps: tuple[int, ...]
    """Calls that would have run beside others of their model output."""

    @property
    def at_once_saved_ms(self) -> float:
        """What running calls at once would have saved."""
        return self.recorded_ms - self.at_once_ms

    @property
    def started_early_saved_ms(self) -> float:
        """What starting calls early would have saved, at most."""
        return self.recorded_ms - self.started_early_ms


@dataclass(frozen=True, slots=True)
class WhatIf:
    """All traces that say how long their steps took."""

    traces: list[TraceWhatIf] = field(default_factory=list)
    """Most saved first."""
    untimed_count: int = 0
    """Traces that were left out: a step does not say how long it took."""
    read_count: int = 0
    trace_count: int = 0
    """Traces in the scope; only the newest were read."""

    def total(self, name: str) -> float:
        """Return the sum of one of the traces' times."""
        total: float = sum(getattr(one, name) for one in self.traces)
        return total


def read_what_if(
    connection: sqlite3.Connection, scope: Scope | None = None, *, traces_max: int = TRACES_MAX
) -> WhatIf:
    """Return what running at once, and starting early, would have saved in each trace."""
    scope = scope or Scope()
    reader = Conversations(connection)
    found, untimed, read = [], 0, 0
    for trace in reader.of(scope, traces_max):
        read += 1
        if not trace.tool_calls or not _is_timed(trace):
            untimed += bool(trace.tool_calls)
            continue
        found.append(_what_if(trace, reader, _writers(connection, trace)))
    found.sort(key=lambda one: (-one.at_once_saved_ms, -one.started_early_saved_ms, one.trace_id))
    return WhatIf(found, untimed, read, reader.count(scope))


def _is_timed(trace: Conversation) -> bool:
    steps: list[AskingCall | AskedCall] = [*trace.model_calls, *trace.tool_calls]
    return all(step.duration_ms is not None and step.duration_ms >= 0 for step in steps)


def _writers(connection: sqlite3.Connection, trace: Conversation) -> set[int]:
    """Return the calls that changed something outside, as far as what they asked says so."""
    contents = ContentReader(connection)
    found = set()
    for call, exchange in connection.execute(
        "SELECT i.tool_call, i.exchange FROM interaction_rows i JOIN tool_call_rows c "
        "ON c.key = i.tool_call WHERE c.trace = ?",
        (trace.key,),
    ):
        if _writes(contents.json(exchange)):
            found.add(call)
    return found


def _writes(exchange: Any) -> bool:
    request = exchange.get("request") if isinstance(exchange, dict) else None
    method = request.get("method") if isinstance(request, dict) else None
    return str(method).upper() not in ("GET", "HEAD", "OPTIONS", "READ")


def _what_if(trace: Conversation, reader: Conversations, writers: set[int]) -> TraceWhatIf:
    turns = _turns(trace)
    models = sum(call.duration_ms or 0.0 for call in trace.model_calls)
    recorded = _union_ms([*trace.model_calls, *trace.tool_calls])
    at_once = models + sum(
        max((call.duration_ms or 0.0 for call in calls), default=0.0) for calls in turns.values()
    )
    early, chain = _longest(trace, turns, reader, writers)
    beside = tuple(
        call.step_number
        for calls in turns.values()
        if _union_ms(calls) - max((call.duration_ms or 0.0 for call in calls), default=0.0) > 0.001
        for call in calls
    )
    at_once = min(at_once, recorded)
    return TraceWhatIf(trace.id, recorded, at_once, min(early, at_once), chain, beside)


def _turns(trace: Conversation) -> dict[int | None, list[AskedCall]]:
    """Return the calls by the model call that asked for them; others are each a turn of one."""
    turns: dict[int | None, list[AskedCall]] = {}
    for call in trace.tool_calls:
        turns.setdefault(-call.key if call.model_call is None else call.model_call, []).append(call)
    return turns


def _union_ms(calls: Iterable[AskingCall | AskedCall]) -> float:
    """Return how long steps took together: those that overlapped count once."""
    calls = list(calls)
    first = min((call.started_us for call in calls), default=0)
    starts = [((call.started_us - first) / 1000, call.duration_ms or 0.0) for call in calls]
    spans = sorted((start, start + lasted) for start, lasted in starts)
    total, until = 0.0, float("-inf")
    for start, end in spans:
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


@dataclass(slots=True)
class _Ended:
    """When a step would have ended, and the chain of steps that it waited for."""

    at_ms: float
    chain: tuple[int, ...]


def _longest(
    trace: Conversation,
    turns: dict[int | None, list[AskedCall]],
    reader: Conversations,
    writers: set[int],
) -> tuple[float, tuple[int, ...]]:
    """Return the end of the longest chain where calls start as soon as their values are there."""
    ready = _Ended(0.0, ())
    told: list[tuple[Part, _Ended]] = []
    known: set[int] = set()
    steps: list[AskingCall | AskedCall] = [*trace.model_calls, *trace.tool_calls]
    pending = ready
    by_model: dict[int, _Ended] = {}
    for step in sorted(steps, key=lambda one: one.step_number):
        if isinstance(step, AskingCall):
            # Its prompt has the answers of all calls before it, and what the model said.
            ready = _after(pending, step)
            by_model[step.key] = pending = ready
            start = _Ended(ready.at_ms - (step.duration_ms or 0.0), ready.chain[:-1])
            for part in reader.told(trace.key, step):
                if id(part) not in known and not _is_response(part):
                    told.append((part, start))
                known.add(id(part))
            continue
        asked = by_model.get(step.model_call or 0, ready)
        since = asked
        if step.key not in writers and step.actor == "assistant":
            since = _since(reader.arguments(step), told, asked)
        ended = _after(since, step)
        response = reader.response(step)
        if response is not None:
            told.insert(0, (response, ended))
        pending = max(pending, ended, key=lambda one: one.at_ms)
    return pending.at_ms, pending.chain


def _is_response(part: Part) -> bool:
    """Return whether a message of a prompt tells a tool's answer: that is known with its call."""
    value = part.source.value
    if not isinstance(value, dict):
        return False
    if value.get("role") == "tool" or str(value.get("type", "")).endswith("_output"):
        return True
    content = value.get("content")
    return isinstance(content, list) and any(
        isinstance(block, dict) and block.get("type") == "tool_result" for block in content
    )


def _after(before: _Ended, step: AskingCall | AskedCall) -> _Ended:
    return _Ended(before.at_ms + (step.duration_ms or 0.0), (*before.chain, step.step_number))


def _since(arguments: Any, told: list[tuple[Part, _Ended]], asked: _Ended) -> _Ended:
    """Return what a call with these arguments has to wait for."""
    if arguments is None:
        return asked
    since = _Ended(0.0, ())
    for _, value in leaves(arguments):
        if left_out(value) == "common":
            continue
        firsts = [_first(value, told)]
        if firsts == [None]:  # a name counts as told where each of its words was
            firsts = [_first(word, told) for word in words_of(value)] or [None]
        for first in firsts:
            if first is None:
                return asked
            since = max(since, first, key=lambda one: one.at_ms)
    return min(since, asked, key=lambda one: one.at_ms)


def _first(value: Any, told: list[tuple[Part, _Ended]]) -> _Ended | None:
    """Return what told a value first; None: nothing did."""
    givers = [ended for part, ended in told if gives(part, value)]
    return min(givers, key=lambda one: one.at_ms, default=None)
