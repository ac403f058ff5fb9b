"""Cases fuzzed per second, beside making the same calls in one process with no world around them.

    python benchmarks/fuzzing.py [--count 2000] [--jobs 2] [--repeat 3]

All lines are the same cases of one tool that does nothing. ``made`` is what it takes to make them;
``run_call`` calls the tool in this process: no fork, no frozen world, no deadline. ``per core`` is
by the processor time of all processes together, which a busy machine spoils least; ``times``
compares it. The start of the workers is in every fuzzed line: that is what one command costs.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import replaying_tools

from replay.fuzzing.captured import captured_calls
from replay.fuzzing.cases import Case, cases_of
from replay.fuzzing.fuzzer import Fuzzer
from replay.records import Selection, ToolCall, Trace
from replay.replayer.environment import place_of
from replay.replayer.pool import Isolation
from replay.replayer.questions.asking import Asking
from replay.store import Store
from replay.tools import run_call_sync

AT = "2026-11-20T10:00:00.000000Z"
HERE = Path(__file__).parent
CHOSEN = Selection(tools=["noop"])


def main() -> None:
    """Print one line for each way to go through the cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    place = place_of("replaying_tools:toolbox", folder=HERE)
    with tempfile.TemporaryDirectory() as name, _recorded(Path(name) / "traces.db") as store:
        with Asking(place) as asking:
            tools = asking.toolbox.running(CHOSEN.tools)
        captured = captured_calls(store, CHOSEN, tools).of_tool["noop"]

        def make() -> list[Case]:
            return cases_of(tools[0], captured, options.count, 0)

        def fuzz(isolation: Isolation) -> None:
            fuzzer = Fuzzer(
                store, place, count=options.count, jobs=options.jobs, isolation=isolation
            )
            assert fuzzer.run(CHOSEN).case_count == options.count

        cases = make()
        ways: dict[str, Callable[[], object]] = {
            "cases made": make,
            "run_call, in this process": lambda: _call(cases),
            "fuzzed, isolation none": lambda: fuzz(Isolation.NONE),
            "fuzzed, isolation trace": lambda: fuzz(Isolation.TRACE),
        }
        turns: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for _ in range(options.repeat):
            for way, work in ways.items():
                turns[way].append(_timed(work))
    _print(turns, options)


def _recorded(path: Path) -> Store:
    store = Store.open(path, "create")
    store.append(Trace(id="t", started_at=AT))
    for number in range(1, 51):
        arguments = json.dumps({"city": f"City {number}", "days": number % 14, "unit": "c"})
        call = ToolCall(
            id=f"t/{number}",
            trace_id="t",
            step_number=number,
            tool="noop",
            arguments=arguments,
            started_at=AT,
        )
        store.append(call)
    return store


def _call(cases: list[Case]) -> None:
    for case in cases:
        run_call_sync(replaying_tools.toolbox, tool="noop", arguments=case.arguments, world={})


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    began_s, cpu_before_s = time.perf_counter(), _cpu_s()
    work()
    return time.perf_counter() - began_s, _cpu_s() - cpu_before_s


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _print(turns: dict[str, list[tuple[float, float]]], options: argparse.Namespace) -> None:
    print(f"{options.count:,} cases, {options.jobs} workers, median of {options.repeat}\n")
    print(f"{'':28}{'cases/s':>10}{'per core':>10}  times")
    floor = options.count / median(cpu for _, cpu in turns["run_call, in this process"])
    for way, taken in turns.items():
        rate = options.count / median(wall for wall, _ in taken)
        per_core = options.count / median(cpu for _, cpu in taken)
        print(f"{way:28}{rate:10,.0f}{per_core:10,.0f}{floor / per_core:7.1f}")


if __name__ == "__main__":
    main()
