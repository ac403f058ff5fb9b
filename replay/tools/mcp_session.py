"""One session with an MCP server that is a program: JSON-RPC over its stdin and stdout.

The MCP SDK's client lives on an event loop with tasks of its own. A replay wants one question and
one answer at a time, from plain threads of a frozen world whose clock does not run.
Protocol: https://modelcontextprotocol.io/specification, revision 2025-06-18, which servers of other
revisions answer in their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from replay.records import JsonObject

PROTOCOL_VERSION: Final = "2025-06-18"
START_S: Final = 30.0
"""How long a server may take to answer that it is there."""
CALL_S: Final = 120.0
"""How long one call may take, where no deadline of the tool ends it before."""
_NO_METHOD: Final = -32601
_SAID_MAX: Final = 2_000


class McpServerGone(Exception):
    """The server ended, went silent, or said what is no JSON-RPC; its last words are told."""


class McpRefused(Exception):
    """The server answered with a JSON-RPC error instead of a result."""


class McpSession:
    """A started server, greeted; ``close`` ends it. Threads may share one: calls take turns."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        """Start ``command`` and shake hands.

        Raises:
            McpServerGone: it cannot be started, or does not answer.
        """
        self.command = list(command)
        self._lock = threading.Lock()
        self._number = 0
        self._rest = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the session
        try:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        except OSError as error:
            self._errors.close()
            raise McpServerGone(f"{command[0]!r} cannot be started: {error.strerror}.") from error
        try:
            self.about = self.request("initialize", _greeting(), within_s=START_S)
            self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        except BaseException:
            self.close()
            raise

    def tools(self) -> list[JsonObject]:
        """Return the server's tools: ``name``, ``description``, ``inputSchema``, ..."""
        found: list[JsonObject] = []
        cursor: str | None = None
        while True:
            page = self.request("tools/list", {} if cursor is None else {"cursor": cursor})
            found += page.get("tools") or []
            cursor = page.get("nextCursor")
            if not cursor:
                return found

    def call(self, tool: str, arguments: JsonObject, meta: JsonObject | None = None) -> JsonObject:
        """Return the result of a tool: ``content``, ``structuredContent``, ``isError``."""
        asked: JsonObject = {"name": tool, "arguments": arguments}
        return self.request("tools/call", {**asked, "_meta": meta} if meta else asked)

    def request(self, method: str, params: JsonObject, *, within_s: float = CALL_S) -> JsonObject:
        """Ask and return the result.

        Raises:
            McpRefused: the answer is an error.
            McpServerGone: there is no answer.
        """
        with self._lock:
            self._number += 1
            own = self._number
            self._send({"jsonrpc": "2.0", "id": own, "method": method, "params": params})
            while True:
                message = self._receive(method, within_s)
                if "method" in message:
                    self._answer(message)
                elif message.get("id") == own:
                    break
        if "error" in message:
            said = message["error"]
            raise McpRefused(str(said.get("message") if isinstance(said, dict) else said))
        result = message.get("result")
        return result if isinstance(result, dict) else {}

    def close(self) -> None:
        """End the server: its stdin closes, and a moment later it is killed with its children."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        # No wait with a timeout: in a frozen world its clock would not run.
        if process.poll() is None:
            select.select([], [], [], 0.05)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._errors.close()

    def _answer(self, message: JsonObject) -> None:
        """A server may ask too: whether we are there, for samples, roots, or a person's input."""
        if "id" not in message:
            return
        answer: JsonObject = {"jsonrpc": "2.0", "id": message["id"]}
        if message["method"] == "ping":
            answer["result"] = {}
        else:
            said = f"A replay has no {message['method']!r}."
            answer["error"] = {"code": _NO_METHOD, "message": said}
        self._send(answer)

    def _send(self, message: JsonObject) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
            pipe.flush()
        except (OSError, ValueError) as error:
            raise self._gone("ended") from error

    def _receive(self, method: str, within_s: float) -> JsonObject:
        pipe = self._process.stdout
        assert pipe is not None
        while b"\n" not in self._rest:
            ready, _, _ = select.select([pipe], [], [], within_s)
            if not ready:
                raise self._gone(f"did not answer {method!r} in {within_s:g} s")
            piece = os.read(pipe.fileno(), 1 << 16)
            if not piece:
                raise self._gone("ended")
            self._rest += piece
        line, self._rest = self._rest.split(b"\n", 1)
        if not line.strip():
            return self._receive(method, within_s)
        try:
            message: Any = json.loads(line)
        except ValueError as error:
            raise self._gone(f"wrote what is no JSON: {line[:200]!r}") from error
        if not isinstance(message, dict):
            raise self._gone(f"wrote what is no message: {line[:200]!r}")
        return message

    def _gone(self, what: str) -> McpServerGone:
        with contextlib.suppress(OSError, ValueError):
            self._errors.seek(0)
        try:
            said = self._errors.read().decode("utf-8", "replace").strip()
        except (OSError, ValueError):
            said = ""
        words = f" Its last words:\n{said[-_SAID_MAX:]}" if said else ""
        return McpServerGone(f"The MCP server {' '.join(self.command)!r} {what}.{words}")


def _greeting() -> JsonObject:
    return {
        "protocolVersion": PROTOCOL_VERSION,
        "capabilities": {},
        "clientInfo": {"name": "replay", "version": PROTOCOL_VERSION},
    }
