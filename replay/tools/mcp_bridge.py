"""A program that speaks MCP on stdin and stdout and asks a server over HTTP: ``bridge.py URL``.

So a session is one thing whether its server is a program or an address, and what it asks goes
through no hook of a frozen world. Run by its path, with nothing but Python's own library.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any


def serve(url: str) -> None:
    """Hand each line on stdin to ``url``, and what it answers to stdout."""
    headers = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
    }
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        message = json.loads(line)
        try:
            request = urllib.request.Request(url, data=line.strip(), headers=headers)
            with urllib.request.urlopen(request, timeout=120) as response:
                session = response.headers.get("mcp-session-id")
                if session:
                    headers["mcp-session-id"] = session
                for answer in _messages(response):
                    _note_version(answer, headers)
                    _say(answer)
        except (OSError, ValueError) as error:
            if "id" in message:
                _say(_failure(message["id"], url, error))


def _messages(response: Any) -> Iterator[Any]:
    kind = response.headers.get("content-type", "")
    if "text/event-stream" not in kind:
        body = response.read()
        if body.strip():
            yield json.loads(body)
        return
    data: list[str] = []
    for raw in response:
        line = raw.decode("utf-8").rstrip("\r\n")
        if line.startswith("data:"):
            data.append(line[5:].lstrip())
        elif not line and data:
            text, data = "\n".join(data), []
            yield json.loads(text)


def _note_version(answer: Any, headers: dict[str, str]) -> None:
    result = answer.get("result") if isinstance(answer, dict) else None
    if isinstance(result, dict) and isinstance(result.get("protocolVersion"), str):
        headers["mcp-protocol-version"] = result["protocolVersion"]


def _failure(name: Any, url: str, error: Exception) -> dict[str, Any]:
    said = str(error)
    if isinstance(error, urllib.error.HTTPError):
        said = f"HTTP {error.code}: {error.read()[:500].decode('utf-8', 'replace')}"
    return {"jsonrpc": "2.0", "id": name, "error": {"code": -32000, "message": f"{url}: {said}"}}


def _say(message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
