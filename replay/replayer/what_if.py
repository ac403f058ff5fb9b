"""One trace through today's tools twice: as it was recorded, and with something made otherwise.

The recorded model outputs stay what they are. So what an edit changes after its step is what the
tools' world and the outside's answers change; what the model would have said to another answer,
nobody knows, and those calls are told to be conditional.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from replay.errors import ExitCode, SelectionError
from replay.records import (
    Branch,
    BranchStep,
    CallVerdict,
    Edit,
    JsonValue,
    ReplayedCall,
    ReplayRun,
    Selection,
    ToolCall,
    Transcript,
)
from replay.records.replays import WHAT_IF
from replay.replayer.lanes import TraceLanes
from replay.replayer.opened import Opened
from replay.replayer.plan import not_replayed, tool_calls
from replay.replayer.replayer import Replayer
from replay.replayer.under_way import now_text
from replay.replayer.what_if_edits import Edits
from replay.store.sampling import Chosen
from replay.verdicts import Rules
from replay.verdicts.answers import recorded_response
from replay.verdicts.canonical import read_response
from replay.verdicts.comparison import compare_responses
from replay.verdicts.exit_codes import exit_code_of

_TOLD_LENGTH_MIN: Final = 3
"""Shorter texts and numbers are everywhere: that one comes again says nothing."""


def what_if(replayer: Replayer, trace_id: str, edits: Edits) -> ReplayRun:
    """Run a trace as it is and with ``edits``, and return the branch as a run; it is not stored.

    Raises:
        KeyboardInterrupt: `Replayer.stop` was called.
        SelectionError: there is no such trace or step, or nothing of it can be made otherwise.
        ToolboxError: the tools cannot be loaded.
        WorkerError: a worker cannot be started.
    """
    transcript = replayer.store.transcript(trace_id, prompts=False)
    edited, made = edits.applied(transcript)  # before any worker starts
    with replayer.opened() as opened:
        greeting = opened.greeting()
        chosen = Chosen([transcript.trace.id])
        run = replayer._begun(Selection(trace_ids=chosen.trace_ids), chosen, greeting)
        run = run.model_copy(update={"id": run.id.replace("run_", WHAT_IF, 1)})
        today, otherwise = _verdicts(replayer, opened, transcript, edited, made, run.id)
    steps = list(_steps(transcript, today, otherwise, made, replayer.rules))
    branch = Branch(trace_id=transcript.trace.id, edits=made, steps=steps)
    told = [edit.model_dump(mode="json") for edit in made]
    return run.model_copy(
        update={
            "ended_at": now_text(),
            "status": "finished",
            "options": {**run.options, "what_if": {"trace_id": branch.trace_id, "edits": told}},
            "trace_count": 1,
            "call_count": len(steps),
            "verdict_counts": dict(sorted(Counter(str(s.edited.verdict) for s in steps).items())),
            "exit_code": int(exit_code_of_branch(branch)),
            "branch": branch,
        }
    )


def exit_code_of_branch(branch: Branch) -> ExitCode:
    """Return 0 where the edit makes no difference, 1 where calls fail by it, else 2."""
    differing = [step for step in branch.steps if step.differs]
    breaking = ExitCode.BREAKING
    if any(
        exit_code_of(step.edited) is breaking and exit_code_of(step.today) is not breaking
        for step in differing
    ):
        return breaking
    return ExitCode.NEEDS_A_PERSON if differing else ExitCode.OK


def _verdicts(
    replayer: Replayer,
    opened: Opened,
    transcript: Transcript,
    edited: Transcript,
    made: list[Edit],
    run_id: str,
) -> tuple[list[CallVerdict], list[CallVerdict]]:
    """Return the verdicts on the trace as it is and as it is edited, both against the recording."""
    terms = opened.terms(run_id, replayer.parser)
    with opened.older_calls() as older:
        today = TraceLanes(terms, older.applied(transcript))
        otherwise = TraceLanes(terms, older.applied(edited))
        left_out = not_replayed(transcript, terms.policies)
        for edit in made:
            _refuse_what_is_not_run(edit, transcript, left_out)
        _run(opened, [today, otherwise])
        otherwise.transcript = today.transcript  # judged against what was recorded
        _tell_edited_responses(otherwise, made)
        calls = {call.id: call for call in tool_calls(today.transcript)}
        try:
            both = [older.told(one.verdicts(), calls) for one in (today, otherwise)]
            return both[0], both[1]
        finally:
            today.close()
            otherwise.close()


def _refuse_what_is_not_run(
    edit: Edit, transcript: Transcript, left_out: dict[str, ReplayedCall]
) -> None:
    call = Edits(edit.step_number).call_of(transcript)
    if edit.part != "response" and call.id in left_out:
        raise SelectionError(
            f"Editing the {edit.part} of step {call.step_number} changes nothing. "
            f"{left_out[call.id].note}",
            hint="Edit its --response, or have it run with another --policy.",
        )


def _run(opened: Opened, traces: list[TraceLanes]) -> None:
    """Run what each trace asks for, until none asks for more."""
    of_job: dict[int, TraceLanes] = {}

    def submit(trace: TraceLanes, jobs: list[object], *, ahead: bool) -> None:
        for job in jobs:
            of_job[id(job)] = trace
            opened.pool.submit(job, ahead=ahead)  # type: ignore[arg-type]  # a Job

    for trace in traces:
        submit(trace, list(trace.first_jobs()), ahead=False)
    while not all(trace.is_done for trace in traces):
        for result in opened.pool.wait():
            trace = of_job.pop(id(result.job))
            submit(trace, list(trace.take(result)), ahead=True)
        if opened.replayer._stopping.is_set():
            raise KeyboardInterrupt


def _tell_edited_responses(trace: TraceLanes, made: list[Edit]) -> None:
    """Let the model be told the edited responses, whatever the tools answered."""
    replayed = trace._lanes["replayed"]
    for edit in made:
        if edit.part != "response":
            continue
        call = Edits(edit.step_number).call_of(trace.transcript)
        one = replayed.get(call.id) or trace._not_run[call.id]
        if one.result is not None:
            result = one.result.model_copy(update={"response": edit.edited, "result": None})
            replayed[call.id] = one.model_copy(update={"result": result})


def _steps(
    transcript: Transcript,
    today: list[CallVerdict],
    otherwise: list[CallVerdict],
    made: list[Edit],
    rules: Rules,
) -> Iterator[BranchStep]:
    calls = {call.id: call for call in tool_calls(transcript)}
    responses = {edit.step_number: edit for edit in made if edit.part == "response"}
    edited = {edit.step_number for edit in made}
    gone: set[str] = set()
    still: set[str] = set()  # what some answer of the branch says, too
    parted = False  # the states do: no later call has done that
    for now, branch in zip(today, otherwise, strict=True):
        call = calls[now.tool_call_id]
        edit = responses.get(call.step_number)
        taken = [
            path
            for path, text in _leaves(read_response(call.arguments).value, "")
            if text in gone - still
        ]
        before, after = told(now, call), told(branch, call)
        if edit is not None:
            after = str(edit.edited)
        changes = compare_responses(call.tool, before, after, rules).changes
        given = call.step_number not in edited
        rest = _rest(now, payload=given) != _rest(branch, payload=given)
        states = [one.replayed.state_hash for one in (now, branch) if one.replayed is not None]
        rest = rest or (not parted and len(set(states)) > 1)
        parted = len(set(states)) > 1 if states else parted
        differs = edit is not None or bool(changes) or rest
        still |= {text for _, text in _leaves(read_response(after).value, "")}
        if differs:
            gone |= {text for _, text in _leaves(read_response(recorded_response(call)).value, "")}
            branch = branch.model_copy(update={"cause": None, "signature": None, "approved": False})
        yield BranchStep(today=now, edited=branch, differs=differs, changes=changes, gone=taken)


def told(verdict: CallVerdict, call: ToolCall) -> str | None:
    """Return what the model is told: what was recorded, where the call was not run."""
    return recorded_response(call) if verdict.replayed is None else verdict.replayed.response


def _rest(verdict: CallVerdict, *, payload: bool = True) -> tuple[JsonValue, ...]:
    """What else of a call can differ than its response and the state that it leaves behind.

    Its payload not where it was edited.
    """
    result = verdict.replayed
    outside = [change.model_dump(mode="json") for change in verdict.interaction_changes]
    if result is None:
        return (verdict.note, outside)
    given = result.payload if payload else None
    return (result.outcome, given, outside, verdict.effect_changed)


def _leaves(value: JsonValue, path: str) -> Iterator[tuple[str, str]]:
    """Give the texts and numbers of a value that can be known again, each with its path."""
    from replay.verdicts.paths import join

    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, join(path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, join(path, index))
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        text = str(value)
        if len(text) >= _TOLD_LENGTH_MIN:
            yield path, text
