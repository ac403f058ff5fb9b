"""A small client of the Debug Adapter Protocol: what an editor says to debugpy, over a socket."""

from __future__ import annotations

import itertools
import json
import socket
from collections import deque
from typing import Any

WAIT_S = 90.0


class Editor:
    """Attached to a debugger: asks, and waits for what is answered or happens."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        self._file = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._events: deque[dict[str, Any]] = deque()

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def send(self, command: str, **arguments: Any) -> int:
        number = next(self._numbers)
        said = {"seq": number, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(said).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return number

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.answer(self.send(command, **arguments))

    def reply(self, command: str, **arguments: Any) -> str:
        """Return what comes back, an answer or a refusal: of an error debugpy makes either."""
        return json.dumps(self._response(self.send(command, **arguments)))

    def answer(self, number: int) -> dict[str, Any]:
        said = self._response(number)
        assert said["success"], said
        found: dict[str, Any] = said.get("body") or {}
        return found

    def _response(self, number: int) -> dict[str, Any]:
        while True:
            said = self._read()
            if said["type"] == "response" and said["request_seq"] == number:
                return said
            self._keep(said)

    def event(self, name: str) -> dict[str, Any]:
        while True:
            for said in list(self._events):
                if said["event"] == name:
                    self._events.remove(said)
                    found: dict[str, Any] = said.get("body") or {}
                    return found
            self._keep(self._read())

    def attach(self) -> None:
        """Attach as VS Code does, and say that all breakpoints are told."""
        self.ask("initialize", clientID="test", adapterID="debugpy", pathFormat="path")
        attached = self.send("attach", justMyCode=True)
        self.event("initialized")
        self.ask("setBreakpoints", source={"path": "/nowhere.py"}, breakpoints=[])
        self.ask("configurationDone")
        self.answer(attached)

    def stopped(self) -> tuple[int, dict[str, Any]]:
        """Wait until it stops; return the thread and the frame on top."""
        thread = self.event("stopped")["threadId"]
        frames = self.ask("stackTrace", threadId=thread)["stackFrames"]
        return thread, frames[0]

    def variables(self, frame: dict[str, Any]) -> dict[str, str]:
        """Return the local variables of a frame as the editor shows them."""
        local = self.ask("scopes", frameId=frame["id"])["scopes"][0]["variablesReference"]
        found = self.ask("variables", variablesReference=local)["variables"]
        return {one["name"]: one["value"] for one in found}

    def _keep(self, said: dict[str, Any]) -> None:
        if said["type"] == "event":
            self._events.append(said)

    def _read(self) -> dict[str, Any]:
        length = 0
        while (line := self._file.readline().strip()) or not length:
            if not line:
                raise EOFError("the debugger is gone")
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        found: dict[str, Any] = json.loads(self._file.read(length))
        return found
