"""What a request costs: bare, with idle hooks, recorded and played; and played by vcrpy.

    python benchmarks/playback.py [--requests 200] [--rounds 5]

CPU time of the asking thread in microseconds per request, the median of the rounds. ``bare`` comes
first, before any hook is in; the other columns are interleaved. Both ``play`` columns include the
loading of their cassette: from parsed JSON for ours, from its YAML file for vcrpy. The ratios mean
something, the numbers belong to a machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aiohttp
import httpx
import requests
import vcr  # noqa: TID251 - the peer we measure ourselves against

import cassettes
from cassettes import Cassette, Interaction, freeze

_BODY = json.dumps({"rows": [{"id": number, "name": "x" * 20} for number in range(20)]}).encode()

Asker = Callable[[str, int], None]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(_BODY)))
        self.end_headers()
        self.wfile.write(_BODY)


def _with_requests(url: str, count: int) -> None:
    with requests.Session() as session:
        for number in range(count):
            session.get(f"{url}/{number}").json()


def _with_httpx(url: str, count: int) -> None:
    with httpx.Client(verify=False) as client:
        for number in range(count):
            client.get(f"{url}/{number}").json()


def _with_urllib(url: str, count: int) -> None:
    for number in range(count):
        with urllib.request.urlopen(f"{url}/{number}") as answer:
            json.load(answer)


def _with_httpx_async(url: str, count: int) -> None:
    async def ask() -> None:
        async with httpx.AsyncClient(verify=False) as client:
            for number in range(count):
                (await client.get(f"{url}/{number}")).json()

    asyncio.run(ask())


def _with_aiohttp(url: str, count: int) -> None:
    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            for number in range(count):
                async with session.get(f"{url}/{number}") as answer:
                    await answer.json()

    asyncio.run(ask())


_ASKERS: dict[str, Asker] = {
    "requests": _with_requests,
    "httpx": _with_httpx,
    "httpx async": _with_httpx_async,
    "urllib.request": _with_urllib,
    "aiohttp": _with_aiohttp,
}


def _cpu_us(act: Callable[[], object], count: int) -> float:
    start = time.thread_time()
    act()
    return (time.thread_time() - start) / count * 1e6


def _with_vcr(ask: Asker, url: str, count: int, path: Path, mode: str) -> None:
    options = {"record_mode": mode, "match_on": ["method", "uri", "body"]}
    with vcr.use_cassette(str(path), **options):
        ask(url, count)


def _measure(ask: Asker, url: str, count: int, rounds: int, folder: Path) -> dict[str, float]:
    path = folder / f"{ask.__name__}.yaml"
    recording = Cassette("bench")
    with freeze(recording):
        ask(url, count)
    forms = [one.to_json() for one in recording.interactions]
    _with_vcr(ask, url, count, path, "once")

    def record() -> None:
        with freeze(Cassette("bench")):
            ask(url, count)

    def play() -> None:
        kept = [Interaction.from_json(form) for form in forms]
        with freeze(Cassette("bench", "replay", kept)):
            ask(url, count)

    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, act in {
            "idle": lambda: ask(url, count),
            "record": record,
            "play": play,
            "vcrpy play": lambda: _with_vcr(ask, url, count, path, "none"),
        }.items():
            times.setdefault(name, []).append(_cpu_us(act, count))
    return {name: statistics.median(each) for name, each in times.items()}


def _bare(url: str, count: int, rounds: int) -> dict[str, float]:
    """Measure before any hook is in: hooks are never taken out again."""
    found: dict[str, float] = {}
    for name, ask in _ASKERS.items():
        ask(url, 5)
        each = [_cpu_us(lambda ask=ask: ask(url, count), count) for _ in range(rounds)]
        found[name] = statistics.median(each)
    return found


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    logging.getLogger("vcr").setLevel(logging.ERROR)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"

    bare = _bare(url, options.requests, options.rounds)
    cassettes.install()
    columns = ("bare", "idle", "record", "play", "vcrpy play")
    print(f"{'CPU us per request':18}", *(f"{name:>11}" for name in columns), "vcrpy/ours", sep="")
    with tempfile.TemporaryDirectory() as folder:
        for name, ask in _ASKERS.items():
            row = {"bare": bare[name]}
            row |= _measure(ask, url, options.requests, options.rounds, Path(folder))
            ratio = row["vcrpy play"] / row["play"]
            print(
                f"{name:18}", *(f"{row[each]:11.0f}" for each in columns), f"{ratio:10.1f}", sep=""
            )
    server.shutdown()


if __name__ == "__main__":
    main()
