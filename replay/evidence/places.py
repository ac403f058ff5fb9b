"""Edits of one place in a payload: nothing else of it changes."""

from __future__ import annotations

import copy
from typing import Any, Final

from replay.evidence.subschemas import at_place, smallest
from replay.records import JsonObject, JsonValue
from replay.replayer.questions.compared import Place

_MADE_MAX: Final = 12


def without(payload: JsonObject, place: Place) -> JsonObject | None:
    """Return ``payload`` without what stands at ``place``; None: nothing stands there."""
    edited = copy.deepcopy(payload)
    holder = _holder(edited, place)
    part = place[-1] if place else None
    if isinstance(holder, dict) and part in holder:
        del holder[part]
        return edited
    if isinstance(holder, list) and holder and not isinstance(part, str):
        del holder[part or 0]
        return edited
    return None


def put(
    payload: JsonObject, place: Place, value: JsonValue, schema: JsonObject
) -> JsonObject | None:
    """Return ``payload`` with ``value`` at ``place``; None: nothing can hold it there.

    What is missing on the way is made as small as ``schema`` allows.
    """
    edited = copy.deepcopy(payload)
    if not place:
        return value if isinstance(value, dict) else None
    for depth in range(1, len(place)):
        if not _is_there(edited, place[:depth]):
            found = at_place(schema, place[:depth])
            if not found or depth > _MADE_MAX:
                return None
            if not _set(edited, place[:depth], smallest(found[0], schema)):
                return None
    return edited if _set(edited, place, copy.deepcopy(value)) else None


def _is_there(payload: JsonObject, place: Place) -> bool:
    holder, part = _holder(payload, place), place[-1]
    if isinstance(holder, dict):
        return part in holder and holder[part] is not None
    return isinstance(holder, list) and not isinstance(part, str) and len(holder) > (part or 0)


def _set(payload: JsonObject, place: Place, value: JsonValue) -> bool:
    holder, part = _holder(payload, place), place[-1]
    if isinstance(holder, dict) and isinstance(part, str):
        holder[part] = value
        return True
    if isinstance(holder, list) and not isinstance(part, str) and len(holder) >= (part or 0):
        holder[(part or 0) : (part or 0) + 1] = [value]
        return True
    return False


def _holder(payload: JsonObject, place: Place) -> Any:
    """Return what holds the last part of ``place``; None: it is not there."""
    holder: Any = payload
    for part in place[:-1]:
        if isinstance(holder, dict) and part in holder:
            holder = holder[part]
        elif isinstance(holder, list) and not isinstance(part, str) and len(holder) > (part or 0):
            holder = holder[part or 0]
        else:
            return None
    return holder
