"""A scripted model server on loopback: speaks OpenAI's HTTP API and says what a script tells it.

Any OpenAI client can talk to it; no key, no network, no chance::

    script = [
        [Call("get_weather", {"city": "Paris"}), Call("search_flights", {"to": "PAR"})],  # turn 1
        "18 °C in Paris, and a flight for 412 EUR.",                                      # turn 2
    ]
    with ModelServer(script) as server:
        client = OpenAI(base_url=server.base_url, api_key="none")

Every answer is a function of the script and the conversation so far: turn ``n`` is said when the
prompt already holds ``n`` answers of the model. Chat completions and Responses, streamed and not.
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, TypeAlias

CREATED_AT = 1_795_200_000
"""The ``created`` of every answer: the server has no clock."""


@dataclass(frozen=True)
class Call:
    """The model calls a tool. Arguments given as text are sent as they are, bad JSON too."""

    tool: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    id: str | None = None
    """The provider's tool-call id; None makes one out of the conversation."""

    @property
    def text(self) -> str:
        """The arguments as the model writes them."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True)
class Turn:
    """What the model says once, for scripts that need more than words and calls."""

    parts: Sequence[str | Call] = ()
    failures: Sequence[int] = ()
    """HTTP status codes to answer first: ``(429, 500)`` makes the client ask three times."""
    finish_reason: str | None = None
    """``"length"``: the answer is cut off. None: ``tool_calls`` or ``stop``, as fits."""
    hang_up_after: int | None = None
    """Streams only: drop the connection after so many chunks."""


@dataclass(frozen=True)
class Prompt:
    """A request as scripts see it: the model, its messages or input items, its tools."""

    model: str
    messages: Sequence[Any]
    tools: Sequence[Any]

    @property
    def turn_index(self) -> int:
        """How many answers of the model the prompt already holds; from 0."""
        count, inside = 0, False
        for message in self.messages:
            said = message.get("role") == "assistant" or message.get("type") == "function_call"
            # Responses: one answer is several items in a row; two chat messages are two answers.
            count += said and not (inside and "type" in message)
            inside = said
        return count

    @property
    def question(self) -> str:
        """The text of the first message of the user."""
        for message in self.messages:
            if message.get("role") == "user":
                content = message["content"]
                return content if isinstance(content, str) else json.dumps(content)
        return ""


Line: TypeAlias = str | Call | Sequence[str | Call] | Turn
"""One turn of a script: words, a call, several of them, or a ``Turn``."""
Script: TypeAlias = Sequence[Line] | Mapping[str, Sequence[Line]] | Callable[[Prompt], Line]
"""Turns in order; or turns by what the first user message contains; or a function of the prompt."""


@dataclass(frozen=True)
class Exchange:
    """One request that the server saw."""

    path: str
    headers: Mapping[str, str]
    body: Any
    status: int


class ModelServer:
    """A model server that runs in a thread of its own, from ``start()`` or ``with`` to ``stop()``.

    ``before_chunk`` is called with the chunk's index before each streamed chunk is sent: a test
    can hold a stream there.
    """

    def __init__(
        self, script: Script, *, before_chunk: Callable[[int], None] | None = None
    ) -> None:
        self.script = script
        self.before_chunk = before_chunk
        self.exchanges: list[Exchange] = []
        """Everything asked so far, in order."""
        self._remembered: dict[str, list[Any]] = {}
        self._failed: dict[str, int] = {}
        self._lock = threading.Lock()
        self._http: _Server | None = None

    @property
    def base_url(self) -> str:
        """What to give an OpenAI client as its ``base_url``: ``http://127.0.0.1:PORT/v1``."""
        if self._http is None:
            raise RuntimeError("The model server is not running; call start() or use `with`.")
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def start(self) -> Self:
        """Listen on a free port of loopback; returns the server itself."""
        self._http = _Server(self)
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Close the port and every connection."""
        if self._http is not None:
            self._http.stop()
            self._http = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def answer(self, path: str, body: Mapping[str, Any]) -> _Answer | int:
        """Return the answer to a request body, or the HTTP status of a scripted failure."""
        history = self._history(body)
        prompt = Prompt(str(body.get("model")), history, body.get("tools") or [])
        turn = _turn(self.script, prompt)
        identity = hashlib.sha256(json.dumps([path, body.get("model"), history]).encode())
        key = identity.hexdigest()[:12]
        with self._lock:
            failed = self._failed.get(key, 0)
            if failed < len(turn.failures):
                self._failed[key] = failed + 1
                return turn.failures[failed]
            answer = _Answer(key, prompt, turn)
            self._remembered[f"resp_{key}"] = [*history, *answer.items()]
        return answer

    def _history(self, body: Mapping[str, Any]) -> list[Any]:
        """The whole conversation, also where the request only names an earlier response."""
        asked = body.get("messages", body.get("input", []))
        fresh = [{"role": "user", "content": asked}] if isinstance(asked, str) else list(asked)
        return [*self._remembered.get(str(body.get("previous_response_id")), ()), *fresh]


def _turn(script: Script, prompt: Prompt) -> Turn:
    """What the script says to this prompt; its last turn repeats for ever."""
    if callable(script):
        line = script(prompt)
    else:
        lines = script
        if isinstance(lines, Mapping):
            lines = next(
                (said for key, said in lines.items() if key in prompt.question),
                [f"My script has no turns for {prompt.question!r}."],
            )
        line = lines[min(prompt.turn_index, len(lines) - 1)]
    if isinstance(line, Turn):
        return line
    return Turn([line] if isinstance(line, str | Call) else line)


class _Answer:
    """One turn, in the shapes of both APIs. Its ids are made of the conversation alone."""

    def __init__(self, key: str, prompt: Prompt, turn: Turn) -> None:
        self.key = key
        self.turn = turn
        self.model = f"{prompt.model}-2026-11-01"
        self.text = "".join(part for part in turn.parts if isinstance(part, str))
        calls = [part for part in turn.parts if isinstance(part, Call)]
        self.calls = [(c.id or f"call_{key[:6]}_{i}", c) for i, c in enumerate(calls)]
        self.prompt_tokens = len(json.dumps(list(prompt.messages))) // 4
        self.output_tokens = len(self.text + "".join(c.text for c in calls)) // 4 + 1

    # -- chat completions

    def chat(self) -> dict[str, Any]:
        """The body of a chat completion."""
        message: dict[str, Any] = {
            "role": "assistant",
            "content": self.text or None,
            "refusal": None,
            "annotations": [],
        }
        if self.calls:
            message["tool_calls"] = [
                {"id": i, "type": "function", "function": {"name": c.tool, "arguments": c.text}}
                for i, c in self.calls
            ]
        return self._chat("chat.completion", message=message, finish=self._finish())

    def chat_chunks(self, *, usage: bool) -> Iterator[dict[str, Any]]:
        """The same answer as the chunks of a stream."""
        yield self._chunk({"role": "assistant", "content": None if self.calls else ""})
        for piece in _pieces(self.text):
            yield self._chunk({"content": piece})
        for index, (call_id, call) in enumerate(self.calls):
            head = {"name": call.tool, "arguments": ""}
            yield self._call_chunk(index, {"id": call_id, "type": "function", "function": head})
            for piece in _pieces(call.text):
                yield self._call_chunk(index, {"function": {"arguments": piece}})
        yield self._chunk({}, finish=self._finish())
        if usage:
            yield {**self._chunk({}), "choices": [], "usage": self._chat_usage()}

    def _call_chunk(self, index: int, delta: dict[str, Any]) -> dict[str, Any]:
        return self._chunk({"tool_calls": [{"index": index, **delta}]})

    def _chunk(self, delta: dict[str, Any], *, finish: str | None = None) -> dict[str, Any]:
        return self._chat("chat.completion.chunk", delta=delta, finish=finish)

    def _chat(self, kind: str, *, finish: str | None, **said: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": f"chatcmpl-{self.key}",
            "object": kind,
            "created": CREATED_AT,
            "model": self.model,
            "choices": [{"index": 0, "logprobs": None, "finish_reason": finish, **said}],
        }
        return body if kind.endswith("chunk") else {**body, "usage": self._chat_usage()}

    def _finish(self) -> str:
        return self.turn.finish_reason or ("tool_calls" if self.calls else "stop")

    def _chat_usage(self) -> dict[str, Any]:
        asked, said = self.prompt_tokens, self.output_tokens
        return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}

    # -- responses

    def items(self) -> list[dict[str, Any]]:
        """The output items of a response: a message, then its function calls."""
        items: list[dict[str, Any]] = []
        if self.text or not self.calls:
            part = {"type": "output_text", "text": self.text, "annotations": [], "logprobs": []}
            items.append({"type": "message", "id": f"msg_{self.key}", "role": "assistant"})
            items[0] |= {"status": "completed", "content": [part]}
        for index, (call_id, call) in enumerate(self.calls):
            item = {"type": "function_call", "id": f"fc_{self.key}_{index}", "call_id": call_id}
            items.append({**item, "name": call.tool, "arguments": call.text, "status": "completed"})
        return items

    def response(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a response."""
        cut = self.turn.finish_reason == "length"
        return {
            "id": f"resp_{self.key}",
            "object": "response",
            "created_at": CREATED_AT,
            "status": "incomplete" if cut else "completed",
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "instructions": asked.get("instructions"),
            "metadata": {},
            "model": self.model,
            "output": self.items(),
            "parallel_tool_calls": asked.get("parallel_tool_calls", True),
            "previous_response_id": asked.get("previous_response_id"),
            "temperature": 1.0,
            "tool_choice": asked.get("tool_choice", "auto"),
            "tools": asked.get("tools") or [],
            "top_p": 1.0,
            "usage": {
                "input_tokens": self.prompt_tokens,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": self.output_tokens,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": self.prompt_tokens + self.output_tokens,
            },
        }

    def response_events(self, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The same answer as the events of a stream."""
        for number, event in enumerate(self._response_events(asked)):
            yield {**event, "sequence_number": number}

    def _response_events(self, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        whole = self.response(asked)
        begun = {**whole, "status": "in_progress", "output": [], "usage": None}
        yield {"type": "response.created", "response": begun}
        yield {"type": "response.in_progress", "response": begun}
        for index, item in enumerate(self.items()):
            at = {"output_index": index, "item_id": item["id"]}
            empty: dict[str, Any] = {"arguments": ""} if "arguments" in item else {"content": []}
            added = {**item, **empty, "status": "in_progress"}
            yield {"type": "response.output_item.added", "output_index": index, "item": added}
            yield from _call_events(item, at) if "arguments" in item else _text_events(item, at)
            yield {"type": "response.output_item.done", "output_index": index, "item": item}
        yield {"type": f"response.{whole['status']}", "response": whole}


def _call_events(item: dict[str, Any], at: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for piece in _pieces(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", **at, "delta": piece}
    said = {"arguments": item["arguments"], "name": item["name"]}
    yield {"type": "response.function_call_arguments.done", **at, **said}


def _text_events(item: dict[str, Any], at: dict[str, Any]) -> Iterator[dict[str, Any]]:
    part = item["content"][0]
    at = {**at, "content_index": 0}
    yield {"type": "response.content_part.added", **at, "part": {**part, "text": ""}}
    for piece in _pieces(part["text"]):
        yield {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **at, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **at, "part": part}


def _pieces(text: str, size: int = 7) -> Iterator[str]:
    """``text`` in pieces as a model would stream it."""
    for start in range(0, len(text), size):
        yield text[start : start + size]


class _Server(ThreadingHTTPServer):
    """The HTTP side: one thread per connection; closes them all when it stops."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, model: ModelServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model = model
        self._connections: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is the client's business."""

    def stop(self) -> None:
        self.shutdown()
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already closed by its client
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One request: read its body, ask the script, write the answer whole or in chunks."""

    server: _Server
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: with Nagle's algorithm every keep-alive call costs 40 ms.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: stdout and stderr belong to whoever runs the server."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
        model = self.server.model
        chat = self.path.endswith("/chat/completions")
        known = chat or self.path.endswith("/responses")
        answer = model.answer(self.path, body) if known else 404
        status = answer if isinstance(answer, int) else 200
        model.exchanges.append(Exchange(self.path, dict(self.headers), body, status))
        if isinstance(answer, int):
            self._write_json(status, _error_body(status))
        elif body.get("stream"):
            usage = bool((body.get("stream_options") or {}).get("include_usage"))
            events = answer.chat_chunks(usage=usage) if chat else answer.response_events(body)
            self._write_stream(events, done=chat, hang_up_after=answer.turn.hang_up_after)
        else:
            self._write_json(200, answer.chat() if chat else answer.response(body))

    def _write_json(self, status: int, body: dict[str, Any]) -> None:
        payload = json.dumps(body).encode()
        self._write_head(status, "application/json")
        if status >= 429:
            self.send_header("retry-after-ms", "1")  # nobody should wait for a script
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _write_stream(
        self, events: Iterator[dict[str, Any]], *, done: bool, hang_up_after: int | None
    ) -> None:
        self._write_head(200, "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for index, event in enumerate(events):
            if index == hang_up_after:
                self.close_connection = True
                return
            name = f"event: {event['type']}\n" if "type" in event else ""
            self._write_chunk(index, f"{name}data: {json.dumps(event)}\n\n")
        if done:
            self._write_chunk(-1, "data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _write_chunk(self, index: int, text: str) -> None:
        if self.server.model.before_chunk is not None:
            self.server.model.before_chunk(index)
        chunk = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    def _write_head(self, status: int, content_type: str) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("x-request-id", f"req_{len(self.server.model.exchanges):04d}")


def _error_body(status: int) -> dict[str, Any]:
    kind = {404: "not_found", 429: "rate_limit_error"}.get(status, "server_error")
    return {"error": {"message": f"scripted {status}", "type": kind, "param": None, "code": kind}}
