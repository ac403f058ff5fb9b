"""One model call that several instrumentations tell is one: the SDK's span inside a framework's.

The fullest telling stays, and takes from the others what it lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from replay.interchange.told import ToldModelCall, ToldTrace
from replay.interchange.turns import asked_by, same_arguments, text_of_output

TOLD_TWICE: Final = "model calls told by two spans: kept once"

_TAKEN: Final = (
    "tools",
    "parameters",
    "provider",
    "model",
    "response_model",
    "response_id",
    "finish_reason",
    "usage",
    "first_chunk_ms",
    "status_code",
)
"""What the telling that stays takes from one that goes."""


def without_doubles(told: ToldTrace) -> list[ToldModelCall]:
    """Return the model calls of ``told``, each once, by the time they started."""
    kept: list[ToldModelCall] = []
    for call in sorted(told.model_calls, key=_start):
        twin = next((one for one in reversed(kept) if _is_same_call(one, call, told)), None)
        if twin is None:
            kept.append(call)
            continue
        told.notes[TOLD_TWICE] += 1
        fuller, other = sorted((twin, call), key=_fullness, reverse=True)
        kept[kept.index(twin)] = _completed(fuller, other)
        for gone in (twin, call):
            if gone is not fuller:
                told.parents.setdefault(gone.id, fuller.id)
    return kept


def _start(call: ToldModelCall) -> int:
    return call.started_ns or 0


def _is_same_call(one: ToldModelCall, other: ToldModelCall, told: ToldTrace) -> bool:
    if one.response_id is not None and other.response_id is not None:
        return one.response_id == other.response_id
    related = _is_inside(one, other, told) or _is_inside(other, one, told)
    told_by_two = one.plane != other.plane and _overlap(one, other)
    if not (related or told_by_two):
        return False
    return _asks_the_same(one, other)


def _is_inside(inner: ToldModelCall, outer: ToldModelCall, told: ToldTrace) -> bool:
    seen: set[str] = set()
    parent = inner.parent_id
    while parent is not None and parent not in seen:
        if parent == outer.id:
            return True
        seen.add(parent)
        parent = told.parents.get(parent)
    return False


def _overlap(one: ToldModelCall, other: ToldModelCall) -> bool:
    if None in (one.started_ns, one.ended_ns, other.started_ns, other.ended_ns):
        return False
    return max(one.started_ns or 0, other.started_ns or 0) < min(
        one.ended_ns or 0, other.ended_ns or 0
    )


def _asks_the_same(one: ToldModelCall, other: ToldModelCall) -> bool:
    if one.output is None or other.output is None:
        return True
    asked, again = asked_by(one.api, one.output), asked_by(other.api, other.output)
    if len(asked) != len(again):
        return False
    same = all(
        a.tool == b.tool and same_arguments(a.arguments, b.arguments)
        for a, b in zip(asked, again, strict=True)
    )
    if asked:
        return same
    return text_of_output(one.api, one.output) == text_of_output(other.api, other.output)


def _fullness(call: ToldModelCall) -> tuple[bool, bool, int, bool, int]:
    """What makes a telling the better one: an answer, raw facts, a prompt, tools."""
    is_raw = bool(call.attributes.get("raw"))
    return (
        call.output is not None,
        is_raw,
        len(call.messages),
        bool(call.tools),
        sum(getattr(call, one.name) is not None for one in fields(call)),
    )


def _completed(call: ToldModelCall, other: ToldModelCall) -> ToldModelCall:
    same_shape: Sequence[str] = _TAKEN if call.api == other.api else _TAKEN[1:]
    for name in same_shape:
        if not getattr(call, name) and getattr(other, name):
            setattr(call, name, getattr(other, name))
    call.attributes = {**other.attributes, **call.attributes}
    return call
