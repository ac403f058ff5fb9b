"""From a trace that another tool tells to records: model calls, and the tool calls they ask for.

Everything is rebuilt from the model calls: what one asks for stands in its output, and what was
answered in a later prompt. Runs of tools add their time, their errors and what no prompt tells; one
that no model call asked for is a call of its own.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import Final

from replay.interchange.import_report import NOT_CARRIED
from replay.interchange.line_fields import ReadOptions
from replay.interchange.outcomes import outcome_of, tool_name
from replay.interchange.planes import without_doubles
from replay.interchange.prompts import Prompts, Turn
from replay.interchange.times import UNKNOWN_TIME, utc_ns
from replay.interchange.told import Opinion, ToldModelCall, ToldRun, ToldTrace
from replay.interchange.turns import asked_by, same_arguments
from replay.recorder.unseen import is_free_text
from replay.recorder.wire import AskedCall, Told
from replay.records import (
    Feedback,
    Interaction,
    JsonObject,
    ModelCall,
    Outcome,
    ToolCall,
    Trace,
    Transcript,
)

ORPHANS: Final = "answers to no call of the trace: kept in the prompts"
NO_ARGUMENTS: Final = "runs of tools without arguments, and no model call that asks: left out"
AROUND: Final = "around"
NO_TIME: Final = "traces without a time, dated 1970"
PARTIAL: Final = "prompts that name an earlier answer which is not told: kept as they are"


@dataclass
class Stitched:
    """A transcript, and what was counted on the way."""

    transcript: Transcript
    told: Counter[str] = field(default_factory=Counter)
    """What the source tells, by kind."""


def stitch(told: ToldTrace, trace_id: str, options: ReadOptions) -> Stitched | None:
    """Return the trace that ``told`` tells; None where nothing in it can be replayed."""
    return _Stitcher(told, trace_id, options).stitch()


@dataclass
class _Call:
    """A tool call on its way to its record."""

    asked: AskedCall
    turn: Turn | None
    call_index: int
    started_ns: int | None
    shown_as: str = ""
    """What the model called it."""
    told: Told | None = None
    run: ToldRun | None = None
    bound_by: str | None = None
    step_number: int = 0


class _Stitcher:
    def __init__(self, told: ToldTrace, trace_id: str, options: ReadOptions) -> None:
        self.told = told
        self.trace_id = trace_id
        self.options = options
        self.prompts = Prompts()
        self.calls: list[_Call] = []
        self.by_turn: defaultdict[int, list[_Call]] = defaultdict(list)
        self.strays: list[ToldRun] = []

    def stitch(self) -> Stitched | None:
        model_calls = without_doubles(self.told)
        turns = [self._take(call) for call in model_calls]
        self.strays = self._bind_runs()
        self._add_strays()
        if not turns and not self.calls:
            return None
        of_source: dict[str, int] = {}
        steps = self._steps(turns, of_source)
        feedback = [self._feedback(one, of_source) for one in self.told.opinions]
        trace = self._trace(of_source)
        transcript = Transcript(
            trace=trace,
            steps=steps,
            feedback=feedback,
            interactions=self._interactions(steps, of_source),
        )
        asked = sum(len(asked_by(call.api, call.output)) for call in model_calls)
        counted = Counter(
            traces=1,
            model_calls=len(model_calls),
            tool_calls=asked + len(self.strays),
            scores=len(self.told.opinions),
            interactions=sum(map(len, self.told.outside.values())),
        )
        return Stitched(transcript, counted)

    def _own_name(self, tool: str) -> str:
        prefixes = (one for one in self.options.tool_prefixes if tool.startswith(one))
        return tool.removeprefix(next(prefixes, "")) or tool

    # -- model calls, in the order they started

    def _take(self, call: ToldModelCall) -> Turn:
        """Tell the earlier calls what this prompt answers, and open what its output asks for."""
        parent, fresh = self.prompts.parent_of(call)
        if call.is_delta:
            if parent is None:
                self.told.notes[PARTIAL] += 1
                call.attributes["prompt_is_partial"] = True
            else:
                call.messages = [*self.prompts.after(parent), *call.messages]
                call.tools = call.tools or parent.call.tools
        self._answer(parent, fresh)
        turn = self.prompts.add(call, parent)
        for index, shown in enumerate(asked_by(call.api, call.output)):
            asked = replace(shown, tool=self._own_name(self.told.name_of(shown.tool)))
            one = _Call(asked, turn, index, call.ended_ns or call.started_ns, shown.tool)
            self.calls.append(one)
            self.by_turn[turn.number].append(one)
        return turn

    def _answer(self, parent: Turn | None, fresh: list[Told]) -> None:
        """The k-th answer with an id is the k-th call's with that id; without ids, the next."""
        waiting = [call for call in self.by_turn[parent.number] if not call.told] if parent else []
        for answer in fresh:
            call = _first_with_id(waiting, answer)
            if call is None and answer.provider_call_id is not None:
                open_calls = (one for one in reversed(self.calls) if one.told is None)
                call = next(
                    (c for c in open_calls if c.asked.provider_call_id == answer.provider_call_id),
                    None,
                )
            if call is None:
                self.told.notes[ORPHANS] += 1
                continue
            call.told = answer
            call.bound_by = "position" if answer.provider_call_id is None else "provider_call_id"
            if call in waiting:
                waiting.remove(call)

    # -- runs of tools

    def _bind_runs(self) -> list[ToldRun]:
        """Give each run to the call that it is of; return those of no call."""
        strays = []
        for run in self.told.runs:
            run.tool = self._own_name(run.tool)
        for run in sorted(self.told.runs, key=lambda one: one.started_ns or 0):
            call = self._call_of(run)
            if call is None:
                strays.append(run)
                continue
            call.run = run
            call.bound_by = call.bound_by or self._bound_by(run)
        return strays

    def _bound_by(self, run: ToldRun) -> str:
        return "arguments" if run.provider_call_id is None else "provider_call_id"

    def _call_of(self, run: ToldRun) -> _Call | None:
        fitting = [c for c in self.calls if c.run is None and c.asked.tool == run.tool]
        if run.provider_call_id is not None:
            named = [c for c in fitting if c.asked.provider_call_id == run.provider_call_id]
            if named:
                return _nearest(named, run)
            if any(c.asked.provider_call_id is not None for c in fitting):
                return None
        if run.arguments is not None:
            fitting = [c for c in fitting if _is_run_with(run.arguments, c.asked.arguments)]
        elif run.response is not None:
            fitting = [c for c in fitting if c.told is None or c.told.text == run.response]
        return _nearest(fitting, run)

    def _add_strays(self) -> None:
        for run in [one for one in self.strays if one.arguments is None]:
            self.told.notes[NO_ARGUMENTS] += 1
            self.strays.remove(run)
        for run in self.strays:
            asked = AskedCall(run.tool, run.arguments or "", run.provider_call_id)
            self.calls.append(_Call(asked, None, 0, run.started_ns, run=run))

    # -- records

    def _steps(self, turns: list[Turn], of_source: dict[str, int]) -> list[ModelCall | ToolCall]:
        """The records; ``of_source`` gets their numbers, by the source's ids."""
        steps: list[ModelCall | ToolCall] = []
        strays = [call for call in self.calls if call.turn is None]
        for turn in turns:
            while strays and (strays[0].started_ns or 0) < (turn.call.started_ns or 0):
                self._add_call(steps, strays.pop(0), None, of_source)
            number = len(steps) + 1
            of_source[turn.call.id] = number
            record = self._model_call(turn.call, number)
            steps.append(record)
            for call in self.by_turn[turn.number]:
                self._add_call(steps, call, record, of_source)
        for call in strays:
            self._add_call(steps, call, None, of_source)
        return steps

    def _add_call(
        self,
        steps: list[ModelCall | ToolCall],
        call: _Call,
        of: ModelCall | None,
        of_source: dict[str, int],
    ) -> None:
        number = len(steps) + 1
        if call.run is not None:
            of_source[call.run.id] = number
        steps.append(self._tool_call(call, of, number))

    def _model_call(self, call: ToldModelCall, number: int) -> ModelCall:
        return ModelCall(
            id=f"{self.trace_id}#{number}",
            trace_id=self.trace_id,
            step_number=number,
            provider=call.provider,
            api=call.api,
            model=call.model,
            response_model=call.response_model,
            messages=call.messages,
            tools=call.tools,
            parameters=call.parameters,
            request_mode="delta" if call.is_delta else "full",
            previous_response_id=call.previous_response_id,
            output=call.output,
            finish_reason=call.finish_reason,
            usage=call.usage,
            response_id=call.response_id,
            streamed=call.streamed,
            started_at=self._at(call.started_ns),
            duration_ms=_ms(call.started_ns, call.ended_ns),
            first_chunk_ms=call.first_chunk_ms,
            status_code=call.status_code,
            error=call.error,
            attributes={**call.attributes, **self._named(call.id)},
        )

    def _interactions(
        self, steps: list[ModelCall | ToolCall], of_source: dict[str, int]
    ) -> dict[str, list[Interaction]]:
        """What the tools of an answer asked, with the first of its calls."""
        found: dict[str, list[Interaction]] = {}
        for name, exchanges in self.told.outside.items():
            call = steps[of_source[name]]  # its number counts from 1: this is the step after it
            if isinstance(call, ToolCall):
                found[call.id] = [
                    Interaction(
                        id=f"{call.id}.{index}",
                        tool_call_id=call.id,
                        interaction_index=index,
                        protocol=exchange["protocol"],
                        bound_by="turn",
                        exchange=exchange,
                    )
                    for index, exchange in enumerate(exchanges)
                ]
        return found

    def _named(self, source_id: str) -> JsonObject:
        """What later opinions find a step by."""
        return {"imported": {"id": source_id}} if self.told.is_named else {}

    def _tool_call(self, call: _Call, of: ModelCall | None, number: int) -> ToolCall:
        run, asked = call.run, call.asked
        text = call.told.text if call.told is not None else run.response if run else None
        attributes = {**run.attributes, **self._named(run.id)} if run is not None else {}
        if call.shown_as not in ("", asked.tool):
            attributes["shown_as"] = call.shown_as
        if run is not None and run.is_exact and run.response != text:
            attributes["told"], text = text, run.response
        error = run.error if run is not None else None
        is_error = call.told.is_error if call.told is not None else None
        if error is not None:
            is_error = True
        tools = of.tools if of is not None else []
        outcome, its_error = outcome_of(
            asked.tool,
            asked.arguments,
            text=text,
            is_error=is_error,
            tools=tools,
            names={name for tool in tools if (name := tool_name(tool))},
            free_text=is_free_text(tools, asked.tool),
            error=error,
        )
        if call.told is None and (run is None or (text is None and error is None)):
            outcome, its_error = Outcome.UNFINISHED, None
        if run is not None and run.outcome is not None:
            outcome, its_error = run.outcome, run.error
        started_ns = run.started_ns if run is not None else None
        ended_ns = call.turn.call.ended_ns if call.turn is not None else None
        return ToolCall(
            id=f"{self.trace_id}#{number}",
            trace_id=self.trace_id,
            step_number=number,
            model_call_id=of.id if of is not None else None,
            call_index=call.call_index,
            provider_call_id=asked.provider_call_id,
            actor=run.actor if run is not None else "assistant",
            tool=asked.tool,
            tool_version=run.tool_version if run is not None else None,
            arguments=asked.arguments,
            response=text,
            outcome=outcome,
            error=its_error,
            started_at=self._at(started_ns or call.started_ns),
            offset_ms=_ms(ended_ns, started_ns),
            duration_ms=_ms(run.started_ns, run.ended_ns) if run is not None else None,
            bound_by=call.bound_by,
            attributes=attributes,
        )

    def _trace(self, of_source: dict[str, int]) -> Trace:
        told, options = self.told, self.options
        spans = [(one.started_ns, one.ended_ns) for one in told.model_calls]
        spans += [(one.started_ns, one.ended_ns) for one in told.runs]
        times = [time for span in spans for time in span if time is not None]
        started_ns = told.started_ns or (min(times) if times else None)
        ended_ns = told.ended_ns or (max(times) if times else None)
        if started_ns is None and options.recorded_at is None:
            told.notes[NO_TIME] += 1
        start = {
            name: told.metadata[name] for name in options.start_fields if name in told.metadata
        }
        started_at = self._at(started_ns)
        attributes: JsonObject = {"imported": {"id": told.id, **self._around(of_source)}}
        if +told.notes:
            attributes["imported"][NOT_CARRIED] = dict(sorted((+told.notes).items()))
        if told.metadata:
            attributes["metadata"] = told.metadata
        return Trace(
            id=self.trace_id,
            app=options.app or told.app,
            started_at=started_at,
            ended_at=utc_ns(ended_ns) if ended_ns is not None else started_at,
            outcome=told.outcome,
            start=told.start if told.start is not None else start or None,
            labels={**told.labels, **options.labels},
            source=told.source,
            code_version=told.code_version,
            attributes=attributes,
        )

    def _around(self, of_source: dict[str, int]) -> JsonObject:
        """The source's pieces that are no steps, each with the step that it was inside of."""
        if not self.told.is_named:
            return {}
        others = sorted({*self.told.parents, *self.told.parents.values()} - of_source.keys())
        return {AROUND: {one: self._step_of(one, of_source) for one in others}}

    def _step_of(self, about: str | None, of_source: dict[str, int]) -> int | None:
        seen = set[str]()
        while about is not None and about not in of_source and about not in seen:
            seen.add(about)
            about = self.told.parents.get(about)
        return of_source.get(about) if about is not None else None

    def _at(self, time_ns: int | None) -> str:
        if time_ns is not None:
            return utc_ns(time_ns)
        known = self.told.started_ns
        return utc_ns(known) if known is not None else self.options.recorded_at or UNKNOWN_TIME

    def _feedback(self, opinion: Opinion, of_source: dict[str, int]) -> Feedback:
        step = self._step_of(opinion.about_id, of_source)
        return feedback_of(opinion, self.trace_id, step, self._at(opinion.at_ns))


