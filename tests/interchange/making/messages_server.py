"""Anthropic's Messages API on loopback, streamed and not, with the script of ``travel``."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from travel import SCRIPT

from replay.demo.model_server import Call

USAGE = {
    "input_tokens": 100,
    "output_tokens": 20,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
}


def message_for(body: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request: the turn that its tool results have come to."""
    names = [tool.get("name", "") for tool in body.get("tools") or []]
    full_name = {name.rsplit("__", 1)[-1]: name for name in names}
    blocks = [
        block
        for message in body["messages"]
        if isinstance(message["content"], list)
        for block in message["content"]
    ]
    told = sum(block.get("type") == "tool_result" for block in blocks)
    question = json.dumps(body["messages"][0])
    turns, seen = SCRIPT["Rome" if "Rome" in question else "Paris"], 0
    turn: Any = turns[-1]
    if "get_weather" not in full_name:
        turn = "Travel"  # something else is asked: a title, a summary
    else:
        for one in turns:
            if seen >= told:
                turn = one
                break
            seen += sum(isinstance(part, Call) for part in one)
    parts = [turn] if isinstance(turn, str) else turn
    content: list[Any] = []
    for part in parts:
        if isinstance(part, str):
            content.append({"type": "text", "text": part})
        else:
            name = full_name[part.tool]
            said = {"type": "tool_use", "id": f"toolu_{part.id}", "name": name}
            content.append({**said, "input": dict(part.arguments)})
    asks = any(block["type"] == "tool_use" for block in content)
    return {
        "id": f"msg_{told:04d}",
        "type": "message",
        "role": "assistant",
        "model": f"{body['model']}",
        "content": content,
        "stop_reason": "tool_use" if asks else "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    }


def events_of(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same answer as the events of a stream."""
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    for index, block in enumerate(message["content"]):
        empty = {"text": ""} if block["type"] == "text" else {"input": {}}
        at = {"index": index}
        yield {"type": "content_block_start", **at, "content_block": {**block, **empty}}
        if block["type"] == "text":
            delta = {"type": "text_delta", "text": block["text"]}
        else:
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_delta", **at, "delta": delta}
        yield {"type": "content_block_stop", **at}
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": USAGE}
    yield {"type": "message_stop"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._write({})

    def do_HEAD(self) -> None:
        self._write({})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        if "count_tokens" in self.path:
            self._write({"input_tokens": 100})
        elif "/v1/messages" not in self.path:
            self._write({})
        elif body.get("stream"):
            self._stream(message_for(body))
        else:
            self._write(message_for(body))

    def _write(self, value: dict[str, Any]) -> None:
        content = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, message: dict[str, Any]) -> None:
        lines = [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events_of(message)]
        content = "".join(lines).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving() -> Iterator[str]:
    """Yield the address of the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
