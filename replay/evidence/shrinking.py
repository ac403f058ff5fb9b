"""From a payload that shows something to a smallest one that still shows it.

One step at a time: all payloads that are a step smaller are tried together, and the first that
still holds is gone on with. No chance is in it: the same payload always shrinks to the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from replay.records import JsonObject, JsonValue

CHECKS_MAX: Final = 2_000
_STEP_MAX: Final = 120

Holds = Callable[[Sequence[JsonObject]], Sequence[bool]]
"""Says of each of some payloads whether it still shows what is to be shown."""


def shrunk(payload: JsonObject, holds: Holds, *, checks_max: int = CHECKS_MAX) -> JsonObject:
    """Return a payload that ``holds`` and of which no smaller step does.

    After ``checks_max`` payloads it is the smallest one so far.
    """
    checked = 0
    while checked < checks_max:
        smaller = list(_unique(_smaller_objects(payload), _size(payload)))
        smaller.sort(key=_size)
        step = smaller[: min(_STEP_MAX, checks_max - checked)]
        if not step:
            return payload
        checked += len(step)
        found = next((one for one, held in zip(step, holds(step), strict=True) if held), None)
        if found is None:
            return payload
        payload = found
    return payload


def _unique(payloads: Iterator[JsonObject], size: tuple[int, int, str]) -> Iterator[JsonObject]:
    seen: set[str] = set()
    for one in payloads:
        spelled = _size(one)
        if spelled < size and spelled[2] not in seen:
            seen.add(spelled[2])
            yield one


def _size(value: JsonValue) -> tuple[int, int, str]:
    """Order payloads: fewer values first, then shorter ones, then as they are spelled."""
    spelled = json.dumps(value, ensure_ascii=True, sort_keys=True)
    return _count(value), len(spelled), spelled


def _count(value: JsonValue) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_count, value.values()))
    return 1 + sum(map(_count, value)) if isinstance(value, list) else 1


def _smaller_objects(payload: JsonObject) -> Iterator[JsonObject]:
    for name in payload:
        yield {key: value for key, value in payload.items() if key != name}
    for name, value in payload.items():
        for less in _smaller(value):
            yield {**payload, name: less}


def _smaller(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, dict):
        yield from _smaller_objects(value)
    elif isinstance(value, list):
        yield from _smaller_lists(value)
    elif isinstance(value, str):
        yield from ("", "a", "0", value[: len(value) // 2], value[:-1], value[1:])
    elif isinstance(value, bool):
        yield False
    elif isinstance(value, int):
        yield from (0, 1, value // 2, value - 1 if value > 0 else value + 1)
    elif isinstance(value, float):
        yield from (0.0, 1.0, float(int(value)) if abs(value) < 1e15 else 0.0, round(value, 1))


def _smaller_lists(value: list[JsonValue]) -> Iterator[JsonValue]:
    yield []
    if len(value) > 2:
        yield value[: len(value) // 2]
        yield value[len(value) // 2 :]
    for index, item in enumerate(value[:20]):
        yield [*value[:index], *value[index + 1 :]]
        for less in _smaller(item):
            yield [*value[:index], less, *value[index + 1 :]]
