"""Calls replayed per second, beside calling the validated functions directly and beside vcrpy.

    python benchmarks/replaying.py [--traces 300] [--calls 20] [--jobs 2] [--repeat 3]

Every line is the same calls another way, all in one run of this file; each number is the median of
``--repeat`` turns, which go round so that a busy minute hits every line. A replay is measured from
the call of ``Replayer.run`` to its return: every call is run in its frozen world, judged and
stored. The time of a replay of one trace, which is that of the workers' start, is taken off, and
said in its own column.

``calls/s`` is by the clock. ``per core`` is by the processor time of all processes together: the
number that a busy machine spoils least, and the one that ``times`` compares. The ratios mean
something, the numbers belong to a machine.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
import replaying_tools
import vcr  # noqa: TID251 - the peer we measure ourselves against
from pydantic import validate_call

import cassettes
from replay.records import Interaction, ModelCall, ReplayRun, Selection, ToolCall, Trace
from replay.replayer import Replayer
from replay.store import Store
from replay.tools import run_call_sync

AT = "2026-11-20T10:00:00.000000Z"
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Turn:
    """One way to make the calls, once."""

    call_count: int
    wall_s: float
    cpu_s: float
    start_s: float = 0.0


def main() -> None:
    """Print one line for each way to make the same calls."""
    options = _options()
    count = options.traces * options.calls
    arguments = [_arguments(number) for number in range(count)]
    few = max(count // 10, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways: dict[str, Callable[[], Turn]] = {
            "no-op, validated and called directly": lambda: _timed(
                count, lambda: _direct(arguments)
            ),
            "no-op, run_call": lambda: _timed(count, lambda: _run_calls(arguments)),
            "no-op, replayed, isolation none": lambda: _replayed(folder, options, "noop", "none"),
            "no-op, replayed, isolation trace": lambda: _replayed(folder, options, "noop", "trace"),
            "outside, vcrpy playback": lambda: _timed(few, lambda: _vcr(name, few)),
            "outside, replayed, isolation none": lambda: _replayed(folder, options, "ask", "none"),
            "outside, replayed, isolation trace": lambda: _replayed(
                folder, options, "ask", "trace"
            ),
        }
        turns: dict[str, list[Turn]] = {way: [] for way in ways}
        for _ in range(options.repeat):
            for way, work in ways.items():
                turns[way].append(work())
    _print_table(turns, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=300)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    return parser.parse_args()


def _print_table(turns: dict[str, list[Turn]], options: argparse.Namespace) -> None:
    print(
        f"{options.traces * options.calls:,} calls in {options.traces:,} traces, "
        f"{options.jobs} workers, median of {options.repeat}\n"
    )
    print(f"{'':38}{'calls/s':>10}{'per core':>10}{'start, s':>10}  times")
    against = 0.0
    for way, taken in turns.items():
        rate = median(turn.call_count / turn.wall_s for turn in taken)
        per_core = median(turn.call_count / turn.cpu_s for turn in taken)
        start_s = median(turn.start_s for turn in taken)
        is_peer = "replayed" not in way and "run_call" not in way
        against = per_core if is_peer else against
        ratio = "" if is_peer else f"{against / per_core:7.1f}"
        start = f"{start_s:10.2f}" if start_s else f"{'':10}"
        print(f"{way:38}{rate:10,.0f}{per_core:10,.0f}{start}{ratio}")


def _timed(count: int, work: Callable[[], object]) -> Turn:
    began_at, cpu_before_s = time.perf_counter(), _cpu_s()
    work()
    return Turn(count, time.perf_counter() - began_at, _cpu_s() - cpu_before_s)


def _cpu_s() -> float:
    """Processor time of this process and of all that it started and that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _arguments(number: int) -> str:
    return json.dumps({"city": f"City {number}", "days": number % 14, "unit": "c"})


def _direct(arguments: list[str]) -> None:
    validated = validate_call(replaying_tools.noop)
    for text in arguments:
        json.dumps(validated(**json.loads(text)))


def _run_calls(arguments: list[str]) -> None:
    for text in arguments:
        run_call_sync(replaying_tools.toolbox, tool="noop", arguments=text)


def _replayed(folder: Path, options: argparse.Namespace, tool: str, isolation: str) -> Turn:
    path = folder / f"{tool}.db"
    if not path.exists():
        _record(path, tool, options.traces, options.calls)
    with Store.open(path, "w") as store:
        replayer = Replayer(
            store,
            toolbox="replaying_tools:toolbox",
            folder=HERE,
            jobs=options.jobs,
            isolation=isolation,
        )
        start = _timed(1, lambda: replayer.run(Selection(limit=1)))
        runs: list[ReplayRun] = []
        whole = _timed(1, lambda: runs.append(replayer.run()))
    (run,) = runs
    assert run.verdict_counts == {"same": options.traces * options.calls}, run.verdict_counts
    return Turn(
        run.call_count,
        max(whole.wall_s - start.wall_s, 1e-9),
        max(whole.cpu_s - start.cpu_s, 1e-9),
        start.wall_s,
    )


def _record(path: Path, tool: str, trace_count: int, call_count: int) -> None:
    with Store.open(path, "create") as store:
        for number in range(trace_count):
            store.append_all(_trace(number, tool, call_count))


def _trace(number: int, tool: str, call_count: int) -> list[object]:
    name = f"trace{number:06}"
    records: list[object] = [Trace(id=name, started_at=AT)]
    for index in range(call_count):
        step = 2 * index + 1
        model_call = f"{name}/m{index}"
        records.append(
            ModelCall(id=model_call, trace_id=name, step_number=step, api="messages", started_at=AT)
        )
        place = number * call_count + index
        arguments = _arguments(place) if tool == "noop" else json.dumps({"number": place})
        answer = json.loads(arguments) if tool == "noop" else {"rate": place}
        call = ToolCall(
            id=f"{name}/{step + 1}",
            trace_id=name,
            step_number=step + 1,
            model_call_id=model_call,
            tool=tool,
            arguments=arguments,
            response=json.dumps(answer, separators=(",", ":")),
            outcome="ok",
            started_at=AT,
        )
        records.append(call)
        if tool == "ask":
            records.append(_interaction(call.id, place))
    return records


def _interaction(call_id: str, place: int) -> Interaction:
    exchange = cassettes.Interaction(
        cassettes.Request("GET", f"{replaying_tools.URL}/{place}"),
        cassettes.Response(
            200,
            "OK",
            headers=[("content-type", "application/json")],
            body=json.dumps({"rate": place}).encode(),
        ),
        via="httpx",
    )
    return Interaction(
        id=f"{call_id}/0", tool_call_id=call_id, interaction_index=0, exchange=exchange.to_json()
    )


def _vcr(folder: str, count: int) -> None:
    lines = ["interactions:"]
    for place in range(count):
        body = json.dumps({"rate": place})
        lines += [
            "- request:",
            "    body: ''",
            "    headers: {}",
            "    method: GET",
            f"    uri: {replaying_tools.URL}/{place}",
            "  response:",
            f"    body: {{string: {json.dumps(body)}}}",
            "    headers: {content-type: [application/json]}",
            "    status: {code: 200, message: OK}",
        ]
    lines.append("version: 1")
    path = Path(folder) / "rates.yaml"
    path.write_text("\n".join(lines) + "\n")
    with (
        vcr.use_cassette(str(path), record_mode="none"),
        httpx.Client(trust_env=False, verify=False) as client,
    ):
        for place in range(count):
            client.get(f"{replaying_tools.URL}/{place}").json()


if __name__ == "__main__":
    main()
