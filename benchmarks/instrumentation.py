"""What recording adds to the time of a model call, beside two OpenTelemetry instrumentations.

    python -m benchmarks.instrumentation --peers DIR   # makes a venv there with the peers, once
    python -m benchmarks.instrumentation               # replay alone, in this environment

Each way has a process of its own, with OpenAI's client and one agent. They make their calls in
turns, in an order drawn for each turn, to a server on loopback; so whatever else the machine does
meets all of them. A number is the median of what a call took more than the bare client's call of
the same turn, with the interval that holds it in 95 of 100 bootstraps. `bare again` is the bare
client a second time: what it shows is noise.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.instrumentation_client import WAYS
from benchmarks.instrumentation_server import Server

SIZES_KB = (10, 100, 400)
KINDS = {
    "agent": "an agent's turns: each prompt goes on from the one before",
    "new": "a new prompt each time, which nothing before it begins with",
    "streamed": "an agent's turns, streamed; `first` is up to the first chunk",
    "asking": "an agent's turns; a tool that nobody sees asks for 4 KB over HTTP in each",
}
OURS = [way for way in WAYS if way.startswith(("bare", "replay"))]
PEERS = [
    "openai<3",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-instrumentation-openai-v2",
    "openinference-instrumentation-openai",
    "opentelemetry-util-genai==1.0b0",  # a later one lacks what the instrumentation imports
]
ROOT = Path(__file__).parent.parent
BOOTSTRAPS = 400
TURNS_MIN = 3


@dataclass
class Took:
    """What the calls of one way took, turn by turn, in seconds."""

    turns: list[dict[str, float]] = field(default_factory=list)
    behind: list[float] = field(default_factory=list)
    """CPU time outside of the calls, for each turn: other threads, and what is put off."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--peers", type=Path, help="a venv with the peers; made if it is not there")
    parser.add_argument(
        "--seconds", type=int, default=150, help="as many rounds as fit, each of fresh processes"
    )
    parser.add_argument("--turns", type=int, default=6, help="of a round, at 400 KB")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=[*KINDS])
    parser.add_argument("--sizes", nargs="+", type=int, default=[*SIZES_KB], help="in KB")
    options = parser.parse_args()
    python = sys.executable if options.peers is None else _python(options.peers)
    ways = OURS if options.peers is None else [*WAYS]
    found = {
        (kind, size): {way: Took() for way in ways}
        for kind in options.kinds
        for size in options.sizes
    }
    began = time.perf_counter()
    rounds = 0
    with Server() as url:
        while not rounds or (time.perf_counter() - began) * (rounds + 1) / rounds < options.seconds:
            rounds += 1
            _show(f"round {rounds}")
            with _clients(python, ways, url) as clients:
                now, end = time.perf_counter(), began + options.seconds
                for done, ((kind, size), cell) in enumerate(found.items(), 1):
                    until = now + (end - now) * done / len(found)
                    turns = options.turns * (1 if size >= 400 else 3)
                    _converse(clients, kind, size, turns, until, cell)
    _show("")
    for kind in options.kinds:
        _print(kind, {size: found[kind, size] for size in options.sizes})
    counts = sorted({len(took.turns) for cell in found.values() for took in cell.values()})
    took_s = time.perf_counter() - began
    print(f"\n{counts[0]} to {counts[-1]} calls a line, {rounds} rounds, {took_s:.0f} s")


class _Client:
    """One way's process."""

    def __init__(self, python: str, way: str, url: str) -> None:
        command = [python, "-m", "benchmarks.instrumentation_client", "--way", way, "--url", url]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.way = way

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"The client of {self.way!r} ended with {self._process.wait()}.")
        return json.loads(line)

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@contextlib.contextmanager
def _clients(python: str, ways: list[str], url: str) -> Any:
    clients = [_Client(python, way, url) for way in ways]
    for client in clients:
        client.answer()
    try:
        yield clients
    finally:
        for client in clients:
            client.end()


def _converse(
    clients: list[_Client],
    kind: str,
    size: int,
    turns: int,
    until: float,
    found: dict[str, Took],
) -> None:
    """Have each client hold a conversation; it is cut short where the time is over."""
    for client in clients:
        client.tell(json.dumps([kind, size]))
        client.answer()
    made = 0
    while made < turns and (made < TURNS_MIN or time.perf_counter() < until):
        made += 1
        for client in random.sample(clients, len(clients)):
            client.tell("call")
            found[client.way].turns.append(client.answer())
    for client in clients:
        client.tell("end")
        found[client.way].behind.append(client.answer()["behind"] / made)


def _print(kind: str, found: dict[int, dict[str, Took]]) -> None:
    measures = ["cpu", "wall"]
    if kind == "streamed":
        measures += ["first_cpu", "first_wall"]
    titles = {"cpu": "CPU ms", "wall": "wall ms", "first_cpu": "first, CPU", "first_wall": "wall"}
    print(f"\n{kind}: {KINDS[kind]}")
    print(f"{'':29}" + "".join(f"{titles[one]:>24}" for one in measures) + f"{'behind':>9}")
    for size, ways in found.items():
        bare = ways["bare"]
        for way, took in ways.items():
            cells = []
            for measure in measures:
                values = [one[measure] for one in took.turns]
                if took is bare:
                    cells.append(f"{statistics.median(values) * 1e3:8.2f}{'':16}")
                    continue
                added = [
                    one - other[measure] for one, other in zip(values, bare.turns, strict=True)
                ]
                middle, low, high = _interval(added)
                cells.append(f"{middle:+8.2f} [{low:+6.2f},{high:+6.2f}]")
            behind = statistics.median(took.behind)
            if took is not bare:
                behind -= statistics.median(bare.behind)
            cells.append(f"{behind * 1e3:{'' if took is bare else '+'}9.2f}")
            row = "".join(f"{cell:>24}" for cell in cells[:-1]) + cells[-1]
            print(f"{size:>4} KB  {way:<21}{row}")


def _interval(values: list[float]) -> tuple[float, float, float]:
    """Return the median in milliseconds, and where 95 of 100 bootstrapped medians are."""
    chance = random.Random(0)
    medians = sorted(
        statistics.median(chance.choices(values, k=len(values))) for _ in range(BOOTSTRAPS)
    )
    cut = BOOTSTRAPS // 40
    return statistics.median(values) * 1e3, medians[cut] * 1e3, medians[-cut - 1] * 1e3


def _show(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{words:<40}", end="\r", file=sys.stderr, flush=True)


def _python(place: Path) -> str:
    """The Python of the peers' venv. They want an openai below 3, and versions of their own."""
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        command = [str(python), "-m", "pip", "install", "-q", "-e", str(ROOT)]
        subprocess.run([*command, *PEERS], check=True)
    return str(python)


if __name__ == "__main__":
    main()
