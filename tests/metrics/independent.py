"""The metrics a second time, from the lines of `replay export` alone, by their plain definitions.

Nothing here imports `replay.metrics`, or what it looks values up with: what both say is what
docs/metrics.md and docs/budgets.md define.
"""

from __future__ import annotations

import datetime
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

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


# -- values, and where they stand ------------------------------------------------------------------

MONTHS = "january february march april may june july august september october november december"
NUMBER = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?!\w|\.\d)")
ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ].*)?", re.DOTALL)
NAME = "|".join(f"{month}|{month[:3]}" for month in MONTHS.split())
DAYS = re.compile(
    r"(?P<y1>\d{4})-(?P<m1>\d\d)-(?P<d1>\d\d)"
    rf"|\b(?P<n2>{NAME})t?\.?\s+(?:the\s+)?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s*(?P<y2>\d{{4}}))?"
    rf"|\b(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<n3>{NAME})t?\b(?:,?\s*(?P<y3>\d{{4}}))?"
    r"|\b(?P<m4>\d{1,2})/(?P<d4>\d{1,2})(?:/(?P<y4>\d{4}))?\b"
)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give each innermost value with its path, a list's places being ``[*]``."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[*]")
    else:
        yield path, value


def says_nothing(value: Any) -> bool:
    """Return whether a value is too common to be looked for."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str) and len(value.strip()) < 2:
        return True
    try:
        number = float(value)
    except ValueError:
        return False
    is_written_so = not isinstance(value, str) or re.fullmatch(r"-?\d+(\.0+)?", value.strip())
    return bool(is_written_so) and number == int(number) and -10 <= number <= 10


def is_prose(value: Any) -> bool:
    """Return whether a value is a text of the model's own."""
    return isinstance(value, str) and (len(value.split()) > 3 or len(value.strip()) > 60)


def values_in(value: Any) -> Iterator[Any]:
    """Give each value that a message says; JSON in texts is looked into."""
    for _, leaf in leaves(value):
        inner = None
        if isinstance(leaf, str) and leaf[:1] in ("{", "["):
            try:
                inner = json.loads(leaf)
            except ValueError:
                inner = None
        if inner is not None:
            yield from values_in(inner)
        elif leaf is not None and not isinstance(leaf, bool):
            yield leaf


class Said:
    """What one message says."""

    def __init__(self, value: Any) -> None:
        values = list(values_in(value))
        self.text = "\n".join(one for one in values if isinstance(one, str)).casefold()
        self.numbers = {float(one.replace(",", "")) for one in NUMBER.findall(self.text)}
        self.numbers |= {float(one) for one in values if not isinstance(one, str)}
        self.days = set(_days(self.text))

    def has(self, value: Any) -> bool:
        """Return whether the value stands here, as a word, a number or a day."""
        if isinstance(value, int | float):
            return any(math.isclose(value, one, rel_tol=1e-9) for one in self.numbers)
        text = value.strip().casefold()
        if _has_words(self.text, text):
            return True
        if (day := ISO.fullmatch(value.strip())) is not None:
            year, month, number = map(int, day.groups())
            return bool({(year, month, number), (None, month, number)} & self.days)
        if re.fullmatch(r"[$€]?-?(?!0\d)\d[\d,]*(\.\d+)?", text):
            return float(re.sub("[$€,]", "", text)) in self.numbers
        return False


def _has_words(text: str, wanted: str) -> bool:
    if wanted not in text:
        return False
    return re.search(rf"(?<![\w.]){re.escape(wanted)}(?!\w|\.\d)", text) is not None


def _days(text: str) -> Iterator[tuple[int | None, int, int]]:
    names = MONTHS.split()
    for found in DAYS.finditer(text):
        one = found.groupdict()
        for way in "1234":
            day = one.get(f"d{way}")
            if day is None:
                continue
            name, month = one.get(f"n{way}"), one.get(f"m{way}")
            if name is not None:
                fitting = [at for at, full in enumerate(names, 1) if name in (full, full[:3])]
                month = str(fitting[0]) if fitting else None
            if month is not None:
                year = one.get(f"y{way}")
                yield (None if year is None else int(year)), int(month), int(day)


@lru_cache(maxsize=100_000)
def said(text: str) -> Said:
    """Return what the JSON of a message says."""
    return Said(json.loads(text))


def is_own(message: Any) -> bool:
    """Return whether the model itself said it."""
    own = ("function_call", "custom_tool_call", "reasoning")
    return isinstance(message, dict) and (
        message.get("role") == "assistant" or message.get("type") in own
    )


def is_answer(message: Any) -> bool:
    """Return whether a message tells what a tool answered."""
    return isinstance(message, dict) and (
        message.get("role") == "tool"
        or str(message.get("type", "")).endswith("_output")
        or "tool_result"
        in [one.get("type") for one in message.get("content") or () if isinstance(one, dict)]
    )


def told_to(model: Row) -> list[Said]:
    """Return what a model was told before it answered."""
    messages = [one for one in model["messages"] if not is_own(one)]
    return [said(json.dumps(one)) for one in [*messages, *model["tools"]]]


def was_told(value: Any, parts: Iterable[Said]) -> bool:
    """Return whether a value stands in what was told, whole or word by word."""
    parts = list(parts)
    if any(part.has(value) for part in parts):
        return True
    words = words_of(value)
    return bool(words) and all(any(part.has(word) for part in parts) for word in words)


def words_of(value: Any) -> list[str]:
    """Return the words of a name of several words; empty: it is none."""
    if not isinstance(value, str) or ISO.fullmatch(value.strip()):
        return []
    words = [word for word in re.split(r"[\s,/]+", value) if len(word) > 1]
    return words if len(words) > 1 else []


# -- metrics ---------------------------------------------------------------------------------------


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
        for low, high in zip(ends, ends[1:], strict=False)
        if any(start <= low and high <= end for start, end in spans)
    )


Graph = tuple[dict[str, float], dict[str, list[set[str]]]]
"""How long each step takes, and what it waits for: of each set, whichever ends first."""


def graph(one: Told) -> Graph:
    """Return the steps of a trace as what waits for what, where calls start as early as they can."""
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
            for part in [*step["messages"], *step["tools"]]:
                if not is_own(part) and not is_answer(part):
                    sources.append((said(json.dumps(part)), gate))
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
