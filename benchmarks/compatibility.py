"""A static check of 1,000 pairs of schemas, beside argwitness and jsonsubschema, in one run.

python -m benchmarks.compatibility
python -m benchmarks.compatibility --pairs ../shared/corpora/schema_pairs/pairs.jsonl
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from replay.compatibility.changes import OnPayloads
from replay.compatibility.comparing import compare_schemas
from replay.compatibility.pairs import worst
from replay.compatibility.tools import tool_of
from replay.compatibility.type_names import as_json_schema
from tests.compatibility.cases import CASES, JSON_SCHEMA_CASES, established, schema_of

Pair = tuple[Any, Any]
Check = Callable[[Any, Any], bool | None]
"""Whether every payload of the old schema is taken by the new one; None: it does not say."""

_PASSES = (OnPayloads.SAFE, OnPayloads.SILENT)
_PEER_PAIRS_MAX = 200
"""Peers are slower by orders: medians of some pairs say as much as of all."""


def _replay(old: Any, new: Any) -> bool:
    return worst(compare_schemas(old, new)) in _PASSES


def _argwitness() -> Check:
    compare = importlib.import_module("argwitness").compare
    words = {"compatible": True, "safe": True, "unchanged": True, "breaking": False}

    def check(old: Any, new: Any) -> bool | None:
        sides = [{"tools": [{"name": "tool", "inputSchema": one}]} for one in (old, new)]
        return words.get(str(compare(*sides)["status"]).lower())

    return check


def _jsonsubschema() -> Check:
    is_subschema: Callable[[Any, Any], bool] = importlib.import_module("jsonsubschema").isSubschema
    return is_subschema


def _timed(check: Check, pairs: list[Pair]) -> tuple[list[float], list[bool | str | None]]:
    """Return CPU milliseconds and answers; an answer is a text where the check raised."""
    times, answers = [], []
    for old, new in pairs:
        start = time.process_time()
        try:
            answer: bool | str | None = check(old, new)
        except Exception as error:  # noqa: BLE001 -- that a peer raises is what is counted
            answer = type(error).__name__
        times.append((time.process_time() - start) * 1e3)
        answers.append(answer)
    return times, answers


def _real(file: Path | None) -> list[Pair]:
    if file is None or not file.exists():
        return []
    pairs = [json.loads(line) for line in file.read_text().splitlines()]
    return [
        tuple(as_json_schema(tool_of(pair[side]).parameters) for side in ("old", "new"))  # type: ignore[misc]  # two of them
        for pair in pairs
        if pair["old"] and pair["new"]
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parents[2] / "shared" / "corpora" / "schema_pairs" / "pairs.jsonl"
    parser.add_argument("--pairs", type=Path, default=default)
    parser.add_argument("--count", type=int, default=1_000)
    real = _real(parser.parse_args().pairs)
    count = parser.parse_args().count
    cases: list[Pair] = [(schema_of(case.old), schema_of(case.new)) for case in CASES]
    pairs = list(itertools.islice(itertools.cycle([*real, *cases]), count))
    start = time.process_time()
    times, _ = _timed(_replay, pairs)
    total = time.process_time() - start
    print(
        f"{count:,} pairs ({len(real)} real ones, {len(cases)} of the table), CPU time of one core"
    )
    print(f"  replay: {total:.2f} s in all")
    print(f"  median {statistics.median(times):.3f} ms, worst {max(times):.1f} ms")
    _table(pairs[:_PEER_PAIRS_MAX])


def _table(pairs: list[Pair]) -> None:
    judged = [case for case in CASES if case.name in JSON_SCHEMA_CASES]
    table: list[Pair] = [(schema_of(case.old), schema_of(case.new)) for case in judged]
    truth = [established(case) in _PASSES for case in judged]
    base = 0.0
    print(f"\n{len(pairs)} of them, and the table's {len(table)} cases that JSON Schema can decide")
    print("                 median ms      x   worst ms   right  wrong  unsaid  raised")
    makers: dict[str, Callable[[], Check]] = {
        "replay": lambda: _replay,
        "argwitness": _argwitness,
        "jsonsubschema": _jsonsubschema,
    }
    for name, make in makers.items():
        try:
            check = make()
        except ImportError:
            print(f"{name:<15}  is not installed")
            continue
        times, _ = _timed(check, pairs)
        answers = _timed(check, table)[1]
        median = statistics.median(times)
        base = base or median
        right = sum(answer is said for answer, said in zip(answers, truth, strict=True))
        wrong = sum(
            isinstance(answer, bool) and answer is not said
            for answer, said in zip(answers, truth, strict=True)
        )
        unsaid = sum(answer is None for answer in answers)
        raised = sum(isinstance(answer, str) for answer in answers)
        print(
            f"{name:<15}  {median:9.3f}  {median / base:5.1f}  {max(times):9.1f}"
            f"  {right:6}  {wrong:5}  {unsaid:6}  {raised:6}"
        )


if __name__ == "__main__":
    main()
