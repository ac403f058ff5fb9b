"""Listeners that count what arrives, on every kind of socket; and replays of a few calls."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.records import CallVerdict, Outcome, ReplayRun, ToolCall, Trace
from replay.replayer import Replayer
from replay.store import Store

HERE = Path(__file__).parent
AT = "2026-11-20T10:00:00.000000Z"


class Counting:
    """Counts what reaches one port number: TCP, TCP over IPv6, UDP and two UNIX sockets."""

    def __init__(self) -> None:
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port = self._sockets[0].getsockname()[1]
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", self.port))
        self._sockets.append(udp)
        with contextlib.suppress(OSError):  # a machine without IPv6 cannot be reached by it
            self._sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        self.path = f"/tmp/replay-escape-{self.port}"
        for name in (self.path, f"\0replay-escape-{self.port}"):
            unix = socket.socket(socket.AF_UNIX)
            unix.bind(name)
            unix.listen()
            self._sockets.append(unix)
        self.arrived = 0
        self._ends, self._end = socket.socketpair()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            for each in (*self._sockets, self._ends):
                selector.register(each, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._ends:
                        return
                    self._take(key.fileobj)  # type: ignore[arg-type]

    def _take(self, arrived: socket.socket) -> None:
        self.arrived += 1
        if arrived.type == socket.SOCK_DGRAM:
            arrived.recv(100)
            return
        connection, _ = arrived.accept()
        with connection, contextlib.suppress(OSError):
            connection.settimeout(2)
            if connection.recv(4096).startswith(b"GET"):
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nreal")

    def close(self) -> None:
        self._end.send(b"x")
        self._thread.join()
        for each in (*self._sockets, self._ends, self._end):
            each.close()
        os.unlink(self.path)


@pytest.fixture
def listener() -> Iterator[Counting]:
    counting = Counting()
    yield counting
    counting.close()


Run = Callable[..., tuple[ReplayRun, list[CallVerdict]]]


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[Run]:
    """Record calls (tool, arguments, response) as one trace and replay it for real."""
    with Store.open(tmp_path / "traces.db", "create") as store:

        def run(calls: list[tuple[str, dict[str, Any], str]], **options: Any) -> Any:
            records: list[Any] = [Trace(id="t", started_at=AT)]
            for number, (tool, arguments, response) in enumerate(calls, 1):
                records.append(
                    ToolCall(
                        id=f"t/{number}",
                        trace_id="t",
                        step_number=number,
                        tool=tool,
                        arguments=json.dumps(arguments),
                        response=response,
                        outcome=Outcome.OK,
                        started_at=AT,
                    )
                )
            store.append_all(records)
            options = {"toolbox": "escape_tools:toolbox", "folder": HERE, "jobs": 1, **options}
            ended = Replayer(store, **options).run()
            return ended, store.verdicts(ended.id)

        yield run
