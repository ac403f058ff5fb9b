"""What replayed calls show of a contract: its paths, its result, its time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from replay.records import JsonValue, Outcome, ReplayedCall, ToolCall
from replay.records.schema_check import schema_errors
from replay.replayer.cassette_of import STAGE, WAITED
from replay.verdicts.canonical import read_response
from replay.verdicts.paths import Index, Key, PatternPart, split_pattern, written


@dataclass(frozen=True, slots=True)
class Seen:
    """A captured call and today's replay of it."""

    call: ToolCall
    replayed: ReplayedCall

    @property
    def is_answered(self) -> bool:
        """Whether today's tool answered, from nothing but the recording."""
        result = self.replayed.result
        if result is None or result.outcome is not Outcome.OK:
            return False
        return not any(one.change == "unanswered" for one in self.replayed.outside.changes)

    @property
    def then(self) -> JsonValue:
        """The recorded response as a value."""
        return read_response(self.call.response).value

    @property
    def now(self) -> JsonValue:
        """Today's response as a value."""
        result = self.replayed.result
        return None if result is None else read_response(result.response).value

    @property
    def duration_ms(self) -> float | None:
        """What the tool took: real time, and virtual time that it slept; None: unknown."""
        told = {one["kind"]: one["value"] for one in self.replayed.sources}
        if STAGE not in told:
            return None
        return float(told[STAGE]) / 1e3 + float(told[WAITED]) / 1e6


def has_path(value: JsonValue, pattern: str) -> bool:
    """Whether something stands at ``pattern`` (``items[*].id``) in ``value``."""
    return next(_at(value, split_pattern(pattern)), _NOTHING) is not _NOTHING


_NOTHING = object()


def _at(value: JsonValue, parts: tuple[PatternPart, ...]) -> Iterator[object]:
    if not parts:
        yield value
        return
    first, rest = parts[0], parts[1:]
    if isinstance(first, Key):
        if isinstance(value, dict):
            names = [first.glob] if "*" not in first.glob or first.literal else list(value)
            for name in names:
                if name in value:
                    yield from _at(value[name], rest)
    elif isinstance(first, Index):
        if isinstance(value, list):
            chosen = value if first.index is None else value[first.index : first.index + 1]
            for inner in chosen:
                yield from _at(inner, rest)
    else:
        yield from _at(value, rest)
        for inner in _inner(value):
            yield from _at(inner, parts)


def _inner(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def lost_paths(seen: Seen, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return which of ``paths`` the recorded response has, and which of these today's lacks."""
    then, now = seen.then, seen.now
    had = [path for path in paths if has_path(then, path)]
    return had, [path for path in had if not has_path(now, path)]


def result_misfit(seen: Seen, schema: JsonValue) -> str | None:
    """Return how today's result does not fit what the function says it returns; None: it fits."""
    result = seen.replayed.result
    assert result is not None
    errors = schema_errors(schema, result.result)
    if not errors:
        return None
    first = errors[0]
    where = written(list(first["loc"])) or "the result"
    return f"{where}: {first['msg']}"


def percentiles(durations_ms: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile; of few calls the latter is the slowest one."""
    ordered = sorted(durations_ms)
    return statistics.median(ordered), ordered[math.ceil(0.95 * len(ordered)) - 1]
