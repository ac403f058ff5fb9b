"""An MCP server in a few lines of plain Python, as a program on stdin and stdout, or over HTTP."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [
    {"name": "get_weather", "description": "Tell the weather.", "inputSchema": CITY},
    {"name": "count", "description": "Count the calls so far.", "inputSchema": {"type": "object"}},
    {"name": "fetch", "description": "Ask an address.", "inputSchema": {"type": "object"}},
    {"name": "die", "description": "End the server.", "inputSchema": {"type": "object"}},
]
SIGN = os.environ.get("SIGN", "C")


class Server:
    """One conversation's server."""

    def __init__(self) -> None:
        self.call_count = 0

    def answer(self, message: dict[str, Any]) -> dict[str, Any] | None:
        if "id" not in message:
            return None
        method, params = message["method"], message.get("params") or {}
        if method == "initialize":
            about = {"name": "weather", "version": "1"}
            result: Any = {"protocolVersion": params["protocolVersion"], "serverInfo": about}
        elif method == "tools/list":  # in two pages
            rest = {"nextCursor": "2"} if not params.get("cursor") else {}
            result = {"tools": TOOLS[2:] if params.get("cursor") else TOOLS[:2], **rest}
        else:
            result = self.call(params["name"], params["arguments"])
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}

    def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.call_count += 1
        try:
            text = self.run(tool, arguments)
        except (LookupError, OSError) as error:
            return {"content": [{"type": "text", "text": f"Failed: {error}"}], "isError": True}
        return {"content": [{"type": "text", "text": text}]}

    def run(self, tool: str, arguments: dict[str, Any]) -> str:
        if tool == "die":
            print("out of cheese", file=sys.stderr)
            os._exit(3)
        if tool == "count":
            return str(self.call_count)
        if tool == "fetch":
            with urllib.request.urlopen(arguments["url"], timeout=5) as response:
                return str(response.read().decode())
        if arguments["city"] == "Atlantis":
            raise LookupError("no such city")
        return json.dumps({"city": arguments["city"], "temperature": f"15 {SIGN}"})


def over_stdin() -> None:
    server = Server()
    print("a line for people", file=sys.stderr)
    # A server may ask, too, before it answers.
    print(json.dumps({"jsonrpc": "2.0", "id": "s1", "method": "ping"}), flush=True)
    for line in sys.stdin:
        answer = server.answer(json.loads(line)) if "method" in json.loads(line) else None
        if answer is not None:
            print(json.dumps(answer), flush=True)


def over_http(*, streams: bool) -> ThreadingHTTPServer:
    sessions: dict[str, Server] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            name = self.headers.get("mcp-session-id") or f"session-{len(sessions)}"
            answer = sessions.setdefault(name, Server()).answer(message)
            self.send_response(200 if answer else 202)
            self.send_header("mcp-session-id", name)
            body = b"" if answer is None else json.dumps(answer).encode()
            if answer is not None and streams:
                note = json.dumps({"jsonrpc": "2.0", "method": "notifications/message"}).encode()
                body = b": hello\n\ndata: " + note + b"\n\nevent: message\ndata: " + body + b"\n\n"
            kind = "text/event-stream" if streams else "application/json"
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


if __name__ == "__main__":
    over_stdin()
