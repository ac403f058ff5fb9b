"""One call seen on several planes is one call; a trace held across a yield holds nobody up."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import httpx2
import pytest
import requests
from openai import AsyncOpenAI, OpenAI

from replay import Recorder
from replay.demo.model_server import Call, ModelServer
from replay.records import ModelCall, Outcome, ToolCall
from tests.recorder.agents import CHAT_TOOLS, chat_agent

SCRIPT = [Call("get_weather", {"city": "Paris"}), "18 °C in Paris."]


@pytest.fixture
def watched(recorder: Recorder) -> Iterator[Recorder]:
    """The recorder, over every client of this process."""
    import urllib3.connectionpool as pool

    places: list[tuple[Any, str]] = [
        *((kind, "send") for m in (httpx, httpx2) for kind in (m.Client, m.AsyncClient)),
        (pool.HTTPConnectionPool, "urlopen"),
    ]
    before = [getattr(kind, name) for kind, name in places]
    for module in (httpx, httpx2, pool):
        recorder.watch_module(module)
    yield recorder
    for (kind, name), method in zip(places, before, strict=True):
        setattr(kind, name, method)


class _Proxy(BaseHTTPRequestHandler):
    """A gateway in this very process, on another client."""

    upstream = ""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        headers = {"content-type": "application/json"}
        answer = requests.post(f"{self.upstream}{self.path[3:]}", data=raw, headers=headers)
        self.send_response(answer.status_code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)


def test_a_call_that_passes_a_proxy_of_this_process_is_told_to_be_one(
    watched: Recorder, model: Callable[..., ModelServer]
) -> None:
    handler = type("Proxy", (_Proxy,), {"upstream": model(SCRIPT).base_url})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    tools = {"get_weather": watched.tool(lambda city: 18, name="get_weather")}
    url = f"http://127.0.0.1:{server.server_port}/v1"

    with watched.trace() as trace, OpenAI(base_url=url, api_key="none") as client:
        chat_agent(client, "Hi", tools)
    server.shutdown()
    server.server_close()

    watched.store.flush()
    first, call, last = watched.store.transcript(trace.id).steps
    assert isinstance(call, ToolCall)
    assert (call.outcome, call.result, call.response) == (Outcome.OK, 18, "18")
    others = [
        step
        for trace_id in watched.store.trace_ids()
        if trace_id != trace.id
        for step in watched.store.transcript(trace_id).steps
    ]
    behind = [step.attributes["same_as"] for step in others if isinstance(step, ModelCall)]
    assert sorted(behind) == sorted([first.id, last.id])  # type: ignore[type-var]
    assert [s.attributes["same_as"] for s in others if isinstance(s, ToolCall)] == [call.id]


def test_a_transport_of_ones_own_on_urllib3_is_seen_once(
    watched: Recorder, model: Callable[..., ModelServer]
) -> None:
    server = model(SCRIPT)

    class Transport(httpx2.BaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            kind = {"content-type": "application/json"}
            answer = requests.post(str(request.url), data=request.content, headers=kind)
            return httpx2.Response(answer.status_code, headers=kind, content=answer.content)

    http = httpx2.Client(transport=Transport())
    with OpenAI(base_url=server.base_url, api_key="none", http_client=http) as client:
        client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": "Hi"}], tools=CHAT_TOOLS
        )

    watched.store.flush()
    (trace_id,) = watched.store.trace_ids()
    assert len(watched.store.transcript(trace_id).steps) == 2


def test_a_trace_held_across_a_yield_may_end_in_another_task(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    server = model(["Hello."])

    async def ask(client: AsyncOpenAI) -> None:
        messages: Any = [{"role": "user", "content": "Hi"}]
        await client.chat.completions.create(model="gpt-5", messages=messages)

    async def main() -> None:
        async with AsyncOpenAI(base_url=server.base_url, api_key="none") as client:
            recorder.wrap(client)

            async def answers() -> Any:
                with recorder.trace(labels={"held": "yes"}):
                    await ask(client)
                    yield 1
                    yield 2

            stream = answers()
            await anext(stream)
            await asyncio.create_task(stream.aclose())  # type: ignore[arg-type]
            await ask(client)

    asyncio.run(main())

    recorder.store.flush()
    found = [recorder.store.transcript(trace_id) for trace_id in recorder.store.trace_ids()]
    assert [len(t.steps) for t in found] == [1, 1]
    (held,) = (t for t in found if t.trace.labels)
    assert held.trace.ended_at is not None


def test_the_words_of_a_stream_s_end_in_an_answer_are_no_end(
    recorder: Recorder,
) -> None:
    said = "It ends with data: [DONE]"
    pieces = [
        {"delta": {"role": "assistant", "content": said}},
        {"delta": {"content": ", always."}, "finish_reason": "stop"},
    ]
    chunks = [f"data: {json.dumps({'choices': [{'index': 0, **p}]})}\n\n" for p in pieces]

    class Stream(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield from (chunk.encode() for chunk in [*chunks, "data: [DONE]\n\n"])

    def answer(request: httpx2.Request) -> httpx2.Response:
        kind = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=kind, stream=Stream())

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    with OpenAI(base_url="http://model/v1", api_key="none", http_client=http) as client:
        recorder.wrap(client)
        messages: Any = [{"role": "user", "content": "Hi"}]
        list(client.chat.completions.create(model="gpt-5", messages=messages, stream=True))

    recorder.store.flush()
    (trace_id,) = recorder.store.trace_ids()
    (call,) = recorder.store.transcript(trace_id).steps
    assert isinstance(call, ModelCall)
    assert call.output["content"] == f"{said}, always."  # type: ignore[index,call-overload]
