"""Which call an execution answers, and which answer a prompt tells to which call.

Frameworks rarely say, and provider ids repeat, so facts are taken in the order of their worth:
the turn of the same task or thread, then the trace, then every open trace; in each the provider's
id, then the arguments, then the name alone. Where several calls fit, the first asked is taken and
marked uncertain; `exchange` mends it when the next prompt shows which result went to which call.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from replay.recorder.calls import OpenCall, Turn
from replay.recorder.wire import Question, Told, parse_json, told_in
from replay.records import JsonObject, JsonValue, Outcome


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is known of an execution when it starts."""

    tool: str
    provider_call_id: str | None = None
    arguments: str | None = None
    """The raw text, where the caller has it."""
    payload: JsonValue = None
    """The bound arguments, where it has not; they may hold defaults that the model left out."""
    call_index: int | None = None

    def parsed(self) -> JsonObject | None:
        """Return the arguments, where they are known and are an object; else None."""
        found = self.payload
        if self.arguments is not None:
            try:
                found = parse_json(self.arguments or "{}")
            except ValueError:
                return None
        return found if isinstance(found, dict) else None


@dataclass(frozen=True, slots=True)
class Bound:
    """The call found for an execution."""

    call: OpenCall
    bound_by: str
    is_certain: bool


def bind(sighting: Sighting, pools: Iterable[Iterable[OpenCall]]) -> Bound | None:
    """Return the call that ``sighting`` answers, or None; ``pools`` come nearest first."""
    named = []
    for pool in pools:
        calls = [c for c in pool if c.tool == sighting.tool and c.told is None]
        alike, bound_by = _alike(sighting, calls)
        bound = _first_open(sighting, alike, bound_by)
        if bound is not None:
            return bound
        named.append(calls)
    for calls in named:
        bound = _first_open(sighting, calls, "name")
        if bound is not None:
            return bound
    return None


def _alike(sighting: Sighting, calls: list[OpenCall]) -> tuple[list[OpenCall], str]:
    """The calls that fit all that is known, taken ones too, and by what they fit."""
    if sighting.provider_call_id is None:
        return [c for c in calls if _same_arguments(sighting, c)], "arguments"
    same_id = [c for c in calls if c.provider_call_id == sighting.provider_call_id]
    return [c for c in same_id if _same_arguments(sighting, c)] or same_id, "provider_call_id"


def _first_open(sighting: Sighting, alike: list[OpenCall], bound_by: str) -> Bound | None:
    is_open = [c for c in alike if c.is_open]
    if not is_open:
        return None
    # One that is taken already counts as well: perhaps it was this execution's.
    if len(alike) == 1:
        return Bound(is_open[0], bound_by, is_certain=True)
    placed = [c for c in is_open if c.call_index == sighting.call_index]
    return Bound((placed or is_open)[0], "order", is_certain=False)


def _same_arguments(sighting: Sighting, call: OpenCall) -> bool:
    if sighting.arguments is not None and sighting.arguments == call.arguments:
        return True
    try:
        asked = parse_json(call.arguments or "{}")
    except ValueError:
        return False
    if sighting.arguments is not None:
        return isinstance(asked, dict) and asked == sighting.parsed()
    payload = sighting.payload
    if not isinstance(asked, dict) or not isinstance(payload, dict):
        return False
    return all(key in payload and payload[key] == value for key, value in asked.items())


def answers_by_call(question: Question, parent: Turn | None) -> list[tuple[OpenCall, Told]]:
    """Return what a prompt tells about calls of ``parent``: k-th answer to k-th call of an id."""
    if parent is None or not parent.calls:
        return []
    entries = question.messages if question.is_delta else question.messages[parent.message_count :]
    waiting: defaultdict[tuple[str | None, str | None], deque[OpenCall]] = defaultdict(deque)
    for call in parent.calls:
        for name in _names(call):
            waiting[name].append(call)
    pairs = []
    for entry in entries:
        for told in told_in(question.api, entry):
            places = waiting[_name(told)]
            if places:
                call = places[0]
                for name in _names(call):
                    waiting[name].remove(call)
                pairs.append((call, told))
    return pairs


