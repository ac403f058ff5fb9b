"""While recording, the application gets each byte when it would have got it anyway."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import pytest
import requests

from cassettes import Cassette, CassetteMiss, freeze, side_effects

_FIRST = b'data: {"number": 0}\n\n'


def _requests(url: str, act: Callable[[bytes], None]) -> bytes:
    with requests.get(url, stream=True, timeout=10) as answer:
        chunks = answer.iter_content(chunk_size=len(_FIRST))
        act(first := next(chunks))
        return first + b"".join(chunks)


def _http_client(url: str, act: Callable[[bytes], None]) -> bytes:
    parts = urlsplit(url)
    conn = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    conn.request("GET", f"{parts.path}?{parts.query}")
    with conn.getresponse() as answer:
        act(first := answer.read(len(_FIRST)))
        rest = answer.read()
    conn.close()
    return first + rest


def _httpx(module: Any) -> Callable[..., bytes]:
    def ask(url: str, act: Callable[[bytes], None]) -> bytes:
        with module.stream("GET", url, timeout=10, verify=False) as answer:
            chunks = answer.iter_bytes(len(_FIRST))
            act(first := next(chunks))
            return first + b"".join(chunks)

    return ask


def _httpx_async(module: Any) -> Callable[..., bytes]:
    async def ask(url: str, act: Callable[[bytes], None]) -> bytes:
        async with (
            module.AsyncClient(timeout=10, verify=False) as client,
            client.stream("GET", url) as answer,
        ):
            chunks = answer.aiter_bytes(len(_FIRST))
            act(first := await anext(chunks))
            return first + b"".join([chunk async for chunk in chunks])

    return lambda url, act: asyncio.run(ask(url, act))


def _aiohttp(url: str, act: Callable[[bytes], None]) -> bytes:
    async def ask() -> bytes:
        async with aiohttp.ClientSession() as client, client.get(url) as answer:
            act(first := await answer.content.readexactly(len(_FIRST)))
            return first + await answer.content.read()

    return asyncio.run(ask())


_STREAMS: dict[str, Callable[..., bytes]] = {
    "requests": _requests,
    "http.client": _http_client,
    "httpx": _httpx(httpx),
    "httpx2": _httpx(httpx2),
    "httpx async": _httpx_async(httpx),
    "httpx2 async": _httpx_async(httpx2),
    "aiohttp": _aiohttp,
}


@pytest.mark.parametrize("client", _STREAMS)
def test_the_first_event_arrives_before_the_server_sends_the_second(client, server):
    held = []

    def after_first(chunk: bytes) -> None:
        held.append((chunk, server.gate.is_set()))
        server.gate.set()

    recording = Cassette("stream")
    with freeze(recording):
        recorded = _STREAMS[client](f"{server.url}/chunked/3?step=1", after_first)
    server.stop()
    with freeze(Cassette("stream", "replay", recording.interactions)):
        replayed = _STREAMS[client](f"{server.url}/chunked/3?step=1", lambda chunk: None)

    assert held == [(_FIRST, False)]
    assert recorded == replayed
    assert recorded.count(b"data:") == 3


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("client", _STREAMS)
def test_a_response_closed_early_is_kept_as_far_as_it_was_read(client, server):
    def leave(chunk: bytes) -> None:
        raise KeyError("enough")

    recording = Cassette("stream")
    with freeze(recording), pytest.raises(KeyError):
        _STREAMS[client](f"{server.url}/chunked/3?step=1", leave)
    server.stop()
    seen = []

    def look(chunk: bytes) -> None:
        seen.append(chunk)
        raise KeyError("enough")

    with (
        freeze(Cassette("stream", "replay", recording.interactions)),
        pytest.raises(KeyError),
    ):
        _STREAMS[client](f"{server.url}/chunked/3?step=1", look)

    (only,) = recording.interactions
    assert only.response is not None
    assert only.response.closed_early
    assert only.failure is None
    assert only.response.body.startswith(_FIRST)
    assert seen == [_FIRST]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("client", ["requests", "http.client", "httpx", "httpx2"])
def test_reading_on_where_the_recording_stopped_is_a_miss_and_not_a_short_body(client, server):
    def leave(chunk: bytes) -> None:
        raise KeyError("enough")

    recording = Cassette("stream")
    with freeze(recording), pytest.raises(KeyError):
        _STREAMS[client](f"{server.url}/chunked/3?step=1", leave)
    server.stop()
    replay = Cassette("stream", "replay", recording.interactions)
    with freeze(replay), pytest.raises(CassetteMiss, match="closed before its end"):
        _STREAMS[client](f"{server.url}/chunked/3?step=1", lambda chunk: None)

    (only,) = side_effects(replay).changes
    assert (only.change, only.field) == ("unanswered", None)
    assert "it is read further now" in (only.nearest or "")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("client", ["httpx async", "httpx2 async", "aiohttp"])
def test_a_body_that_is_given_up_under_asyncio_is_given_up_in_the_replay(client, server):
    """The server never sends the second event; the application has a timeout of its own."""
    url = f"{server.url}/chunked/3?step=1"

    async def ask() -> str:
        async def read() -> None:
            if client == "aiohttp":
                async with aiohttp.ClientSession() as session, session.get(url) as answer:
                    await answer.read()
            else:
                module = httpx if client == "httpx async" else httpx2
                async with module.AsyncClient(verify=False) as session:
                    await session.get(url)

        try:
            await asyncio.wait_for(read(), 0.1)
        except TimeoutError:
            return "given up"
        return "answered"

    recording = Cassette("stream")
    with freeze(recording):
        recorded = asyncio.run(ask())
    server.stop()
    replay = Cassette("stream", "replay", recording.interactions)
    with freeze(replay):
        replayed = asyncio.run(ask())

    assert recorded == replayed == "given up"
    assert side_effects(replay).changes == []


async def _tornado(url: str, act: Callable[[bytes], None]) -> bytes:
    client_module = pytest.importorskip("tornado.httpclient", reason="tornado is not installed")
    chunks: list[bytes] = []

    def take(chunk: bytes) -> None:
        if not chunks:
            act(chunk)
        chunks.append(chunk)

    client = client_module.AsyncHTTPClient(force_instance=True)
    try:
        await client.fetch(url, streaming_callback=take)
    finally:
        client.close()
    return b"".join(chunks)


def test_tornado_gets_the_first_event_before_the_second_is_sent(server):
    held = []

    def after_first(chunk: bytes) -> None:
        held.append((chunk, server.gate.is_set()))
        server.gate.set()

    recording = Cassette("stream")
    with freeze(recording):
        recorded = asyncio.run(_tornado(f"{server.url}/chunked/3?step=1", after_first))
    server.stop()
    with freeze(Cassette("stream", "replay", recording.interactions)):
        replayed = asyncio.run(_tornado(f"{server.url}/chunked/3?step=1", lambda chunk: None))

    assert held == [(_FIRST, False)]
    assert recorded == replayed
