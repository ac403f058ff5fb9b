"""Through a proxy: recorded by the address that was asked, replayed without server and proxy."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

from cassettes import Cassette, Interaction, freeze, side_effects
from tests.cassettes.proxies import Proxy
from tests.cassettes.test_more_clients import Running, certificate, secure

__all__ = ["certificate", "secure"]  # fixtures


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    running = Proxy()
    yield running
    running.stop()


def _urllib(url: str, proxy: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
    with opener.open(url, timeout=30) as answer:
        body: bytes = answer.read()
        return body


def _tunnel(url: str, proxy: str) -> bytes:
    through, to = urlsplit(proxy), urlsplit(url)
    conn = http.client.HTTPConnection(through.hostname or "", through.port, timeout=30)
    conn.set_tunnel(to.hostname or "", to.port)
    try:
        conn.request("GET", to.path, headers={"Connection": "close"})
        return conn.getresponse().read()
    finally:
        conn.close()


def _urllib3(url: str, proxy: str) -> bytes:
    with urllib3.ProxyManager(proxy, timeout=30) as pool:
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
    "requests": lambda url, proxy: requests.get(url, proxies={"http": proxy}, timeout=30).content,
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
    client: str, server, proxy: Proxy
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


def _secure_asks(url: str, proxy: str, file: str) -> dict[str, Callable[[], bytes]]:
    context = ssl.create_default_context(cafile=file)

    def opened() -> bytes:
        handlers = (
            urllib.request.ProxyHandler({"https": proxy}),
            urllib.request.HTTPSHandler(context=context),
        )
        with urllib.request.build_opener(*handlers).open(url, timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def pooled() -> bytes:
        with urllib3.ProxyManager(proxy, ca_certs=file, timeout=30) as pool:
            return pool.request("GET", url).data

    def with_httpx(module: Any) -> bytes:
        with module.Client(proxy=proxy, verify=context, timeout=30) as client:
            content: bytes = client.get(url).content
            return content

    async def with_httpx_async() -> bytes:
        async with httpx.AsyncClient(proxy=proxy, verify=context, timeout=30) as client:
            return (await client.get(url)).content

    async def with_aiohttp() -> bytes:
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, proxy=proxy, ssl=context) as answer,
        ):
            return await answer.read()

    return {
        "requests": lambda: requests.get(url, proxies={"https": proxy}, verify=file).content,
        "urllib3": pooled,
        "urllib.request": opened,
        "httpx": lambda: with_httpx(httpx),
        "httpx2": lambda: with_httpx(httpx2),
        "httpx async": lambda: asyncio.run(with_httpx_async()),
        "aiohttp": lambda: asyncio.run(with_aiohttp()),
    }


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    "client",
    ["requests", "urllib3", "urllib.request", "httpx", "httpx2", "httpx async", "aiohttp"],
)
def test_a_tunnel_to_https_is_not_opened_in_a_replay(
    client: str, secure: Running, certificate: Path, proxy: Proxy
):
    url = f"{secure.url}/plain"
    ask = _secure_asks(url, proxy.url, f"{certificate}.crt")[client]
    bare = ask()
    recording = Cassette("t")
    with freeze(recording):
        recorded = ask()
    secure.stop()
    proxy.stop()
    replay = Cassette("t", "replay", recording.interactions)
    with freeze(replay):
        replayed = ask()

    assert bare == recorded == replayed
    assert proxy.count >= 2
    assert [one.request.line for one in recording.interactions] == [f"GET {url}"]
    assert side_effects(replay).changes == []
