"""Going on with a trace that is in the database already, perhaps from another process."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Final

from replay.recorder.calls import Execution, LiveTrace, OpenCall, Turn
from replay.records import ModelCall, Outcome, ToolCall
from replay.store import Store

_TRACE: Final = (
    'SELECT app, started_at, "start", labels, outcome, code_version, attributes '
    "FROM traces WHERE id = ?"
)
# Over the tables, not the views: only there the index by trace is used.
_STEP_COUNT: Final = """
SELECT max(step_number) FROM (
    SELECT step_number FROM model_call_rows WHERE trace = (SELECT key FROM trace_rows WHERE id = ?)
    UNION ALL
    SELECT step_number FROM tool_call_rows WHERE trace = (SELECT key FROM trace_rows WHERE id = ?)
)
"""


def stored_trace(store: Store, id: str) -> LiveTrace | None:
    """Return the trace with that id as it stands in the database, or None when there is none.

    Takes in what other processes have recorded of it by now; that costs some milliseconds.
    """
    store.flush()
    _, rows = store.query(_TRACE, (id,))
    if not rows:
        return None
    app, started_at, start, labels, outcome, code_version, attributes = rows[0]
    _, [(step_count,)] = store.query(_STEP_COUNT, (id, id))
    return LiveTrace(
        id=id,
        started_at=started_at,
        app=app,
        start=None if start is None else json.loads(start),
        labels=json.loads(labels or "{}"),
        outcome=outcome,
        code_version=code_version,
        attributes=json.loads(attributes or "{}"),
        step_count=step_count or 0,
        is_resumed=True,
    )


def stored_turn(store: Store, trace: LiveTrace, response_id: str) -> Turn | None:
    """Return the turn of ``trace`` that gave the response with that id, and what it asked for.

    None when the database holds no such response. Costs the reading of the whole trace.
    """
    store.flush()
    steps = store.transcript(trace.id).steps
    asked = next(
        (s for s in reversed(steps) if isinstance(s, ModelCall) and s.response_id == response_id),
        None,
    )
    if asked is None:
        return None
    turn = Turn(
        model_call_id=asked.id,
        trace=trace,
        messages=asked.messages,
        message_count=len(asked.messages),
        output=asked.output,
        response_id=response_id,
        tools=asked.tools,
        ended=_on_our_clock(asked),
        size_bytes=2 * len(json.dumps(asked.messages)),
        model=asked.response_model or asked.model,
    )
    calls = [s for s in steps if isinstance(s, ToolCall) and s.model_call_id == asked.id]
    turn.calls += [_call_again(call, turn) for call in sorted(calls, key=lambda c: c.call_index)]
    return turn


def _call_again(call: ToolCall, turn: Turn) -> OpenCall:
    """The call as the recorder held it: seen to run, unless its outcome was only inferred."""
    was_seen = call.outcome is not Outcome.UNFINISHED and "outcome_from" not in call.attributes
    run = Execution(
        call.id,
        started_at=call.started_at if was_seen else None,
        started=turn.ended + (call.offset_ms or 0.0) / 1e3,
        payload=call.payload,
        result=call.result,
        response=call.response,
        outcome=call.outcome,
        error=call.error,
        stages=call.stages,
        tool_version=call.tool_version,
        schema_hash=call.schema_hash,
        state_hash=call.state_hash,
        duration_ms=call.duration_ms,
        bound_by=call.bound_by,
        attributes=call.attributes,
    )
    return OpenCall(
        trace=turn.trace,
        step_number=call.step_number,
        tool=call.tool,
        arguments=call.arguments,
        asked_at=call.started_at,
        execution=run,
        turn=turn,
        call_index=call.call_index,
        provider_call_id=call.provider_call_id,
        actor=call.actor,
        positional=call.positional,
    )


def _on_our_clock(call: ModelCall) -> float:
    """When the call ended, on the monotonic clock of this process."""
    started = datetime.fromisoformat(call.started_at).timestamp()
    age = time.time() - started - (call.duration_ms or 0.0) / 1e3
    return time.perf_counter() - age
