"""`--where CONDITION` of `replay show` and `replay list`: the steps that fit, and their traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from replay.records import CallVerdict, ModelCall, Selection, ToolCall, Transcript
    from replay.stepping.conditions import Condition
    from replay.stepping.worlds import WorldHistory
    from replay.store import Store, TraceRow

_OF_VERDICTS = frozenset(("verdict", "cause", "approved", "today"))
_PAGE = 100


def read_condition(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    """Return the condition of an option, or None.

    Raises:
        ConditionError: it cannot be read; the message shows where.
    """
    if value is None:
        return None
    from replay.stepping.parsing import parse

    return parse(value)


def where_option(help_text: str) -> Callable[..., Any]:
    """Return the option ``--where``; the command gets the `Condition` as ``condition``, or None."""
    return click.option(
        "--where", "condition", callback=read_condition, metavar="CONDITION", help=help_text
    )


def fitting_steps(
    store: Store,
    transcript: Transcript,
    condition: Condition,
    *,
    world: WorldHistory | None = None,
) -> list[ModelCall | ToolCall]:
    """Return the steps of a trace that ``condition`` holds for; the newest run's verdicts count.

    ``world``: the trace's world, where it was replayed.

    Raises:
        SelectionError: it asks for the world, which no recording has.
    """
    from replay.records import ModelCall, ToolCall
    from replay.stepping.facts import StepFacts

    if world is None:
        _refuse_world(condition)
    needs_verdicts = bool(condition.names & _OF_VERDICTS)
    verdicts = newest_verdicts(store, transcript.trace.id) if needs_verdicts else {}
    models = {
        step.id: step.response_model or step.model
        for step in transcript.steps
        if isinstance(step, ModelCall)
    }
    return [
        step
        for step in transcript.steps
        if condition.holds(
            StepFacts(
                step,
                model=models.get(step.model_call_id or "") if isinstance(step, ToolCall) else None,
                interactions=transcript.interactions.get(step.id),
                verdict=verdicts.get(step.id),
                world=None if world is None else world.values_at(step.step_number),
            )
        )
    ]


def newest_verdicts(store: Store, trace_id: str) -> dict[str, CallVerdict]:
    """Return the verdicts of the newest replay run that judged a trace, by tool call id."""
    from replay.cli.runs import verdicts_now

    run = store.judging_run(trace_id)
    verdicts = verdicts_now(store, run, trace_id=trace_id) if run is not None else []
    return {one.tool_call_id: one for one in verdicts}


def fitting_traces(
    store: Store, selection: Selection, condition: Condition
) -> Iterator[tuple[TraceRow, list[int]]]:
    """Give the selected traces with a step that fits, newest first, and the numbers of the steps.

    Raises:
        SelectionError: it asks for the world, which no recording has.
    """
    _refuse_world(condition)
    selection = _narrowed(selection, condition)
    prompts = condition.required("tool") is None or "result" in condition.names
    after: str | None = None
    while rows := store.traces(selection, after=after, limit=_PAGE):
        for row in rows:
            transcript = store.transcript(row.id, prompts=prompts)
            steps = fitting_steps(store, transcript, condition)
            if steps:
                yield row, [step.step_number for step in steps]
        after = rows[-1].id


def _narrowed(selection: Selection, condition: Condition) -> Selection:
    """Return ``selection`` with what the condition asks for in any case: indexes find that."""
    more: dict[str, list[str]] = {}
    for name, field in (("tool", "tools"), ("version", "tool_versions"), ("outcome", "outcomes")):
        wanted = condition.required(name)
        if wanted and not getattr(selection, field) and condition.required("tool") is not None:
            more[field] = sorted(wanted)
    if not more:
        return selection
    return type(selection).model_validate({**selection.model_dump(), **more})


def _refuse_world(condition: Condition) -> None:
    if "world" not in condition.names:
        return
    from replay.errors import SelectionError

    raise SelectionError(
        f"{condition.text!r} asks for the world: a recording does not hold it, a replay makes it.",
        hint="`replay world TRACE --where CONDITION` replays the trace, and shows the steps.",
    )
