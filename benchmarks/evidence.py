"""Captured payloads through today's validators, beside pydantic alone on the same payloads.

    python -m benchmarks.evidence                   # 100,000 calls, in a database, on one core

Three tools as people write them (`evidence_tools.py`); no two payloads are equal. Measured is CPU
time of this process and its worker together, and the time on the clock. The floor: pydantic's
``validate_json`` over a list of the same texts, in this process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.evidence_tools import old
from replay.records import ModelCall, Outcome, Selection, ToolCall, Trace
from replay.store import Store

_AT = "2026-11-21T09:00:00.000000Z"
_CALLS_PER_TRACE = 10
_MODELS = ("model-a", "model-b")


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=100_000)
    given = parser.parse_args()
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with TemporaryDirectory(prefix="replay-benchmark-") as folder:
        path = Path(folder) / "traces.db"
        texts = list(_texts(given.calls))
        _record(path, texts)
        floor = _measured(lambda: _bare(texts))
        whole = _measured(lambda: _evidence(path))
    print(f"{len(texts):,} captured calls, one core\n")
    print(f"{'':34}  CPU s   clock s   µs/call     x")
    for name, (cpu_s, clock_s) in (
        ("pydantic alone, in this process", floor),
        ("evidence, out of the database", whole),
    ):
        each = cpu_s / len(texts) * 1e6
        print(f"{name:34}  {cpu_s:5.2f}   {clock_s:7.2f}   {each:7.1f}   {cpu_s / floor[0]:5.1f}")


def _texts(count: int) -> Iterator[tuple[str, str]]:
    """Return (tool, arguments), each one once."""
    chance = random.Random(1)
    for number in range(count):
        kind = number % 3
        if kind == 0:
            order = {
                "customer_id": f"c{number}",
                "lines": [
                    {"sku": f"SKU-{chance.randrange(10**6)}", "quantity": chance.randrange(1, 9)}
                    for _ in range(chance.randrange(1, 5))
                ],
                "address": {"street": f"Street {number}", "city": "Berlin", "postcode": "10115"},
            }
            yield "place_order", json.dumps(order)
        elif kind == 1:
            search: dict[str, Any] = {"query": f"a red thing of kind {number}"}
            if chance.random() < 0.5:
                search["max_price"] = chance.randrange(10, 600)
            yield "search_products", json.dumps(search)
        else:
            yield "track", json.dumps({"order_id": f"o{number}", "since": "2026-11-01"})


def _record(path: Path, texts: list[tuple[str, str]]) -> None:
    tools = {tool.name: tool for tool in old.tools()}
    with Store.open(path, "create") as store:
        for start in range(0, len(texts), _CALLS_PER_TRACE):
            trace = f"t{start}"
            records: list[Any] = [Trace(id=trace, started_at=_AT)]
            records.append(
                ModelCall(
                    id=f"{trace}-m",
                    trace_id=trace,
                    step_number=1,
                    api="chat.completions",
                    model=_MODELS[start // _CALLS_PER_TRACE % 2],
                    tools=[tool.definition("openai") for tool in old.tools()],
                    started_at=_AT,
                )
            )
            for step, (name, arguments) in enumerate(texts[start : start + _CALLS_PER_TRACE], 2):
                tool = tools[name]
                assert tool.adapter is not None
                payload = tool.adapter.dump_python(
                    tool.adapter.validate_json(arguments), mode="json"
                )
                records.append(
                    ToolCall(
                        id=f"{trace}-{step}",
                        trace_id=trace,
                        step_number=step,
                        model_call_id=f"{trace}-m",
                        tool=name,
                        tool_version="1",
                        schema_hash=tool.schema_hash,
                        arguments=arguments,
                        payload=payload,
                        outcome=Outcome.OK,
                        started_at=_AT,
                    )
                )
            store.append_all(records)


def _bare(texts: list[tuple[str, str]]) -> float:
    from benchmarks.evidence_tools import today

    adapters = {tool.name: tool.adapter for tool in today.tools()}
    for name, arguments in texts:
        with suppress(ValueError):
            adapters[name].validate_json(arguments, strict=True)  # type: ignore[union-attr]  # no tool here has a given schema
    return 0.0


def _evidence(path: Path) -> float:
    """Run it; return the CPU seconds of its worker, which a killed process takes with it."""
    from replay.evidence import evidence_for
    from replay.replayer.environment import place_of
    from replay.replayer.questions.asking import Asking

    place = place_of("benchmarks.evidence_tools:today")
    with Store.open(path, "r") as store, Asking(place) as asking:
        for one in evidence_for(store, Selection(), None, asking):
            counts = f"{one.call_count:,} calls, {one.breaks:,} break, {one.silent:,} silent"
            print(f"# {one.tool}: {counts}")
        return _children_cpu_s(os.getpid())


def _children_cpu_s(pid: int) -> float:
    """Return the CPU seconds of all processes below ``pid``, as far as Linux tells them."""
    total = 0.0
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            total += _children_cpu_s(int(child))
    return total


def _measured(work: Callable[[], float]) -> tuple[float, float]:
    """Return CPU seconds, with those that ``work`` says of its processes, and the clock's."""
    clock, before = time.perf_counter(), time.process_time()
    others = work()
    return time.process_time() - before + others, time.perf_counter() - clock


if __name__ == "__main__":
    main()
