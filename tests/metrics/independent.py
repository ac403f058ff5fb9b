"""The metrics a second time, from the lines of `replay export` alone, by their plain definitions.

Nothing here imports `replay.metrics`, or what it looks values up with: what both say is what
docs/metrics.md and docs/budgets.md define.
"""

from __future__ import annotations

import datetime
import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.metrics.told_values import (
    Said,
    is_answer,
    is_own,
    is_prose,
    leaves,
    said,
    says_nothing,
    told_to,
    was_told,
    words_of,
)

Row = dict[str, Any]


@dataclass
class Told:
    """One trace, as its lines have it."""

    trace: Row
    models: list[Row] = field(default_factory=list)
    calls: list[Row] = field(default_factory=list)
    feedback: list[Row] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    """By call: attempts beyond its first."""
    asked: dict[str, list[Row]] = field(default_factory=dict)
    """By call: what it asked outside."""

    @property
    def steps(self) -> list[Row]:
        return sorted([*self.models, *self.calls], key=lambda row: row["step_number"])

    def model_of(self, call: Row) -> Row | None:
        return next((one for one in self.models if one["id"] == call["model_call_id"]), None)


def read_lines(path: Path) -> list[Told]:
    """Return the traces of a file that `replay export` wrote."""
    found: dict[str, Told] = {}
    trace_of: dict[str, str] = {}
    for row in map(json.loads, path.read_text("utf-8").splitlines()):
        kind = row["kind"]
        if kind == "trace":
            found[row["id"]] = Told(row)
        elif kind == "model_call":
            found[row["trace_id"]].models.append(row)
        elif kind == "tool_call":
            found[row["trace_id"]].calls.append(row)
            trace_of[row["id"]] = row["trace_id"]
        elif kind == "feedback":
            found[row["trace_id"]].feedback.append(row)
        elif kind == "attempt" and row["call_id"] in trace_of and row["attempt_number"] > 1:
            found[trace_of[row["call_id"]]].attempts[row["call_id"]] += 1
        elif kind == "interaction":
            of_call = found[trace_of[row["tool_call_id"]]].asked
            of_call.setdefault(row["tool_call_id"], []).append(row["exchange"])
    return list(found.values())


