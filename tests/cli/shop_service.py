"""A service on loopback whose answers can change, tools that ask it, and recordings of them."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from replay import Recorder
from replay.records import ModelCall
from replay.store import Store
from replay.tools.loading import load_toolbox

TOOLS = '''
import ctypes
import json
import os
import socket
import subprocess
import time
import urllib.request
from replay import Toolbox

toolbox = Toolbox("shop")
PORT = {port}


class Stock:
    """What is left of each item."""

    def __init__(self):
        self.left = {{"tea": 3}}


@toolbox.world
def stock() -> Stock:
    return Stock()


def ask(path, body=None):
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{{PORT}}{{path}}", content)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


@toolbox.tool
def rate(currency: str) -> dict:
    """Tell today's rate."""
    return {{"rate": ask(f"/rates/{{currency}}")["value"]}}


@toolbox.tool
def order(item: str, world: Stock) -> dict:
    """Take an item from the stock."""
    world.left[item] -= 1
    return {{"left": world.left[item]}}


@toolbox.tool
def left(item: str, world: Stock) -> dict:
    """Tell how many are left."""
    return {{"left": world.left[item]}}
'''


class Service:
    """A service whose answer can change, and which counts what it was asked."""

    def __init__(self) -> None:
        self.value: Any = 1.5
        self.asked: list[str] = []
        self.wants: tuple[str, str] | None = None
        """A header without which every answer is 401."""
        self._is_up = True
        service = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                service.asked.append(f"{self.command} {self.path}")
                self.rfile.read(length)
                content = json.dumps({"value": service.value}).encode()
                wanted = service.wants
                is_known = wanted is None or self.headers.get(wanted[0]) == wanted[1]
                self.send_response(200 if is_known else 401)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """Take the service down; the second time nothing is left to do."""
        if not self._is_up:
            return
        self._is_up = False
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


Asked = tuple[str, dict[str, Any]]
"""A tool, and the arguments of a call."""


def record(file: Path, *outputs: Asked | list[Asked]) -> None:
    """Record one trace of these calls: one model output each, a list is the calls of one."""
    sys.modules.pop(file.stem, None)  # as the file is now
    toolbox = load_toolbox(f"{file}:toolbox")
    sys.modules.pop(file.stem, None)
    with Recorder("traces.db") as recorder, recorder.trace(), toolbox.session() as session:
        for number, output in enumerate(outputs):
            asked = output if isinstance(output, list) else [output]
            calls = [
                {
                    "type": "function_call",
                    "call_id": f"call_{number}_{index}",
                    "name": tool,
                    "arguments": json.dumps(arguments),
                }
                for index, (tool, arguments) in enumerate(asked)
            ]
            toolbox.dispatch_sync(calls, world=session.world)
    if any(isinstance(output, list) for output in outputs):
        _bind_to_one_output()


def _bind_to_one_output() -> None:
    """Let a model output have asked for every call of the newest trace."""
    with Store.open("traces.db", "w") as store:
        transcript = store.transcript(store.trace_ids()[-1])
        steps = transcript.steps
        asked = ModelCall(
            id=f"{transcript.trace.id}/m",
            trace_id=transcript.trace.id,
            step_number=100,
            api="chat.completions",
            started_at=transcript.trace.started_at,
        )
        store.append_all(
            [asked, *(step.model_copy(update={"model_call_id": asked.id}) for step in steps)]
        )