def feedback_of(
    opinion: Opinion, trace_id: str, step_number: int | None, created_at: str
) -> Feedback:
    """Return what was said of a trace, or of a step of it, as a record."""
    return Feedback(
        id=f"{trace_id}~{opinion.id}",
        trace_id=trace_id,
        step_number=step_number,
        label=opinion.label,
        score=opinion.score,
        text=opinion.text,
        correction=opinion.correction,
        annotator=opinion.annotator,
        created_at=created_at,
    )


def _first_with_id(waiting: list[_Call], answer: Told) -> _Call | None:
    ids = (answer.provider_call_id, None)
    for call_id in ids:
        for call in waiting:
            if answer.provider_call_id is None or call.asked.provider_call_id == call_id:
                return call
    return None


def _nearest(fitting: list[_Call], run: ToldRun) -> _Call | None:
    """The call that was asked last before the run began; the first where no time is told."""
    if run.started_ns is None:
        return fitting[0] if fitting else None
    before = [c for c in fitting if c.started_ns is None or c.started_ns <= run.started_ns]
    if not before:
        return fitting[0] if fitting else None
    turn = before[-1].turn
    return next(c for c in before if c.turn is turn)


def _is_run_with(arguments: str, asked: str) -> bool:
    """Whether a tool ran with what was asked; frameworks add defaults to it."""
    if same_arguments(arguments, asked):
        return True
    try:
        ran, wanted = json.loads(arguments), json.loads(asked or "{}")
    except ValueError:
        return False
    if not isinstance(ran, dict) or not isinstance(wanted, dict):
        return False
    return all(name in ran and ran[name] == value for name, value in wanted.items())


def _ms(since_ns: int | None, until_ns: int | None) -> float | None:
    if since_ns is None or until_ns is None or until_ns < since_ns:
        return None
    return round((until_ns - since_ns) / 1e6, 3)
