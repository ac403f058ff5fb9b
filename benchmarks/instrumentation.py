"""What recording adds to the time of a model call, beside two OpenTelemetry instrumentations.

    python -m benchmarks.instrumentation --peers DIR   # makes a venv there with the peers, once
    python -m benchmarks.instrumentation               # replay alone, in this environment

The client asks a model server on loopback, in another process, with prompts of 10, 100 and 400 KB
that grow turn by turn. Bare and instrumented runs take turns, each in a process of its own;
`added` is the median CPU time of a call over the bare one, of all threads, with what is put off
to the end.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SIZES_KB = (10, 100, 400)
OURS = ("bare", "replay")
PEERS = {
    "otel": "opentelemetry-instrumentation-openai-v2",
    "openinference": "openinference-instrumentation-openai",
}
PINS = ["opentelemetry-util-genai==1.0b0"]  # a later one lacks what the instrumentation imports
ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--peers", type=Path, help="a venv with the peers; made if it is not there")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turns", type=int, default=12)
    options = parser.parse_args()
    python = sys.executable if options.peers is None else _python(options.peers)
    ways = OURS if options.peers is None else (*OURS, *PEERS)
    with _Server() as url:
        numbers = "".join(
            f"{name:>10}" for name in ("CPU ms", "added", "x bare", "wall ms", "KB/call")
        )
        print(f"{'prompt':>8}  {'way':<14}{numbers}")
        for size in SIZES_KB:
            _compare(python, ways, url, size, options.rounds, options.turns)


def _compare(
    python: str, ways: tuple[str, ...], url: str, size: int, rounds: int, turns: int
) -> None:
    found: dict[str, list[Any]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            ran = _run(python, way, url, size, turns)
            if ran is not None:
                found[way].append(ran)
    bare = _median(found["bare"], "cpu")
    for way, runs in found.items():
        if not runs:
            print(f"{size:>5} KB  {way:<14}{'did not run':>9}")
            continue
        cpu, wall = _median(runs, "cpu"), _median(runs, "wall")
        written = statistics.median(run["bytes"] for run in runs) / turns / 1e3
        print(
            f"{size:>5} KB  {way:<14}{cpu * 1e3:>10.2f}{(cpu - bare) * 1e3:>10.2f}"
            f"{cpu / bare:>10.2f}{wall * 1e3:>10.2f}{written:>10.1f}",
            flush=True,
        )


def _run(python: str, way: str, url: str, size: int, turns: int) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        command = [python, "-m", "benchmarks.instrumentation_client", "--how", way, "--url", url]
        command += ["--kilobytes", str(size), "--turns", str(turns), "--folder", folder]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if ran.returncode:
        print(ran.stderr.strip().splitlines()[-1:], file=sys.stderr)
        return None
    return json.loads(ran.stdout)


def _median(runs: list[Any], what: str) -> float:
    return statistics.median(value for run in runs for value in run[what])


def _python(place: Path) -> str:
    """The Python of the peers' venv. They want an openai below 3, and versions of their own."""
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        packages = ["openai<3", "opentelemetry-sdk", *PEERS.values(), *PINS]
        command = [str(python), "-m", "pip", "install", "-q", "-e", str(ROOT)]
        subprocess.run([*command, *packages], check=True)
    return str(python)


class _Server:
    """The model server of the demo, in a process of its own: its CPU time is nobody's here."""

    def __enter__(self) -> str:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()  # held: at its end the server ends
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        url: str = self._pipe.recv()
        return url

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()


def _serve(pipe: Any) -> None:
    from replay.demo.model_server import ModelServer

    server = ModelServer(lambda prompt: "It leaves on time.").start()
    pipe.send(server.base_url)
    pipe.recv()


if __name__ == "__main__":
    main()
