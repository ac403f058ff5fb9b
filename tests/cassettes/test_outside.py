"""A closed process lets nothing out, says what was tried, and opens where it is told."""

from __future__ import annotations

import asyncio
import gc
import http.client
import socket
import urllib.request
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

import cassettes
from cassettes import Cassette, EgressBlocked, external, freeze, outside, side_effects


async def _async_httpx(url):
    async with httpx.AsyncClient() as client:
        return await client.get(url)


async def _aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.read()


def _udp(url):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", ("127.0.0.1", urlsplit(url).port or 0))


def _below_socket(url):
    import _socket

    sock = _socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.connect(("127.0.0.1", urlsplit(url).port))
    finally:
        sock.close()


def _http_client(url):
    conn = http.client.HTTPConnection(urlsplit(url).netloc)
    try:
        conn.request("GET", "/")
    finally:
        conn.close()


def _http_status(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.status


async def _asyncio_streams(url):
    await asyncio.open_connection("127.0.0.1", urlsplit(url).port)


# What the standard library opened before it was stopped, it leaves to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

_ATTEMPTS = {
    "requests": requests.get,
    "urllib3": lambda url: urllib3.request("GET", url, retries=False),
    "urllib": urllib.request.urlopen,
    "http.client": _http_client,
    "httpx": httpx.get,
    "httpx2": httpx2.get,
    "httpx async": lambda url: asyncio.run(_async_httpx(url)),
    "aiohttp": lambda url: asyncio.run(_aiohttp(url)),
    "socket": lambda url: socket.create_connection(("127.0.0.1", urlsplit(url).port)),
    "_socket": _below_socket,
    "asyncio": lambda url: asyncio.run(_asyncio_streams(url)),
    "udp": _udp,
}


@pytest.fixture(autouse=True)
def _leftovers_are_collected_here():
    yield
    gc.collect()


@pytest.mark.parametrize("way", _ATTEMPTS)
def test_nothing_leaves_a_closed_process(way, server):
    outside("block")

    with pytest.raises(EgressBlocked) as caught:
        _ATTEMPTS[way](server.url)

    assert f"127.0.0.1:{urlsplit(server.url).port}" in str(caught.value)
    assert server.hits == 0


def test_the_error_names_the_address_and_the_way_to_allow_it(server):
    outside("block")
    port = urlsplit(server.url).port
    with pytest.raises(EgressBlocked) as caught:
        httpx.get(f"{server.url}/echo/a")
    outside("block", allow=[f"127.0.0.1:{port}"])
    allowed = [
        httpx.get(f"{server.url}/echo/a").status_code,
        requests.get(f"{server.url}/echo/a", timeout=30).status_code,
    ]
    outside("pass")

    assert str(caught.value) == (
        f"GET {server.url}/echo/a was stopped: this process may not connect to 127.0.0.1:{port}.\n"
        "Nothing was sent. Replays answer from cassettes alone; to let this one address through, "
        f'call cassettes.outside("block", allow=["127.0.0.1:{port}"]); for `replay run` it is '
        f"`--allow 127.0.0.1:{port}`."
    )
    assert allowed == [200, 200]
    assert httpx.get(f"{server.url}/echo/a").status_code == 200


def test_a_name_is_not_even_looked_up():
    outside("block")

    with pytest.raises(EgressBlocked, match=r"secrets-in-a-name\.example\.com"):
        socket.getaddrinfo("secrets-in-a-name.example.com", 443)


def test_an_allowed_name_may_be_looked_up_and_connected_to(server):
    port = urlsplit(server.url).port
    outside("block", allow=["localhost"])

    with socket.create_connection(("localhost", port), timeout=30) as sock:
        assert sock.getpeername()[1] == port


def test_unix_sockets_are_closed_too(tmp_path):
    outside("block")

    with socket.socket(socket.AF_UNIX) as sock, pytest.raises(EgressBlocked, match="unix:/"):
        sock.connect(str(tmp_path / "postgres"))


def test_inside_a_replay_a_raw_socket_is_blocked_and_kept_as_a_result(server):
    replay = Cassette("t", "replay")

    with freeze(replay), pytest.raises(EgressBlocked):
        socket.create_connection(("127.0.0.1", urlsplit(server.url).port))

    assert [one.change for one in side_effects(replay).changes] == ["unanswered"]
    assert replay.misses[0].line == f"CONNECT socket://{urlsplit(server.url).netloc}"


def test_inside_a_replay_an_allowed_address_is_asked_for_real_and_reported(server):
    outside("block", allow=[urlsplit(server.url).netloc])
    replay = Cassette("t", "replay")

    with freeze(replay):
        statuses = [
            httpx.get(f"{server.url}/echo/a").status_code,
            requests.get(f"{server.url}/echo/b", timeout=30).status_code,
            _http_status(f"{server.url}/echo/c"),
        ]

    assert statuses == [200, 200, 200]
    assert server.hits == 3
    assert [(one.change, one.request) for one in side_effects(replay).changes] == [
        ("added", f"GET {server.url}/echo/{name}") for name in "abc"
    ]


def test_externals_do_not_run_in_a_closed_process():
    ran = []

    @external(effect="write")
    def charge(amount):
        ran.append(amount)

    outside("block")

    with pytest.raises(EgressBlocked, match="charge"):
        charge(5)
    assert ran == []


def test_outside_a_cassette_an_open_process_records_nothing_and_passes(server):
    recording = Cassette("t")
    with freeze(recording):
        pass

    assert httpx.get(f"{server.url}/echo/a").json()["id"] == "a"
    assert recording.interactions == []


def test_installing_twice_changes_nothing(server):
    cassettes.install()
    cassettes.install()
    recording = Cassette("t")
    with freeze(recording):
        httpx.get(f"{server.url}/echo/a")

    assert len(recording.interactions) == 1
