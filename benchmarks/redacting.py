"""``python -m benchmarks.redacting``: what masking costs, beside storing everything as it is.

Both ways take turns in one process, record by record; every number is a median of CPU time, every
ratio one of the same run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.recording_workload import events
from cassettes import Interaction, Request, Response
from cassettes.redaction import Redactor
from replay import Recorder, Toolbox
from replay.store import Store
from replay.store.redaction import Redaction

Work = Callable[[], object]
VARIABLES = {f"SERVICE_{n}_API_KEY": f"k3y-of-service-{n:02}-xyz" for n in range(8)}


def paired(pairs: Iterator[tuple[Work, Work]]) -> tuple[float, float]:
    """Return the median CPU microseconds of the first and the second of each pair."""
    taken: tuple[list[int], list[int]] = ([], [])
    for number, pair in enumerate(pairs):
        for which in (0, 1) if number % 2 else (1, 0):
            before = time.thread_time_ns()
            pair[which]()
            taken[which].append(time.thread_time_ns() - before)
    return statistics.median(taken[0]) / 1000, statistics.median(taken[1]) / 1000


def rows(folder: Path, count: int, *, personal: bool) -> Iterator[tuple[str, float, float]]:
    """Yield what is measured: its name, and the microseconds without and with masking."""
    off = Store.open(folder / "off.db", "create")
    on = Store.open(
        folder / "on.db",
        "create",
        masker=Redaction(Redactor(environment=VARIABLES, personal=personal)),
    )
    made = list(events(max(2, count // 24)))
    for kind in ("model_call", "tool_call"):
        yield f"append a {kind.replace('_', ' ')}", *paired(_appends(off, on, made, kind))
    for size, planted in ((1, 0), (10, 0), (100, 0), (1, 3), (10, 3), (100, 3)):
        name = f"append an interaction of {size} KB, {planted or 'no'} secrets"
        yield name, *paired(_interactions(off, on, size * 1000, planted, count))
    off.close()
    on.close()
    yield from _tool_calls(folder, count, personal=personal)


def _appends(off: Store, on: Store, made: list[Any], kind: str) -> Iterator[tuple[Work, Work]]:
    for event in made:
        if event.kind == kind:
            fields = event.fields
            yield (
                lambda fields=fields: off.append_fields(kind, dict(fields)),
                lambda fields=fields: on.append_fields(kind, dict(fields)),
            )


def _interactions(
    off: Store, on: Store, size: int, planted: int, count: int
) -> Iterator[tuple[Work, Work]]:
    for number in range(count):
        rows = [{"id": n, "name": f"flight {n}", "price": n * 1.5} for n in range(size // 48)]
        body: dict[str, Any] = {"rows": rows}
        sent = [("Accept", "*/*")]
        if planted:
            body |= {
                "access_token": f"t0ken-{number % 7}-of-it",
                "echo": f"t0ken-{number % 7}-of-it",
            }
            sent.append(("Authorization", f"Bearer t0ken-{number % 7}-of-it"))
        answer = Response(
            200,
            "OK",
            headers=[("Content-Type", "application/json")],
            body=json.dumps(body).encode(),
        )
        one = Interaction(Request("GET", "https://api.example.com/flights?page=2", sent), answer)
        record = {
            "kind": "interaction",
            "id": f"c{number}.{size}.{planted}",
            "tool_call_id": f"c{number}",
            "interaction_index": 0,
            "exchange": one.to_json(),
        }
        yield (lambda r=record: off.append_all([r]), lambda r=record: on.append_all([r]))


def _tool_calls(folder: Path, count: int, *, personal: bool) -> Iterator[tuple[str, float, float]]:
    toolbox = Toolbox("bench")

    @toolbox.tool
    def add(a: int, b: int, note: str) -> dict[str, Any]:
        return {"sum": a + b, "note": note}

    with (
        Recorder(folder / "off2.db", mask=False) as off,
        Recorder(folder / "on2.db", mask="personal" if personal else True) as on,
    ):
        plain = [_called(recorder, toolbox) for recorder in (off, on)]
        yield (
            "a whole tool call of 0.3 KB, nothing asked outside",
            *paired((plain[0], plain[1]) for _ in range(count * 4)),
        )


def _called(recorder: Recorder, toolbox: Toolbox) -> Work:
    asked = {
        "id": "call_1",
        "type": "function",
        "function": {
            "name": "add",
            "arguments": json.dumps({"a": 1, "b": 2, "note": "a few words of no importance " * 3}),
        },
    }
    output = {"role": "assistant", "tool_calls": [asked]}

    def call() -> None:
        with recorder.trace():
            toolbox.dispatch_sync(output)

    return call


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="records of each kind")
    args = parser.parse_args()
    for what in ("secrets", "personal"):
        print(f"{'CPU us, medians':52}{'as it is':>10}{what:>10}{'x':>7}{'more':>8}")
        with tempfile.TemporaryDirectory(dir=".") as folder:
            for name, off, on in rows(Path(folder), args.count, personal=what == "personal"):
                print(f"{name:52}{off:10.1f}{on:10.1f}{on / off:7.2f}{on - off:8.1f}")


if __name__ == "__main__":
    main()
