"""Google's generateContent on loopback, streamed and not, with the script of ``travel``."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from travel import SCRIPT

from replay.demo.model_server import Call


def answer_for(body: dict[str, Any], model: str) -> dict[str, Any]:
    """Return the answer to a request: the turn that its functions' responses have come to."""
    declared = [d for tool in body.get("tools") or [] for d in tool.get("functionDeclarations", [])]
    full_name = {_own_name(one["name"]): one["name"] for one in declared}
    parts = [part for content in body.get("contents") or [] for part in content.get("parts") or []]
    told = sum("functionResponse" in part for part in parts)
    turn: Any = "{}"
    if "get_weather" in full_name:  # else something other is asked: which model, a summary
        seen = 0
        for turn in SCRIPT["Paris"]:
            if seen >= told:
                break
            seen += sum(isinstance(part, Call) for part in turn)
    said = [turn] if isinstance(turn, str) else turn
    return {
        "candidates": [
            {
                "content": {"role": "model", "parts": [_part(one, full_name) for one in said]},
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 100 + told,
            "candidatesTokenCount": 20,
            "totalTokenCount": 120 + told,
        },
        "modelVersion": model,
        "responseId": f"resp{told:04d}",
    }


def _own_name(shown: str) -> str:
    return shown.rsplit("travel_", 1)[-1]


def _part(said: str | Call, full_name: dict[str, str]) -> dict[str, Any]:
    if isinstance(said, str):
        return {"text": said}
    arguments = json.loads(said.text)
    return {"functionCall": {"id": said.id, "name": full_name[said.tool], "args": arguments}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        model, _, method = self.path.rsplit("/", 1)[-1].partition("?")[0].partition(":")
        if method == "countTokens":
            self._write(json.dumps({"totalTokens": 100}), "application/json")
            return
        answer = json.dumps(answer_for(body, model))
        if method == "streamGenerateContent":
            self._write(f"data: {answer}\r\n\r\n", "text/event-stream")
        else:
            self._write(answer, "application/json")

    def _write(self, text: str, kind: str) -> None:
        content = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
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
