"""A failing case made small: first towards the captured payload, then what still differs smaller.

Candidates of one round run side by side; the first of them in order that breaks the same law in the
same place is taken, so that the result does not depend on which ends first.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from replay.fuzzing.cases import Case
from replay.fuzzing.judging import Breach, Law
from replay.fuzzing.places import Path, at, put, without
from replay.fuzzing.running import run_cases
from replay.records import JsonObject, Outcome, ReplayedCall
from replay.replayer.job_runner import JobRunner
from replay.verdicts.paths import written

_ROUNDS_MAX: Final = 40
_AT_ONCE: Final = 16
_BATCHES_MAX: Final = 4
_ROUNDS_OF_SLOW_ONES: Final = 1
"""A case that hangs costs its whole deadline each time, one at its limit gigabytes."""

_SLOW: Final = ("DeadlinePassed", "TimeoutError", str(Outcome.TIMEOUT), "LimitReached")
_NOTHING: Final = object()
_VALID: Final = (Law.UNDECLARED, Law.DISAGREEMENT)
"""What breaks them stays valid by the schema; an invalid payload would lose what it shows."""

Judge = Callable[[Case, ReplayedCall], Breach | None]


def shrunk(case: Case, breach: Breach, runner: JobRunner, judge: Judge) -> tuple[Case, Breach]:
    """Return the smallest case found that breaks the same law in the same place, and how."""
    is_slow = breach.kind in _SLOW
    known: dict[str, Breach | None] = {}
    taken = {case.arguments}
    for _ in range(_ROUNDS_OF_SLOW_ONES if is_slow else _ROUNDS_MAX):
        for texts in _batches(case, taken, may_leave_out=breach.law in _VALID):
            unknown = [replace(case, arguments=text) for text in texts if text not in known]
            known |= _breaches(unknown, breach, runner, judge)
            smallest = next((text for text in texts if known[text] is not None), None)
            if smallest is not None or is_slow:
                break
        else:
            smallest = None
        if smallest is None:
            break
        taken.add(smallest)
        case, breach = replace(case, arguments=smallest), known[smallest] or breach
    return replace(case, said=what_differs(case) or case.said), breach


def _batches(case: Case, taken: set[str], *, may_leave_out: bool) -> Iterator[list[str]]:
    """Return candidates that were not taken before, some at a time."""
    texts = map(json.dumps, smaller(case, may_leave_out=may_leave_out))
    candidates = (text for text in dict.fromkeys(texts) if text not in taken)
    for _ in range(_BATCHES_MAX):
        batch = list(itertools.islice(candidates, _AT_ONCE))
        if not batch:
            return
        yield batch


def _breaches(
    cases: list[Case], breach: Breach, runner: JobRunner, judge: Judge
) -> dict[str, Breach | None]:
    """Return, by their arguments, how ``cases`` break the same law; None: they do not."""
    found: dict[str, Breach | None] = dict.fromkeys((one.arguments for one in cases), None)
    for index, replayed in run_cases(runner, cases):
        one = judge(cases[index], replayed)
        if one is not None and one.key == breach.key:
            found[cases[index].arguments] = one
    return found


def smaller(case: Case, *, may_leave_out: bool = True) -> Iterator[JsonObject]:
    """Return simpler payloads than the case's, the simplest guess first.

    ``may_leave_out``: also captured fields that the case did not change.
    """
    values, captured = case.values, case.captured.values
    if values is None:
        return
    if json.dumps(values) != case.arguments:
        yield values  # the same without what only text can say
    different = list(differing(values, captured, ()))
    if len(different) > 1:
        for path in different:
            yield _changed(captured, path, at(values, path, _NOTHING))
    for path in different:
        if not (may_leave_out and at(values, path, _NOTHING) is _NOTHING):  # less is smaller
            yield _changed(values, path, at(captured, path, _NOTHING))
    for path in different:
        if at(values, path, _NOTHING) is not _NOTHING:
            yield from (put(values, path, one) for one in simpler(at(values, path)))
    for name in captured if may_leave_out else ():
        if name in values and (name,) not in different:
            yield without(values, (name,))


def differing(values: Any, captured: Any, path: Path) -> Iterator[Path]:
    """Return the innermost places at which two payloads differ."""
    if isinstance(values, dict) and isinstance(captured, dict):
        for name in dict.fromkeys([*values, *captured]):
            if name in values and name in captured:
                yield from differing(values[name], captured[name], (*path, name))
            else:
                yield (*path, name)
    elif isinstance(values, list) and isinstance(captured, list) and len(values) == len(captured):
        for index, (one, other) in enumerate(zip(values, captured, strict=True)):
            yield from differing(one, other, (*path, index))
    elif type(values) is not type(captured) or values != captured:
        yield path


def what_differs(case: Case) -> str:
    """Return in words what a case's payload has other than the captured one; "" for none."""
    values, captured = case.values, case.captured.values
    if values is None or json.dumps(values) != case.arguments:
        return ""
    if not case.captured.step_number:
        return "made from the schema"
    if values == captured:
        return "nothing: as it was captured"
    said = []
    for path in differing(values, captured, ()):
        now, before = at(values, path, _NOTHING), at(captured, path, _NOTHING)
        name = written(path) or "the payload"
        if now is _NOTHING:
            said.append(f"{name} left out")
        else:
            words = json.dumps(now)
            shown = words if len(words) <= _WORDS_MAX else f"{words[:_WORDS_MAX]}…"
            said.append(f"{name} {'added' if before is _NOTHING else 'is'} {shown}")
    more = f"; and {len(said) - _SAID_MAX} more" if len(said) > _SAID_MAX else ""
    return "; ".join(said[:_SAID_MAX]) + more


_WORDS_MAX: Final = 40
_SAID_MAX: Final = 3


def _changed(values: Any, path: Path, value: Any) -> Any:
    """Return ``values`` with ``value`` at ``path``, or with nothing there."""
    if value is not _NOTHING:
        return put(values, path, value)
    holder = at(values, path[:-1])
    if isinstance(holder, dict) and path[-1] not in holder:
        return values
    return without(values, path)


def _halved(width: int) -> Iterator[int]:
    """Return ``width``, its half, and so on down to 1: a limit is found in few steps."""
    while width > 1:
        yield width
        width //= 2
    yield 1


def simpler(value: Any) -> Iterator[Any]:
    """Return simpler values of the same type, the simplest first."""
    if isinstance(value, str) and value:
        yield from ("", value[: len(value) // 2], value[len(value) // 2 :])
        yield from (value[: len(value) - less] for less in _halved(len(value) // 4))
        if len(value) <= 12:
            yield from (value[:index] + value[index + 1 :] for index in range(len(value)))
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float) and value:
        yield from (0, 1) if value != 1 else (0,)
        if isinstance(value, int) and abs(value) > 1:
            sign = 1 if value > 0 else -1
            yield from (value - sign * less for less in _halved(abs(value) // 2))
    elif isinstance(value, list) and value:
        yield from ([], value[: len(value) // 2], value[1:], value[:-1])
        for index, inner in enumerate(value[:4]):
            yield from ([*value[:index], one, *value[index + 1 :]] for one in simpler(inner))
    elif isinstance(value, dict) and value:
        yield {}
        for name in list(value)[:20]:
            yield {key: inner for key, inner in value.items() if key != name}
        for name in list(value)[:4]:
            yield from ({**value, name: one} for one in simpler(value[name]))
