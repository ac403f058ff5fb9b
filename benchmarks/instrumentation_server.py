"""A model server that only answers, and a collector that only takes: in a process of their own.

What the client sends is read and thrown away, so that a call's time is the client's.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ["I", "look", "up", "whether", "the", "flight", "leaves", "on", "time."]
CHUNK_COUNT = 40
_numbers = itertools.count()
_OUTSIDE = json.dumps(
    {"flights": [{"number": f"AF{n:04}", "on_time": True} for n in range(100)]}
).encode()


class Server:
    """Runs from ``with`` to its end; gives the URL that it serves."""

    def __enter__(self) -> str:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()  # held: at its end the server ends
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        url: str = self._pipe.recv()
        return url

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()


def _serve(pipe: Any) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    pipe.send(f"http://127.0.0.1:{server.server_address[1]}")
    server.serve_forever()


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if not self.path.endswith("/chat/completions"):
            self._send("application/x-protobuf", b"")
        elif b'"stream":true' in body[:200] + body[-20_000:]:
            self._send("text/event-stream", _streamed(next(_numbers)))
        else:
            self._send("application/json", _whole(next(_numbers)))

    def do_GET(self) -> None:
        self._send("application/json", _OUTSIDE)

    def _send(self, kind: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("x-request-id", "req-1")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _whole(number: int) -> bytes:
    message = {
        "role": "assistant",
        "content": " ".join(WORDS),
        "tool_calls": [_asked(number)],
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    answer = {**_about(number, "chat.completion"), "choices": [choice], "usage": _usage()}
    return json.dumps(answer).encode()


def _streamed(number: int) -> bytes:
    about = _about(number, "chat.completion.chunk")
    asked = {"index": 0, **_asked(number)}
    words = (WORDS * CHUNK_COUNT)[: CHUNK_COUNT - 3]
    deltas: list[Any] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": f"{word} "} for word in words] + [{"tool_calls": [asked]}]
    choices: list[Any] = [[{"index": 0, "delta": delta}] for delta in deltas]
    choices += [[{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]]
    events = [{**about, "choices": choice} for choice in choices]
    events.append({**about, "choices": [], "usage": _usage()})
    lines = [json.dumps(event) for event in events] + ["[DONE]"]
    return "".join(f"data: {line}\n\n" for line in lines).encode()


def _about(number: int, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{number}", "object": kind, "created": 1_795_200_000, "model": "gpt-5"}


def _asked(number: int) -> dict[str, Any]:
    said = {"name": "tool_0", "arguments": json.dumps({"city": "Paris", "unit": f"{number}"})}
    return {"id": f"call_{number}", "type": "function", "function": said}


def _usage() -> dict[str, int]:
    return {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940}
