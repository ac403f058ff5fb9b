"""tornado's client in a crowd, HTTP/2, and proxies."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

from cassettes import Cassette, EgressBlocked, Interaction, freeze, outside, side_effects


def test_tornado_keeps_each_request_to_the_call_that_made_it(server):
    """The client has one place: every request but the first is started by another's end."""
    tornado = pytest.importorskip("tornado.httpclient", reason="tornado is not installed")
    cassettes = {f"call{number}": Cassette(f"call{number}") for number in range(20)}

    async def run(make) -> dict[str, list[str]]:
        client = tornado.AsyncHTTPClient(force_instance=True, max_clients=1)

        async def call(name: str) -> list[str]:
            with freeze(make(name)):
                answers = [
                    await client.fetch(f"{server.url}/echo/{name}-{turn}") for turn in range(2)
                ]
            return [json.loads(answer.body)["id"] for answer in answers]

        found = await asyncio.gather(*(call(name) for name in cassettes))
        client.close()
        return dict(zip(cassettes, found, strict=True))

    recorded = asyncio.run(run(cassettes.__getitem__))
    kept = {
        name: [one.request.uri.rpartition("/")[2] for one in cassette.interactions]
        for name, cassette in cassettes.items()
    }
    server.stop()
    replays = {
        name: Cassette(name, "replay", cassette.interactions)
        for name, cassette in cassettes.items()
    }
    replayed = asyncio.run(run(replays.__getitem__))

    assert recorded == kept == {name: [f"{name}-0", f"{name}-1"] for name in cassettes}
    assert replayed == recorded
    assert [name for name, one in replays.items() if one.misses or one.unused] == []


@pytest.mark.parametrize("name", ["httplib2", "tornado"])
def test_outside_any_cassette_a_process_that_blocks_blocks_these_too(name, server):
    module = pytest.importorskip(
        {"httplib2": "httplib2", "tornado": "tornado.httpclient"}[name],
        reason=f"{name} is not installed",
    )
    hits = server.hits
    outside("block")

    async def fetch() -> None:
        client = module.AsyncHTTPClient(force_instance=True)
        with contextlib.closing(client):
            await client.fetch(server.url)

    with pytest.raises(EgressBlocked):
        if name == "tornado":
            asyncio.run(fetch())
        else:
            with contextlib.closing(module.Http()) as client:
                client.request(server.url)

    assert server.hits == hits


class _Http2Server:
    """Answers every request on one HTTP/2 connection without TLS."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        from h2.config import H2Configuration
        from h2.connection import H2Connection
        from h2.events import RequestReceived

        talk = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        talk.initiate_connection()
        connection.sendall(talk.data_to_send())
        while received := connection.recv(65536):
            for event in talk.receive_data(received):
                if isinstance(event, RequestReceived):
                    headers = [(":status", "200"), ("content-type", "text/plain")]
                    talk.send_headers(event.stream_id, headers)
                    talk.send_data(event.stream_id, b"over two", end_stream=True)
            connection.sendall(talk.data_to_send())

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.mark.parametrize("module", [httpx, httpx2], ids=lambda module: module.__name__)
@pytest.mark.parametrize("style", ["sync", "async"])
def test_http_2_is_played_as_http_2(module: Any, style: str):
    pytest.importorskip("h2", reason="h2 is not installed")
    server = _Http2Server()

    def sync() -> Any:
        with module.Client(http1=False, http2=True) as client:
            return _shown(client.get(server.url))

    async def asynchronous() -> Any:
        async with module.AsyncClient(http1=False, http2=True) as client:
            return _shown(await client.get(server.url))

    def ask() -> Any:
        return sync() if style == "sync" else asyncio.run(asynchronous())

    bare = ask()
    recording = Cassette("t")
    with freeze(recording):
        recorded = ask()
    server.stop()
    with freeze(Cassette("t", "replay", recording.interactions)):
        replayed = ask()

    assert bare == recorded == replayed
    assert bare[:3] == (200, b"over two", "HTTP/2")


def _shown(answer: Any) -> Any:
    return answer.status_code, answer.content, answer.http_version, answer.headers.multi_items()


class _Proxy:
    """Forwards requests that name a whole address, and tunnels; counts both."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.count = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        self.count += 1
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65536)
            method, target, rest = head.split(b" ", 2)
            parts = urlsplit(target.decode() if b"://" in target else f"//{target.decode()}")
            with socket.create_connection((parts.hostname, parts.port), 5) as server:
                if method == b"CONNECT":
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                else:
                    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                    server.sendall(b" ".join([method, path.encode(), rest]))
                back = threading.Thread(target=_pipe, args=(server, client), daemon=True)
                back.start()
                _pipe(client, server)
                back.join(5)

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


def _pipe(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy() -> Iterator[_Proxy]:
    running = _Proxy()
    yield running
    with contextlib.suppress(OSError):
        running.stop()


def _urllib(url: str, proxy: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
    with opener.open(url, timeout=5) as answer:
        body: bytes = answer.read()
        return body


def _tunnel(url: str, proxy: str) -> bytes:
    through, to = urlsplit(proxy), urlsplit(url)
    conn = http.client.HTTPConnection(through.hostname or "", through.port, timeout=5)
    conn.set_tunnel(to.hostname or "", to.port)
    try:
        conn.request("GET", to.path, headers={"Connection": "close"})
        return conn.getresponse().read()
    finally:
        conn.close()


def _urllib3(url: str, proxy: str) -> bytes:
    with urllib3.ProxyManager(proxy, timeout=5) as pool:
        return pool.request("GET", url).data


async def _aiohttp(url: str, proxy: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url, proxy=proxy) as answer:
        return await answer.read()


def _httpx(module: Any) -> Callable[[str, str], bytes]:
    def ask(url: str, proxy: str) -> bytes:
        with module.Client(proxy=proxy, timeout=5, verify=False) as client:
            content: bytes = client.get(url).content
            return content

    return ask


def _httpx_async(module: Any) -> Callable[[str, str], bytes]:
    async def ask(url: str, proxy: str) -> bytes:
        async with module.AsyncClient(proxy=proxy, timeout=5, verify=False) as client:
            content: bytes = (await client.get(url)).content
            return content

    return lambda url, proxy: asyncio.run(ask(url, proxy))


_PROXIED: dict[str, Callable[[str, str], bytes]] = {
    "requests": lambda url, proxy: requests.get(url, proxies={"http": proxy}, timeout=5).content,
    "urllib3": _urllib3,
    "urllib.request": _urllib,
    "http.client, tunnel": _tunnel,
    "httpx": _httpx(httpx),
    "httpx async": _httpx_async(httpx),
    "httpx2": _httpx(httpx2),
    "httpx2 async": _httpx_async(httpx2),
    "aiohttp": lambda url, proxy: asyncio.run(_aiohttp(url, proxy)),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("client", _PROXIED)
def test_what_went_through_a_proxy_is_kept_by_its_own_address_and_replays_without_either(
    client: str, server, proxy: _Proxy
):
    url = f"{server.url}/echo/proxied"

    def ask() -> Any:
        return json.loads(_PROXIED[client](url, proxy.url))["id"]

    bare = ask()
    recording = Cassette("t")
    with freeze(recording):
        recorded = ask()
    through = proxy.count
    server.stop()
    proxy.stop()
    kept = [Interaction.from_json(one.to_json()) for one in recording.interactions]
    replay = Cassette("t", "replay", kept)
    with freeze(replay):
        replayed = ask()

    assert through >= 2
    assert bare == recorded == replayed == "proxied"
    assert [one.request.uri for one in kept] == [url]
    assert side_effects(replay).changes == []
