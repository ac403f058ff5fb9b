"""tornado's client in a crowd, both rare clients where nothing may go out, and HTTP/2."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from typing import Any

import httpx
import httpx2
import pytest

from cassettes import Cassette, EgressBlocked, freeze, outside


def test_tornado_keeps_each_request_to_the_call_that_made_it(server):
    """The client has one place: every request but the first is started by another's end."""
    tornado = pytest.importorskip("tornado.httpclient", reason="tornado is not installed")
    cassettes = {f"call{number}": Cassette(f"call{number}") for number in range(20)}

    async def run(make) -> dict[str, list[str]]:
        client = tornado.AsyncHTTPClient(force_instance=True, max_clients=1)

        async def call(name: str) -> list[str]:
            with freeze(make(name)):
                answers = [
                    await client.fetch(f"{server.url}/echo/{name}"),
                    await client.fetch(f"{server.url}/moved/302?for={name}"),
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

    assert recorded == replayed == {name: [name, "moved"] for name in cassettes}
    assert kept == {name: [name, f"302?for={name}", "moved"] for name in cassettes}
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

    def request() -> None:
        with contextlib.closing(module.Http()) as client:
            client.request(server.url)

    with pytest.raises(EgressBlocked):
        asyncio.run(fetch()) if name == "tornado" else request()

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