def moment_us(text: str) -> int:
    """Return the microseconds since 1970 of an ISO text."""
    at = datetime.datetime.fromisoformat(text)
    return (at - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(
        microseconds=1
    )


def arguments_of(call: Row) -> Any:
    """Return the arguments of a call; None: no JSON object."""
    try:
        found = json.loads(call["arguments"])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def invented(traces: Iterable[Told]) -> tuple[Counter[str], Counter[tuple[str, str]], set[Any]]:
    """Return calls with an invented value by tool, such values by argument, and their places."""
    calls: Counter[str] = Counter()
    arguments: Counter[tuple[str, str]] = Counter()
    places = set()
    for one in traces:
        for call in one.calls:
            model, given = one.model_of(call), arguments_of(call)
            if call["actor"] != "assistant" or model is None or given is None:
                continue
            parts = told_to(model)
            made = [
                (path, value)
                for path, value in leaves(given)
                if not says_nothing(value) and not is_prose(value) and not was_told(value, parts)
            ]
            calls[call["tool"]] += bool(made)
            arguments.update((call["tool"], path) for path, _ in made)
            places |= {
                (one.trace["id"], call["step_number"], path, repr(value)) for path, value in made
            }
    return calls, arguments, places


@dataclass
class Times:
    """What the steps of a trace took, and would have."""

    recorded_ms: float
    at_once_ms: float
    early_ms: float


def times(one: Told) -> Times | None:
    """Return the three times of a trace; None: a step does not say how long it took."""
    if not one.calls or any(
        step["duration_ms"] is None or step["duration_ms"] < 0 for step in one.steps
    ):
        return None
    recorded = covered_ms([_span(step) for step in one.steps])
    at_once = sum(model["duration_ms"] for model in one.models)
    for turn in {call["model_call_id"] or call["id"] for call in one.calls}:
        beside = [call for call in one.calls if (call["model_call_id"] or call["id"]) == turn]
        at_once += max(call["duration_ms"] for call in beside)
    at_once = min(at_once, recorded)
    return Times(recorded, at_once, min(at_once, longest_path(graph(one))))


def _span(step: Row) -> tuple[float, float]:
    start = moment_us(step["started_at"]) / 1000
    return start, start + step["duration_ms"]


def covered_ms(spans: list[tuple[float, float]]) -> float:
    """Return how much time lies in at least one span: counted between all their ends."""
    ends = sorted({end for span in spans for end in span})
    return math.fsum(
        high - low
        for low, high in pairwise(ends)
        if any(start <= low and high <= end for start, end in spans)
    )


Graph = tuple[dict[str, float], dict[str, list[set[str]]]]
"""How long each step takes, and what it waits for: of each set, whichever ends first."""


def graph(one: Told) -> Graph:
    """Return the steps of a trace as what waits for what: calls start as early as they can."""
    took = {step["id"]: step["duration_ms"] for step in one.steps}
    waits: dict[str, list[set[str]]] = {}
    before: list[str] = []
    newest: str | None = None
    sources: list[tuple[Said, str | None]] = []
    for step in one.steps:
        if step["kind"] == "model_call":
            # Everything before it; what its prompt newly tells is there when this could start.
            waits[step["id"]] = [{earlier} for earlier in before]
            gate = f"{step['id']} could start"
            took[gate], waits[gate] = 0.0, list(waits[step["id"]])
            sources += [
                (said(json.dumps(part)), gate)
                for part in [*step["messages"], *step["tools"]]
                if not is_own(part) and not is_answer(part)
            ]
            newest = step["id"]
        else:
            asked = step["model_call_id"] or newest
            waits[step["id"]] = _waits(step, one, sources, asked)
            if step["response"]:
                sources.append((said(json.dumps(step["response"])), step["id"]))
        before.append(step["id"])
    return took, waits


def _waits(
    call: Row, one: Told, sources: list[tuple[Said, str | None]], asked: str | None
) -> list[set[str]]:
    its_model = [{asked}] if asked is not None else []
    given = arguments_of(call)
    if given is None or call["actor"] != "assistant" or writes(one.asked.get(call["id"], [])):
        return its_model
    found = []
    for _, value in leaves(given):
        if says_nothing(value):
            continue
        groups = [_givers(value, sources)]
        if not groups[0]:
            groups = [_givers(word, sources) for word in words_of(value)] or [set()]
        if not all(groups):
            return its_model
        found += [givers | ({asked} if asked is not None else set()) for givers in groups]
    return found


def _givers(value: Any, sources: list[tuple[Said, str | None]]) -> set[str]:
    return {name for source, name in sources if name is not None and source.has(value)}


def writes(exchanges: Iterable[Row]) -> bool:
    """Return whether any of what was asked outside may have changed something there."""
    reads = ("GET", "HEAD", "OPTIONS", "READ")
    return any(
        str((one.get("request") or {}).get("method")).upper() not in reads for one in exchanges
    )


def longest_path(found: Graph) -> float:
    """Return when the last step ends."""
    took, waits = found
    ends: dict[str, float] = {}

    def end(name: str) -> float:
        if name not in ends:
            starts = (min(end(one) for one in group) for group in waits[name])
            ends[name] = max(starts, default=0.0) + took[name]
        return ends[name]

    return max(end(name) for name in took)


def reliability(sure: list[float], right: list[bool], bins: int = 10) -> tuple[list[Row], float]:
    """Return a reliability table and the expected calibration error, as Guo et al. (2017) have it.

    Bins reach from their lower end to below their upper one; the last holds 1 too.
    """
    import numpy as np

    confidences, hits = np.array(sure), np.array(right, dtype=float)
    edges = np.linspace(0, 1, bins + 1)
    places = np.clip(np.searchsorted(edges, confidences, side="right") - 1, 0, bins - 1)
    rows, error = [], 0.0
    for place in sorted(set(places.tolist())):
        inside = places == place
        gap = abs(confidences[inside].mean() - hits[inside].mean())
        error += inside.mean() * gap
        rows.append(
            {
                "low": float(edges[place]),
                "output_count": int(inside.sum()),
                "sure": float(confidences[inside].mean()),
                "right": float(hits[inside].mean()),
            }
        )
    return rows, float(error)
