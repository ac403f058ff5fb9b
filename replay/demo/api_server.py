"""The demo's outside world: a small travel API on loopback, with weather and flights.

It is a real HTTP server, so what the tools ask of it is recorded as in production. During the
replay it is switched off: its answers come from the recording.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PORT = 8787
"""Preferred, so that every demo records the same addresses; any free port where it is taken."""

WEATHER = {
    "Paris": {"celsius": 18.5, "sky": "light rain"},
    "Rome": {"celsius": 24.0, "sky": "clear"},
    "Oslo": {"celsius": 9.0, "sky": "clouds"},
}

FLIGHTS: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("BER", "PAR"): [
        {"number": "AF1135", "departs": "09:40", "price_eur": 129.0},
        {"number": "LH1050", "departs": "13:05", "price_eur": 164.5},
    ],
    ("BER", "ROM"): [{"number": "AZ421", "departs": "11:20", "price_eur": 98.0}],
    ("PAR", "OSL"): [{"number": "SK836", "departs": "07:55", "price_eur": 141.0}],
}


@contextmanager
def serve_travel_api() -> Iterator[str]:
    """Serve the API for as long as the ``with`` lasts; gives its base URL."""
    server = _listen()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _listen() -> ThreadingHTTPServer:
    try:
        return _Server(("127.0.0.1", PORT), _Handler)
    except OSError:
        return _Server(("127.0.0.1", 0), _Handler)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = False


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer /weather?city= and /flights?origin=&destination=&date=."""
        url = urlsplit(self.path)
        asked = dict(parse_qsl(url.query))
        if url.path == "/weather" and asked.get("city") in WEATHER:
            self._answer(200, {"city": asked["city"], **WEATHER[asked["city"]]})
        elif url.path == "/flights":
            route = (asked.get("origin", ""), asked.get("destination", ""))
            self._answer(200, {"date": asked.get("date"), "flights": FLIGHTS.get(route, [])})
        else:
            self._answer(404, {"error": "not found"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the demo's own lines are the story."""
