"""An appending cassette answers what it has, lets the rest go out, and keeps that too."""

from __future__ import annotations

import asyncio
import json
import urllib.request

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

from cassettes import Cassette, CassetteMiss, WriteRefused, external, freeze, side_effects


def _by_requests(url):
    return requests.get(url, timeout=30).json()


def _by_urllib3(url):
    return urllib3.PoolManager(retries=False).request("GET", url).json()


def _by_urllib(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def _by_httpx(url):
    return httpx.get(url).json()


def _by_httpx2_async(url):
    async def ask():
        async with httpx2.AsyncClient() as client:
            return (await client.get(url)).json()

    return asyncio.run(ask())


def _by_aiohttp(url):
    async def ask():
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.json()

    return asyncio.run(ask())


CLIENTS = [_by_requests, _by_urllib3, _by_urllib, _by_httpx, _by_httpx2_async, _by_aiohttp]


def _shown(answer):
    """An answer without the cookies that some of the clients keep."""
    return answer["id"]


@pytest.mark.parametrize("ask", CLIENTS)
def test_what_is_recorded_is_answered_and_what_is_missing_goes_out_once(ask, server):
    recording = Cassette("t")
    with freeze(recording):
        ask(f"{server.url}/echo/a")
        ask(f"{server.url}/echo/c")
    hits = server.hits
    appended = Cassette("t", "append", recording.interactions)
    with freeze(appended):
        seen = [_shown(ask(f"{server.url}/echo/{name}")) for name in "abc"]
    server_hits = server.hits - hits
    server.stop()
    replay = Cassette("t", "replay", appended.with_added)
    with freeze(replay):
        again = [_shown(ask(f"{server.url}/echo/{name}")) for name in "abc"]

    assert server_hits == 1
    assert seen == again == ["a", "b", "c"]
    assert [one.request.uri[-1] for one in replay.interactions] == ["a", "b", "c"]
    assert [one.sequence for one in replay.interactions] == [0, 1, 2]
    first, added, _ = replay.interactions
    assert added.offset_ms == round(first.ended_ms, 3)
    assert side_effects(replay).changes == []


def test_a_body_that_is_missing_is_sent_as_it_was_given(server):
    appended = Cassette("t", "append")
    with freeze(appended):
        seen = [
            requests.post(f"{server.url}/echo/a", json={"n": 1}, timeout=30).json()["body"],
            httpx.post(f"{server.url}/echo/b", json={"n": 2}).json()["body"],
        ]

    assert [json.loads(body)["n"] for body in seen] == [1, 2]
    assert [one.request.body for one in appended.with_added] == [b'{"n": 1}', b'{"n":2}']


def test_what_is_not_asked_any_more_keeps_its_place(server):
    recording = Cassette("t")
    with freeze(recording):
        for name in "abc":
            httpx.get(f"{server.url}/echo/{name}")
    appended = Cassette("t", "append", recording.interactions)
    with freeze(appended):
        for name in "axc":
            httpx.get(f"{server.url}/echo/{name}")

    assert [one.request.uri[-1] for one in appended.with_added] == ["a", "b", "x", "c"]
    assert [one.request.uri[-1] for one in appended.unused] == ["b"]


def test_a_failure_of_what_went_out_is_kept(refused_url):
    appended = Cassette("t", "append")
    with freeze(appended), pytest.raises(httpx.ConnectError):
        httpx.get(refused_url)
    replay = Cassette("t", "replay", appended.with_added)
    with freeze(replay), pytest.raises(httpx.ConnectError):
        httpx.get(refused_url)

    assert replay.misses == []


def test_external_functions_are_appended_too():
    ran = []

    @external(name="stock")
    def stock(item):
        ran.append(item)
        return {"item": item}

    @external(name="page")
    def pages(item):
        ran.append(item)
        yield item
        yield item * 2

    @external(name="later")
    async def later(item):
        ran.append(item)
        return item

    def use():
        return [stock("tea"), list(pages("ab")), asyncio.run(later("x"))]

    appended = Cassette("t", "append")
    with freeze(appended):
        seen = use()
    again = Cassette("t", "append", appended.with_added)
    with freeze(again):
        replayed = use()

    assert seen == replayed == [{"item": "tea"}, ["ab", "abab"], "x"]
    assert ran == ["tea", "ab", "x"]


WRITES = {
    "requests": lambda url: requests.post(url, timeout=30),
    "httpx": lambda url: httpx.post(url),
    "urllib": lambda url: urllib.request.urlopen(url, b"x", timeout=30),
    "aiohttp": lambda url: asyncio.run(_post_by_aiohttp(url)),
}


async def _post_by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.post(url) as answer:
        return answer.status


@pytest.mark.parametrize("mode", ["record", "append"])
@pytest.mark.parametrize("client", WRITES)
def test_a_cassette_for_reads_only_sends_no_write(client, mode, server):
    cassette = Cassette("t", mode, reads_only=True)
    with freeze(cassette):
        requests.get(f"{server.url}/echo/a", timeout=30)
        with pytest.raises(WriteRefused, match="was not sent"):
            WRITES[client](f"{server.url}/echo/b")

    assert server.hits == 1
    assert cassette.refused_writes == [f"POST {server.url}/echo/b"]
    assert len(cassette.interactions) == 1


def test_an_external_write_does_not_run_where_only_reads_go_out():
    ran = []

    @external(name="pay", effect="write")
    def pay(amount):
        ran.append(amount)

    cassette = Cassette("t", reads_only=True)
    with freeze(cassette), pytest.raises(WriteRefused):
        pay(5)

    assert ran == []
    assert cassette.refused_writes == ["CALL external://pay"]


def test_a_replaying_cassette_still_lets_nothing_out(server):
    with freeze(Cassette("t", "replay")), pytest.raises(CassetteMiss):
        httpx.get(f"{server.url}/echo/a")

    assert server.hits == 0
