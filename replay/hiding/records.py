"""Records as they are shown: the sign at hidden places, and wherever else their values stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from replay.hiding.places import HiddenPlaces
from replay.hiding.values import SIGN, HiddenValues
from replay.records import (
    BranchStep,
    CallError,
    CallResult,
    CallVerdict,
    Change,
    Edit,
    Feedback,
    ModelCall,
    Record,
    ReplayRun,
    ToolCall,
    Verdict,
)
from replay.records.quotes import cut_quotes
from replay.store.redaction import KEPT
from replay.verdicts.paths import PathPart, split

R = TypeVar("R", bound=Record)

Answers: TypeAlias = Mapping[str, str]
"""By the provider's id of a call, its tool."""

_ID_KEYS: Final = ("tool_call_id", "tool_use_id", "call_id")
_TOLD_KEYS: Final = ("content", "output", "text")
_PARTS: Final = {"arguments": "arguments", "response": "response"}


def shown_call(places: HiddenPlaces, call: ToolCall, values: HiddenValues) -> ToolCall:
    """Return a recorded call as it is shown; ``values`` learns what stood at its places."""
    if places.are_of_tool(call.tool):
        shown = places.call(call.__dict__, values)
        shown["error"] = _error(places, call.tool, call.error, values)
        for before, after in cut_quotes(_quoting(call.__dict__), _quoting(shown)):
            values.know(before, after)
        call = _with(call, shown)
    return _swept(call, values)


def _quoting(fields: Mapping[str, Any]) -> tuple[Any, Any]:
    error = fields["error"]
    return error and error.model_dump(mode="json"), fields["arguments"]


def shown_model_call(
    places: HiddenPlaces,
    call: ModelCall,
    values: HiddenValues,
    answers: Answers,
    memo: dict[int, Any],
) -> ModelCall:
    """Return a model call as it is shown: the calls in its output, what it was told, its stream."""
    fields = call.__dict__
    if places.are_of_records("model_call"):
        fields = places.record(
            {name: value for name, value in fields.items() if name != "error"}, values
        )
    changed = {
        "messages": shown_messages(places, fields["messages"], values, answers, memo),
        "output": places.said(fields["output"], values),
        "parameters": places.said(fields["parameters"], values),
    }
    found = _swept(_with(call, {**fields, **changed}), values)
    if found.stream is not None and found is not call:
        # A value may be cut into pieces in it, where nobody finds it.
        found = found.model_copy(update={"stream": SIGN if places.is_signed else None})
    return found


def shown_messages(
    places: HiddenPlaces,
    messages: list[Any],
    values: HiddenValues,
    answers: Answers,
    memo: dict[int, Any],
) -> list[Any]:
    """Return messages of a prompt as they are shown.

    ``memo``: those that were shown before, by their identity: prompts read together share them.
    """
    for message in messages:
        if id(message) not in memo:
            said = places.said(message, values)
            memo[id(message)] = values.value(_told(places, said, values, answers))
    return [memo[id(message)] for message in messages]


def shown_verdict(
    places: HiddenPlaces,
    verdict: CallVerdict,
    values: HiddenValues,
    recorded: Callable[[str], HiddenValues],
) -> CallVerdict:
    """Return a verdict as it is shown; the rest as `marked_verdict`."""
    return _swept(marked_verdict(places, verdict, values, recorded), values)


def marked_verdict(
    places: HiddenPlaces,
    verdict: CallVerdict,
    values: HiddenValues,
    recorded: Callable[[str], HiddenValues],
) -> CallVerdict:
    """Return a verdict with its places hidden; ``values`` learns what today's tool gave there.

    ``recorded``: by the id of a call, the values that were recorded at its places.
    """
    tool = verdict.tool
    if places.are_of_tool(tool):
        places = places.beside(recorded(verdict.tool_call_id))
        part = "arguments" if verdict.verdict is Verdict.PAYLOAD_CHANGED else "response"
        changed = {
            "replayed": _result(places, verdict.replayed, values),
            "changes": _changes(places, tool, part, verdict.changes, values),
            "allowed": _changes(places, tool, part, verdict.allowed, values),
            "schema_errors": _details(places, tool, verdict.schema_errors, values),
            "translated_response": places.part(
                tool, "response", verdict.translated_response, values
            ),
        }
        verdict = _with(verdict, changed)
    return verdict


def shown_run(
    places: HiddenPlaces,
    run: ReplayRun,
    values: HiddenValues,
    recorded: Callable[[str], HiddenValues],
) -> ReplayRun:
    """Return a what-if run as it is shown: its edits, and both sides of each step.

    ``recorded``: as `shown_verdict` takes it.
    """
    branch = run.branch
    if branch is None:
        return run
    tools = {step.today.step_number: step.today.tool for step in branch.steps}
    calls = {step.today.step_number: step.today.tool_call_id for step in branch.steps}

    def edit(one: Edit) -> Edit:
        beside = places.beside(recorded(calls.get(one.step_number, "")))
        return _edit(beside, tools.get(one.step_number, ""), one, values)

    def shown(step: BranchStep) -> BranchStep:
        today = HiddenValues()
        sides: dict[str, Any] = {
            "today": shown_verdict(places, step.today, today, recorded),
            "edited": shown_verdict(places, step.edited, values, recorded),
        }
        values.take(today)
        beside = places.beside(today)
        sides["changes"] = _changes(beside, step.today.tool, "response", step.changes, values)
        return _with(step, sides)

    edits, steps = list(map(edit, branch.edits)), list(map(shown, branch.steps))
    told = [edit.model_dump(mode="json") for edit in edits]
    options = dict(run.options)
    if isinstance(options.get("what_if"), dict):
        options["what_if"] = {**options["what_if"], "edits": told}
    branch = _with(branch, {"edits": edits, "steps": steps})
    return _swept(_with(run, {"branch": branch, "options": options}), values)


