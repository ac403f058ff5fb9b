"""How soon the first event of a stream is there: bare, and while it is recorded.

    python benchmarks/first_byte.py [--streams 30]

A server on loopback sends one event at once and nine more, 20 ms apart. Milliseconds from the
request to the first event, and to the end of the stream; medians, bare and recorded in turns. A
recorder that reads the stream before it hands it on would need the whole 180 ms for the first one.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import httpx
import requests

import cassettes
from cassettes import Cassette, freeze

_EVENTS = 10
_BETWEEN_S = 0.02

Times = tuple[float, float]
"""Seconds to the first event, and to the end."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(_EVENTS):
            time.sleep(_BETWEEN_S if number else 0)
            event = f"data: {number}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
        self.wfile.write(b"0\r\n\r\n")


def _with_requests(url: str) -> Times:
    began = time.perf_counter()
    with requests.get(url, stream=True) as answer:
        lines = answer.iter_lines()
        next(lines)
        first = time.perf_counter()
        list(lines)
    return first - began, time.perf_counter() - began


def _with_httpx(url: str) -> Times:
    with httpx.Client(verify=False) as client:
        began = time.perf_counter()
        with client.stream("GET", url) as answer:
            lines = answer.iter_lines()
            next(lines)
            first = time.perf_counter()
            list(lines)
    return first - began, time.perf_counter() - began


def _with_httpx_async(url: str) -> Times:
    async def ask() -> Times:
        async with httpx.AsyncClient(verify=False) as client:
            began = time.perf_counter()
            async with client.stream("GET", url) as answer:
                lines = answer.aiter_lines()
                await anext(lines)
                first = time.perf_counter()
                async for _ in lines:
                    pass
        return first - began, time.perf_counter() - began

    return asyncio.run(ask())


def _with_aiohttp(url: str) -> Times:
    async def ask() -> Times:
        async with aiohttp.ClientSession() as session:
            began = time.perf_counter()
            async with session.get(url) as answer:
                await answer.content.readline()
                first = time.perf_counter()
                await answer.read()
        return first - began, time.perf_counter() - began

    return asyncio.run(ask())


def _with_urllib(url: str) -> Times:
    began = time.perf_counter()
    with urllib.request.urlopen(url) as answer:
        answer.readline()
        first = time.perf_counter()
        answer.read()
    return first - began, time.perf_counter() - began


_ASKERS: dict[str, Callable[[str], Times]] = {
    "requests": _with_requests,
    "httpx": _with_httpx,
    "httpx async": _with_httpx_async,
    "urllib.request": _with_urllib,
    "aiohttp": _with_aiohttp,
}


def _recorded(ask: Callable[[str], Times], url: str) -> Times:
    with freeze(Cassette("stream")):
        return ask(url)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=30)
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/events"
    cassettes.install()
    heads = ("first bare", "first recorded", "ratio", "end bare", "end recorded")
    print(f"{'ms, medians':18}", *(f"{head:>16}" for head in heads), sep="")
    for name, ask in _ASKERS.items():
        ask(url)
        bare: list[Times] = []
        recorded: list[Times] = []
        for _ in range(options.streams):
            bare.append(ask(url))
            recorded.append(_recorded(ask, url))
        first, end = (statistics.median(one[part] for one in bare) * 1e3 for part in (0, 1))
        first_r, end_r = (statistics.median(one[part] for one in recorded) * 1e3 for part in (0, 1))
        cells = (f"{first:.2f}", f"{first_r:.2f}", f"{first_r / first:.2f}", f"{end:.1f}",
                 f"{end_r:.1f}")  # fmt: skip
        print(f"{name:18}", *(f"{cell:>16}" for cell in cells), sep="", flush=True)
    server.shutdown()


if __name__ == "__main__":
    main()
