"""The world of one trace at every step, from one replay of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from replay.errors import ToolboxError
from replay.records import ReplayedCall, ToolCall, Transcript
from replay.replayer.job_runner import JobRunner
from replay.replayer.jobs import TODAY
from replay.replayer.older_calls import written_for
from replay.replayer.plan import job_of, not_replayed, tool_calls
from replay.replayer.policies import Policies
from replay.stepping.worlds import NOTHING, State, WorldHistory, WorldStep
from replay.store import Store

_NOT_SHOWN = "The world after it is not known: its state could not be shown, or is too large."


@dataclass(frozen=True, slots=True)
class ReplayedWorld:
    """What a replay of a trace told of its world."""

    history: WorldHistory
    replayed: Mapping[str, ReplayedCall]
    """By tool call id."""


def world_of(
    transcript: Transcript,
    *,
    store: Store,
    runner: JobRunner,
    policies: Policies | None = None,
    versions: Mapping[str, str] | None = None,
) -> ReplayedWorld:
    """Replay ``transcript`` once and return its world at every step.

    Args:
        transcript: The recorded trace.
        store: Where it is; it knows the schemas of that time.
        runner: Entered; its tools are those whose world it is.
        policies: Tools that are not replayed from their cassettes.
        versions: The versions, by tool, that calls without one were written for.

    Raises:
        ToolboxError: the tools have no world, or none that they show.
        WorkerError: no worker can be started.
    """
    policies = policies or Policies()
    _refuse_unseen(runner)
    older = written_for(store, runner.greeting, versions or {})
    transcript = older.applied(transcript)
    job = job_of(transcript, TODAY, policies=policies)
    job.shows_state = job.tells_world = True
    (result,) = runner.run([job])
    calls = {call.id: call for call in tool_calls(transcript)}
    left_out = not_replayed(transcript, policies)
    start, steps = _steps(calls, result.replayed)
    steps += [
        WorldStep(calls[call_id].step_number, calls[call_id].tool, None, one.note)
        for call_id, one in left_out.items()
    ]
    return ReplayedWorld(WorldHistory(start, steps), {**result.replayed, **left_out})


def _steps(
    calls: Mapping[str, ToolCall], replayed: Mapping[str, ReplayedCall]
) -> tuple[State, list[WorldStep]]:
    """Return the state before the first call, and the calls in the order in which they ended."""
    start: State = NOTHING
    steps: list[WorldStep] = []
    for call_id, one in replayed.items():
        step = WorldStep.from_json(
            {
                "step": calls[call_id].step_number,
                "tool": calls[call_id].tool,
                "changes": one.world_changes,
                "note": one.note or (_NOT_SHOWN if one.world_changes is None else None),
            }
        )
        if start is NOTHING and step.changes:
            first, *rest = step.changes
            assert not first.parts, "the first call that is told begins with the whole world"
            start, step = first.after, replace(step, changes=tuple(rest))
        steps.append(step)
    return start, steps


def _refuse_unseen(runner: JobRunner) -> None:
    toolbox = runner.place.toolbox
    if runner.greeting["stateless"]:
        raise ToolboxError(
            f"The tools {toolbox!r} have no world: nothing is made by @toolbox.world.",
            hint="Tools that keep nothing between calls have no state to look at.",
        )
    if not runner.greeting["shows_state"]:
        raise ToolboxError(
            f"The tools {toolbox!r} do not show their world.",
            hint="Say what is to be seen of it: a function under @toolbox.state that is given the "
            "world and returns JSON.",
        )
