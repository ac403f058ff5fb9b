"""Calls replayed per second, beside calling the validated functions directly and beside vcrpy.

    python benchmarks/replaying.py [--traces 300] [--calls 20] [--jobs 2]

A run is measured from the call of ``Replayer.run`` to its return: workers started, every call
judged and stored. ``steady`` leaves the workers' start out, by taking the time of a run of one
trace off. The ratios mean something, the numbers belong to a machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import replaying_tools
import vcr  # noqa: TID251 - the peer we measure ourselves against
from pydantic import validate_call

import cassettes
from replay.records import Interaction, ModelCall, Selection, ToolCall, Trace
from replay.replayer import Replayer
from replay.store import Store
from replay.tools import run_call_sync

AT = "2026-11-20T10:00:00.000000Z"
HERE = Path(__file__).parent


def main() -> None:
    """Print one line for each way to make the same calls."""
    options = _options()
    count = options.traces * options.calls
    arguments = [_arguments(number) for number in range(count)]
    print(f"{count:,} calls in {options.traces:,} traces, {options.jobs} workers\n")
    direct = _rate("no-op, validated and called directly", count, lambda: _direct(arguments))
    _rate("no-op, run_call", count, lambda: _run_calls(arguments), direct)
    with tempfile.TemporaryDirectory() as folder:
        for isolation in ("none", "trace"):
            _replayed(Path(folder), options, "noop", isolation, direct * options.jobs)
        played = _rate("outside, vcrpy playback", count // 10, lambda: _vcr(folder, count // 10))
        for isolation in ("none", "trace"):
            _replayed(Path(folder), options, "ask", isolation, played * options.jobs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=300)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def _rate(what: str, count: int, work: Callable[[], object], against: float | None = None) -> float:
    began_at = time.perf_counter()
    work()
    rate = count / (time.perf_counter() - began_at)
    _say(what, rate, against)
    return rate


def _say(what: str, rate: float, against: float | None) -> None:
    ratio = "" if against is None else f"   {against / rate:6.1f} times slower"
    print(f"{what:45} {rate:12,.0f} calls/s{ratio}", flush=True)


def _arguments(number: int) -> str:
    return json.dumps({"city": f"City {number}", "days": number % 14, "unit": "c"})


def _direct(arguments: list[str]) -> None:
    validated = validate_call(replaying_tools.noop)
    for text in arguments:
        json.dumps(validated(**json.loads(text)))


def _run_calls(arguments: list[str]) -> None:
    for text in arguments:
        run_call_sync(replaying_tools.toolbox, tool="noop", arguments=text)


def _replayed(
    folder: Path, options: argparse.Namespace, tool: str, isolation: str, against: float
) -> None:
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
        began_at = time.perf_counter()
        replayer.run(Selection(limit=1))
        started_at = time.perf_counter()
        run = replayer.run()
        took_s = time.perf_counter() - started_at
    assert run.verdict_counts == {"same": options.traces * options.calls}, run.verdict_counts
    name = "no-op" if tool == "noop" else "outside"
    _say(f"{name}, replayed, isolation {isolation}", run.call_count / took_s, against)
    steady_s = max(took_s - (started_at - began_at), 1e-9)
    _say(f"{name}, replayed, isolation {isolation}, steady", run.call_count / steady_s, against)


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
