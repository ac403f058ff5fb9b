"""The caller's side: runs a trace up to one call, in which a person may stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final

from replay.errors import SelectionError
from replay.records import CallVerdict, Cause, JsonObject, Lanes, ToolCall, Transcript
from replay.replayer.environment import Place
from replay.replayer.jobs import TODAY, Job
from replay.replayer.older_calls import known_schemas, written_for
from replay.replayer.plan import job_of, not_replayed
from replay.replayer.policies import Policies
from replay.replayer.pool import Isolation, Pool
from replay.replayer.worldless import worldless
from replay.store import Store
from replay.verdicts import Rules
from replay.verdicts.reading import Schemas
from replay.verdicts.trace_verdicts import judge_trace

_PATIENCE_S: Final = 7 * 86_400.0
"""A person may think for as long."""


def debug_call(
    transcript: Transcript,
    call: ToolCall,
    *,
    store: Store,
    place: Place,
    asked: JsonObject,
    rules: Rules | None = None,
    policies: Policies | None = None,
    versions: Mapping[str, str] | None = None,
    interrupted_by: Callable[[Callable[[], None]], AbstractContextManager[None]],
) -> CallVerdict:
    """Run the calls of ``transcript`` up to ``call``, stop there, and return the verdict on it.

    Args:
        transcript: The recorded trace.
        call: One of its tool calls.
        store: Where the trace is; it knows the schemas of that time.
        place: Today's tools.
        asked: Who stops it: ``terminal`` (the name of a device), ``term`` and ``post_mortem`` for
            pdb in a terminal, or ``adapter`` for an editor (`adapter.Endpoints`).
        rules: Differences that do not count.
        policies: Tools that are not replayed from their cassettes.
        versions: The versions, by tool, that calls without one were written for.
        interrupted_by: Given what a Ctrl-C is to do, returns a context in which it does that.

    Raises:
        SelectionError: the call is not replayed at all; says why.
        ToolboxError: the tools cannot be loaded.
        WorkerError: the worker cannot be started.
    """
    policies = policies or Policies()
    left_out = not_replayed(transcript, policies).get(call.id)
    if left_out is not None:
        raise SelectionError(f"Step {call.step_number} cannot be stopped in. {left_out.note}")
    asked = {"call_id": call.id, **asked}
    # An editor is attached to the worker itself: its threads do not come along into a fork.
    isolation = Isolation.NONE if "adapter" in asked else Isolation.TRACE
    places = {TODAY: replace(place, debugged=asked)}
    with Pool(places, jobs=1, deadline_s=_PATIENCE_S, isolation=isolation) as pool:
        greeting = pool.wait_until_ready(TODAY)
        older = written_for(store, greeting, versions or {})
        transcript = older.applied(transcript)
        pool.submit(_job_up_to(call, transcript, policies), one_by_one=True)
        with interrupted_by(pool.interrupt):
            (result,) = pool.wait()
    lanes = {call_id: Lanes(replayed=replayed) for call_id, replayed in result.replayed.items()}
    schemas = known_schemas(store, greeting)
    verdicts = judge_trace(
        transcript,
        lanes,
        rules or Rules(),
        run_id="debug",
        stateless=greeting["stateless"],
        schemas=schemas,
        worldless=worldless(greeting),
    )
    verdict = next(verdict for verdict in verdicts if verdict.tool_call_id == call.id)
    return older.noted(_without_guess(verdict, call, lanes[call.id], schemas))


def _job_up_to(call: ToolCall, transcript: Transcript, policies: Policies) -> Job:
    """Return the job of ``transcript`` without what was asked for after ``call``."""
    job = job_of(transcript, TODAY, policies=policies)
    last = next(
        number
        for number, group in enumerate(job.groups)
        if any(order.id == call.id for order in group)
    )
    del job.groups[last + 1 :]
    return job


def _without_guess(
    verdict: CallVerdict, call: ToolCall, lanes: Lanes, schemas: Schemas
) -> CallVerdict:
    """Return ``verdict`` without blaming the code where the arguments are read otherwise, too.

    A replay run tells the two apart: it runs the call once more with its arguments as they were.
    """
    reading = schemas.reading(call, lanes) if verdict.cause is Cause.CODE else None
    if reading is None or not reading.changes:
        return verdict
    note = f"{reading.words([])} Whether that or the code makes the difference, `replay run` tells."
    return verdict.model_copy(update={"cause": Cause.UNKNOWN, "note": note})
