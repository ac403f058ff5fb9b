"""One fake provider on loopback for every SDK: OpenAI's two APIs, Anthropic's, Google's.

What it answers is a function of the model's name (a scenario) and of the conversation so far; it
keeps every request byte by byte, so that two runs can be compared.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from replay.demo.model_server import Call, ModelServer, Turn

WEATHER = Call("get_weather", {"city": "Paris", "unit": "c"})
ATLANTIS = Call("get_weather", {"city": "Atlantis", "unit": "c"})
FLIGHTS = Call("search_flights", {"origin": "NYC", "destination": "PAR"})
DONE = "18 degrees in Paris, and a flight for 412 EUR."

SCRIPTS: dict[str, list[Any]] = {
    "parallel": [["Let me look. ", WEATHER, FLIGHTS], DONE],
    "alike": [[WEATHER, WEATHER], WEATHER, DONE],
    "tool_error": [[ATLANTIS, FLIGHTS], DONE],
    "invalid_arguments": [Call("get_weather", {"town": "Paris"}), WEATHER, DONE],
    "unknown_tool": [Call("book_hotel", {"city": "Paris"}), DONE],
    "rate_limited": [Turn([WEATHER], failures=(429,)), DONE],
    "overloaded": [Turn([WEATHER], failures=(529, 529)), DONE],
    "one": [WEATHER, DONE],  # of every model that is no scenario
    "handoff": [Call("transfer_to_booker", {}), FLIGHTS, DONE],
}
_VOLATILE = ("host", "date", "idempotency-key", "x-stainless-read-timeout", "traceparent")


@dataclass(frozen=True)
class Seen:
    """One request, as it came."""

    path: str
    body: bytes
    headers: dict[str, str] = field(compare=False)

    def identity(self, but: tuple[str, ...] = ()) -> tuple[Any, ...]:
        """All of it but headers that differ from run to run whoever watches."""
        kept = {k: v for k, v in self.headers.items() if k not in (*_VOLATILE, *but)}
        return self.path, self.body, tuple(sorted(kept.items()))


class Provider:
    """Runs from ``with``; ``url`` is its root, OpenAI's clients want ``url + "/v1"``."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.upstream: list[str] = []
        self.reset()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.provider = self

    def reset(self) -> None:
        """Forget what was asked, and fail again where the scripts say so."""
        self.seen.clear()
        self.upstream.clear()
        self.models = {name: ModelServer(script) for name, script in SCRIPTS.items()}
        self.threads: dict[str, tuple[list[Any], Any]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Provider:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    provider: Provider

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is the client's business."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        self.server.provider.upstream.append(self.path)
        if query.get("city") == "Atlantis":
            return self._json(404, {"error": "no such city"})
        if asked.path.endswith("/weather"):
            return self._json(200, {"city": query["city"], "degrees": 18, "unit": query["unit"]})
        return self._json(200, {"flights": [{"number": "AF007", "price_eur": 412}]})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.provider.seen.append(Seen(self.path, raw, headers))
        path, body = urlsplit(self.path).path, json.loads(raw or b"{}")
        if path.endswith("/messages"):
            return self._messages(body)
        if "enerateContent" in path:
            return self._generate(unquote(path), body)
        return self._openai(path, body)

    def _model(self, name: str) -> ModelServer:
        models = self.server.provider.models
        return models.get(name.rpartition("/")[2]) or models["one"]

    def _openai(self, path: str, body: Any) -> None:
        answer = self._model(body["model"]).answer(path, body)
        if isinstance(answer, int):
            return self._failure(answer)
        is_chat = path.endswith("/chat/completions")
        if not body.get("stream"):
            return self._json(200, answer.chat() if is_chat else answer.response(body))
        usage = bool((body.get("stream_options") or {}).get("include_usage"))
        events = answer.chat_chunks(usage=usage) if is_chat else answer.response_events(body)
        return self._events([(e.get("type"), e) for e in events], end="[DONE]" if is_chat else None)

    def _messages(self, body: Any) -> None:
        provider, thread = self.server.provider, body.get("thread") or {}
        held, tools = provider.threads.get(thread.get("previous_message_id"), ([], None))
        messages = [*held, *body["messages"]]
        answer = self._model(body["model"]).answer(
            "messages", {"model": body["model"], "messages": messages}
        )
        if isinstance(answer, int):
            return self._failure(answer, anthropic=True)
        content: list[Any] = [{"type": "text", "text": answer.text}] if answer.text else []
        for call_id, call in answer.calls:
            use = {"type": "tool_use", "id": call_id.replace("call_", "toolu_"), "name": call.tool}
            content.append({**use, "input": dict(call.arguments)})
        message = {
            "id": f"msg_{answer.key}",
            "type": "message",
            "role": "assistant",
            "model": answer.model,
            "content": content,
            "stop_reason": "tool_use" if answer.calls else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": answer.prompt_tokens, "output_tokens": answer.output_tokens},
        }
        said = {"role": "assistant", "content": content}
        provider.threads[message["id"]] = ([*messages, said], body.get("tools") or tools)
        if not body.get("stream"):
            return self._json(200, message)
        return self._events(list(_message_events(message)))

    def _generate(self, path: str, body: Any) -> None:
        name = path.rpartition("/")[2].partition(":")[0]
        history = [
            {"role": "assistant" if c.get("role") == "model" else "user", "content": json.dumps(c)}
            for c in body["contents"]
        ]
        answer = self._model(name).answer("generate", {"model": name, "messages": history})
        if isinstance(answer, int):
            return self._failure(answer)
        parts: list[Any] = [{"text": answer.text}] if answer.text else []
        for _, call in answer.calls:
            parts.append({"functionCall": {"name": call.tool, "args": dict(call.arguments)}})
        content = {"role": "model", "parts": parts}
        whole = {
            "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
            "modelVersion": answer.model,
            "responseId": f"g{answer.key}",
            "usageMetadata": {"promptTokenCount": answer.prompt_tokens, "totalTokenCount": 1},
        }
        if "stream" not in path:
            return self._json(200, whole)
        pieces = [
            {**whole, "candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}]}
            for part in parts[:-1]
        ]
        last = {**whole["candidates"][0], "content": {"role": "model", "parts": parts[-1:]}}
        return self._events([(None, e) for e in [*pieces, {**whole, "candidates": [last]}]])

    def _failure(self, status: int, *, anthropic: bool = False) -> None:
        kind = {429: "rate_limit_error", 529: "overloaded_error"}.get(status, "api_error")
        error: Any = {"message": f"scripted {status}", "type": kind, "code": status}
        self._json(status, {"type": "error", "error": error} if anthropic else {"error": error})

    def _json(self, status: int, body: Any) -> None:
        payload = json.dumps(body).encode()
        self._head(status, "application/json")
        if status >= 429:
            self.send_header("retry-after-ms", "1")  # nobody should wait for a script
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _events(self, events: list[tuple[str | None, Any]], end: str | None = None) -> None:
        self._head(200, "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for name, event in events:
            self._chunk(f"event: {name}\n" if name else "", json.dumps(event))
        if end is not None:
            self._chunk("", end)
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, name: str, text: str) -> None:
        chunk = f"{name}data: {text}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    def _head(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        number = f"req_{len(self.server.provider.seen):04d}"
        self.send_header("x-request-id", number)
        self.send_header("request-id", number)


def _message_events(message: Any) -> Iterator[tuple[str, Any]]:
    begun = {**message, "content": [], "stop_reason": None}
    yield _named("message_start", message=begun)
    for index, block in enumerate(message["content"]):
        empty = {**block, "input": {}} if "input" in block else {**block, "text": ""}
        yield _named("content_block_start", index=index, content_block=empty)
        is_call = "input" in block
        text = json.dumps(block["input"]) if is_call else block["text"]
        for start in range(0, len(text), 7):
            piece = text[start : start + 7]
            delta = (
                {"type": "input_json_delta", "partial_json": piece}
                if is_call
                else {"type": "text_delta", "text": piece}
            )
            yield _named("content_block_delta", index=index, delta=delta)
        yield _named("content_block_stop", index=index)
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    usage = {"output_tokens": message["usage"]["output_tokens"]}
    yield _named("message_delta", delta=stop, usage=usage)
    yield _named("message_stop")


def _named(kind: str, **fields: Any) -> tuple[str, Any]:
    return kind, {"type": kind, **fields}