def shown_feedback(places: HiddenPlaces, one: Feedback, values: HiddenValues) -> Feedback:
    """Return what was said as it is shown: a correction is a call, too."""
    correction = places.said(one.correction, values)
    return _swept(_with(one, {"correction": correction}), values)


def shown_other(places: HiddenPlaces, record: Any, values: HiddenValues) -> Any:
    """Return any other record as it is shown."""
    if places.are_of_records(record.kind):
        record = _with(record, places.record(record.__dict__, values))
    return _swept(record, values)


def _swept(record: R, values: HiddenValues) -> R:
    found: R = values.record(record, KEPT) if values else record
    return found


def _with(record: R, fields: Mapping[str, Any]) -> R:
    """Return a record with other fields; itself where they are the same."""
    before = record.__dict__
    changed = {
        name: value
        for name, value in fields.items()
        if before[name] is not value and before[name] != value
    }
    return record.model_copy(update=changed) if changed else record


def _told(places: HiddenPlaces, value: Any, values: HiddenValues, answers: Answers) -> Any:
    """Return messages with the answers of tools in them hidden as the calls' responses are."""
    if type(value) is list:
        return [_told(places, item, values, answers) for item in value]
    if type(value) is not dict:
        return value
    named = [value[key] for key in _ID_KEYS if type(value.get(key)) is str]
    tool = next((answers[one] for one in named if one in answers), None)
    if tool is None and type(value.get("name")) is str and "response" in value:
        tool = value["name"]
        shown = places.part(tool, "response", value["response"], values)
        return {**value, "response": shown}
    if tool is not None:
        return _answer(places, tool, value, values)
    return {name: _told(places, item, values, answers) for name, item in value.items()}


def _answer(places: HiddenPlaces, tool: str, value: Any, values: HiddenValues) -> Any:
    if type(value) is str:
        return places.part(tool, "response", value, values)
    if type(value) is list:
        return [_answer(places, tool, item, values) for item in value]
    if type(value) is not dict:
        return value
    return {
        name: _answer(places, tool, item, values) if name in _TOLD_KEYS else item
        for name, item in value.items()
    }


def _result(
    places: HiddenPlaces, result: CallResult | None, values: HiddenValues
) -> CallResult | None:
    if result is None:
        return None
    fields = {"kind": "tool_call", **result.__dict__}
    fields = {name: fields[name] for name in ("kind", "tool", "payload", "result", "response")}
    shown = places.call(fields, values)
    del shown["kind"]
    shown["error"] = _error(places, result.tool, result.error, values)
    shown["schema_errors"] = _details(places, result.tool, result.schema_errors, values)
    return _with(result, shown)


def _error(
    places: HiddenPlaces, tool: str, error: CallError | None, values: HiddenValues
) -> CallError | None:
    if error is None:
        return None
    told = {"type": error.type, "message": error.message}
    shown = places.part(tool, "error", told, values)
    if not isinstance(shown, dict):
        return CallError(type=error.type, message=SIGN, stage=error.stage)
    details = error.details
    if isinstance(details, list):
        details = _details(places, tool, details, values)
    return _with(error, {"message": str(shown["message"]), "details": details})


def _details(
    places: HiddenPlaces, tool: str, details: Sequence[Any], values: HiddenValues
) -> list[Any]:
    """Return pydantic's errors with what was given at hidden places hidden."""
    found = []
    for one in details:
        if isinstance(one, dict) and "input" in one and isinstance(one.get("loc"), list | tuple):
            path = [step if isinstance(step, int) else str(step) for step in one["loc"]]
            shown = _at(places, tool, "arguments", path, one["input"], values)
            one = one if shown == one["input"] else {**one, "input": shown}
        found.append(one)
    return found


def _changes(
    places: HiddenPlaces,
    tool: str,
    part: str,
    changes: Sequence[Change],
    values: HiddenValues,
) -> list[Change]:
    def shown(change: Change) -> Change:
        try:
            path: Sequence[PathPart] = split(change.path)
        except ValueError:
            path = ()
        sides = {
            side: _at(places, tool, part, path, getattr(change, side), values)
            for side in ("recorded", "replayed")
        }
        return _with(change, sides)

    return [shown(change) for change in changes]


def _at(
    places: HiddenPlaces,
    tool: str,
    part: str,
    path: Sequence[PathPart],
    value: Any,
    values: HiddenValues,
) -> Any:
    if any(isinstance(step, int) and step > _INDEX_MAX for step in path):
        path = [min(step, _INDEX_MAX) if isinstance(step, int) else step for step in path]
    return places.at(tool, part, path, value, values)


_INDEX_MAX: Final = 10_000


def _edit(places: HiddenPlaces, tool: str, edit: Edit, values: HiddenValues) -> Edit:
    part = _PARTS.get(edit.part)
    if part is None:
        return edit
    sides = {
        side: places.part(tool, part, getattr(edit, side), values)
        for side in ("recorded", "edited")
    }
    return _with(edit, sides)
