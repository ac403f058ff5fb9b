"""What a request costs: bare, with idle hooks, recorded and played; and played by vcrpy.

    python benchmarks/playback.py [--requests 200] [--rounds 15]

CPU time of the asking thread in microseconds per request. ``bare`` runs in a process of its own
without any hook, which takes turns with the one that has them: within a round all five columns
are measured one after the other, in an order that turns. Cassettes are loaded and entered before
the clock starts, ours and vcrpy's alike; the client is made by each run. The ratios are medians of
the ratios within a round; they mean something, the numbers belong to a machine.

``alone`` is the client's own work with no network and no cassette at all: every answer is there at
once. It is part of every other column, so no cassette can play requests faster than that; what the
cassettes themselves cost is what comes on top of it (``of that, own``: vcrpy over ours).
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import logging
import multiprocessing
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import httpx
import requests
import urllib3
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


def _answer_at_once(pool: object, conn: object, method: str, url: str, **_: object) -> object:
    head = {"Content-Type": "application/json", "Content-Length": str(len(_BODY))}
    return urllib3.HTTPResponse(
        io.BytesIO(_BODY), head, 200, preload_content=False, request_method=method, request_url=url
    )


def _requests_alone(url: str, count: int) -> None:
    pool = urllib3.connectionpool.HTTPConnectionPool
    hooked, pool._make_request = pool._make_request, _answer_at_once  # type: ignore[assignment]
    try:
        _with_requests(url, count)
    finally:
        pool._make_request = hooked  # type: ignore[method-assign]


def _httpx_alone(url: str, count: int) -> None:
    head = {"Content-Type": "application/json"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=head, content=_BODY))
    with httpx.Client(transport=transport) as client:
        for number in range(count):
            client.get(f"{url}/{number}").json()


_ALONE: dict[str, Asker] = {"requests": _requests_alone, "httpx": _httpx_alone}
"""Clients whose network can be left out without a hook of ours or of vcrpy's."""

_ASKERS: dict[str, Asker] = {
    "requests": _with_requests,
    "httpx": _with_httpx,
    "httpx async": _with_httpx_async,
    "urllib.request": _with_urllib,
    "aiohttp": _with_aiohttp,
}


def _cpu_us(ask: Asker, url: str, count: int) -> float:
    start = time.thread_time()
    ask(url, count)
    return (time.thread_time() - start) / count * 1e6


class _Columns:
    """The ways to make the same requests, for one client."""

    def __init__(self, ask: Asker, url: str, count: int, folder: Path) -> None:
        self._ask, self._url, self._count = ask, url, count
        self._path = folder / f"{ask.__name__}.yaml"
        recording = Cassette("bench")
        with freeze(recording):
            ask(url, count)
        self._kept = json.dumps([one.to_json() for one in recording.interactions])
        with vcr.use_cassette(str(self._path), record_mode="once"):
            ask(url, count)

    def idle(self) -> float:
        """No cassette is in force."""
        return _cpu_us(self._ask, self._url, self._count)

    def record(self) -> float:
        """Recorded by us."""
        with freeze(Cassette("bench")):
            return self.idle()

    def play(self) -> float:
        """Played by us."""
        kept = [Interaction.from_json(form) for form in json.loads(self._kept)]
        with freeze(Cassette("bench", "replay", kept)):
            return self.idle()

    def vcrpy(self) -> float:
        """Played by vcrpy, matching what we match."""
        match_on = ["method", "uri", "body"]
        with vcr.use_cassette(str(self._path), record_mode="none", match_on=match_on):
            return self.idle()


def _bare(source: Connection, url: str, count: int) -> None:
    """Measure on demand, in a process without hooks."""
    for ask in _ASKERS.values():
        ask(url, 5)
    while (name := source.recv()) is not None:
        source.send(_cpu_us(_ASKERS[name], url, count))


def _rounds(
    name: str, columns: _Columns, bare: Connection, options: argparse.Namespace
) -> list[dict[str, float]]:
    def ask_bare() -> float:
        bare.send(name)
        measured: float = bare.recv()
        return measured

    ways: dict[str, Callable[[], float]] = {
        "bare": ask_bare,
        "idle": columns.idle,
        "record": columns.record,
        "play": columns.play,
        "vcrpy play": columns.vcrpy,
    }
    if name in _ALONE:
        ways["alone"] = lambda: _cpu_us(_ALONE[name], "http://127.0.0.1:9", options.requests)
    found = []
    for number in range(options.rounds + 1):
        turn = number % len(ways)
        order = [*list(ways)[turn:], *list(ways)[:turn]]
        found.append({way: ways[way]() for way in order})
    return found[1:]  # the first one warms up


def _ratio(rounds: list[dict[str, float]], above: str, below: str) -> float:
    return statistics.median(one[above] / one[below] for one in rounds)


def _on_top(rounds: list[dict[str, float]]) -> float:
    """Return how many times our own work vcrpy's own work is."""
    return statistics.median(
        (one["vcrpy play"] - one["alone"]) / (one["play"] - one["alone"]) for one in rounds
    )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    logging.getLogger("vcr").setLevel(logging.ERROR)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    spawn = multiprocessing.get_context("spawn")
    bare, far_end = spawn.Pipe()
    other = spawn.Process(target=_bare, args=(far_end, url, options.requests))
    other.start()

    cassettes.install()
    shown = ("alone", "bare", "idle", "record", "play", "vcrpy play")
    ratios = (("idle", "bare"), ("record", "bare"), ("play", "bare"), ("vcrpy play", "play"))
    heads = [*shown, *(f"{above}/{below}" for above, below in ratios), "of that, own"]
    print(f"{'CPU us per request':18}", *(f"{head:>16}" for head in heads), sep="")
    with tempfile.TemporaryDirectory() as folder:
        for name, ask in _ASKERS.items():
            columns = _Columns(ask, url, options.requests, Path(folder))
            rounds = _rounds(name, columns, bare, options)
            cells = [
                f"{statistics.median(one[way] for one in rounds):16.0f}" if way in rounds[0] else ""
                for way in shown
            ]
            cells += [f"{_ratio(rounds, above, below):16.2f}" for above, below in ratios]
            cells += [f"{_on_top(rounds):16.1f}"] if name in _ALONE else []
            print(f"{name:18}", *(f"{cell:>16}" for cell in cells), sep="", flush=True)
    bare.send(None)
    other.join()
    server.shutdown()


if __name__ == "__main__":
    main()