def _names(call: OpenCall) -> tuple[tuple[str | None, str | None], ...]:
    """What an answer may name the call by: its id; its tool, or nothing, where it has none."""
    if call.provider_call_id is not None:
        return ((call.provider_call_id, None),)
    return ((None, call.tool), (None, None))


def _name(told: Told) -> tuple[str | None, str | None]:
    return (told.provider_call_id, None if told.provider_call_id is not None else told.tool)


def answers_from_the_end(question: Question, turns: Iterable[Turn]) -> list[tuple[OpenCall, Told]]:
    """Return the same for a prompt whose history was cut or rewritten, counted from its end."""
    untold = [call for turn in turns for call in turn.calls if call.told is None]
    pairs = []
    answers = (
        told
        for entry in reversed(question.messages)
        for told in reversed(told_in(question.api, entry))
    )
    for told in answers if untold else ():
        call = next((c for c in reversed(untold) if _name(told) in _names(c)), None)
        if call is None:
            break
        untold.remove(call)
        pairs.append((call, told))
    pairs.reverse()
    return pairs


def exchange(calls: Iterable[OpenCall], suspects: Iterable[OpenCall]) -> list[OpenCall]:
    """Mend uncertain matches: give each told call the execution whose result it was told.

    ``calls`` were just told; ``suspects`` are all calls with an uncertain execution, these among
    them. Returns every call whose execution changed. What a scope holds stays in its trace.
    """
    doubtful = [
        call
        for call in calls
        if not (call.execution.is_seen and call.execution.is_certain) and not was_told(call)
    ]
    if not doubtful:
        return []
    by_text: defaultdict[tuple[str, str], list[OpenCall]] = defaultdict(list)
    for suspect in suspects:
        for text in result_texts(suspect):
            by_text[suspect.tool, text].append(suspect)
    if not by_text:
        return []
    changed: dict[int, OpenCall] = {}
    for call in doubtful:
        fitting = by_text[call.tool, _normal(call.told or "")]
        other = next((o for o in fitting if _may_exchange(call, o)), None)
        if other is None or was_told(call):
            continue
        texts = {id(c): result_texts(c) for c in (call, other)}
        call.execution, other.execution = other.execution, call.execution
        call.execution.call, other.execution.call = call, other
        call.execution.bound_by = "response"
        for moved, from_ in ((call, other), (other, call)):
            for text in texts[id(from_)]:
                places = by_text[moved.tool, text]
                places[:] = [moved if place is from_ else place for place in places]
            changed[id(moved)] = moved
    return list(changed.values())


def _may_exchange(call: OpenCall, other: OpenCall) -> bool:
    same_place = call.trace is other.trace or (call.trace.is_stitched and other.trace.is_stitched)
    return same_place and other is not call and not was_told(other)


def was_told(call: OpenCall) -> bool:
    """Whether the prompt told the model the result of this very execution."""
    texts = result_texts(call) if call.told is not None else set()
    return bool(texts) and _normal(call.told or "") in texts


def result_texts(call: OpenCall) -> set[str]:
    """Return the texts by which a prompt may tell a call's result, in normal form."""
    run = call.execution
    if run.outcome is Outcome.UNFINISHED:
        return set()
    if run.response is not None:
        return {_normal(run.response)}
    if run.error is not None:
        return {_normal(run.error.message), _normal(f"Error: {run.error.message}")}
    result = run.result_value
    if isinstance(result, str):
        return {_normal(result), _normal(_dumps({"result": result}))}
    # Google's clients lay what is no object under a name.
    return {_normal(_dumps(result)), str(result), _normal(_dumps({"result": result}))}


def _normal(text: str) -> str:
    """JSON with sorted keys and no spaces where ``text`` is JSON, else the text itself."""
    try:
        return _dumps(json.loads(text))
    except (ValueError, RecursionError):
        return text


_dumps: Callable[[Any], str] = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False
).encode
