"""A hundred cassettes at once: each holds its own interactions, all of them, and no others."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import httpx
import httpx2
import pytest
import requests

from cassettes import Cassette, freeze

_EACH = 50
_ROUNDS = 2


class _Clients:
    """Clients shared by everybody, as in a server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.httpx = httpx.Client(timeout=30, verify=False)
        self.pool = ThreadPoolExecutor(4)

    def close(self) -> None:
        self.session.close()
        self.httpx.close()
        self.pool.shutdown()

    def thread_tool(self, me: str) -> list[str]:
        got = []
        for turn in range(_ROUNDS):
            url = f"{self.url}/echo/{me}-{turn}"
            got.append(self.session.get(f"{url}-session", timeout=30).json()["id"])
            got.append(self.httpx.get(f"{url}-httpx").json()["id"])
            with urllib.request.urlopen(f"{url}-urllib", timeout=30) as answer:
                got.append(json.load(answer)["id"])
            job = self.pool.submit(requests.post, f"{url}-pool", json={"me": me}, timeout=30)
            with contextlib.closing(job.result()) as answer:
                got.append(answer.json()["id"])
        return got

    async def task_tool(self, me: str, first, second, third) -> list[str]:
        async def with_httpx(client, tag):
            return (await client.get(f"{self.url}/echo/{tag}")).json()["id"]

        async def with_aiohttp(tag):
            async with third.get(f"{self.url}/echo/{tag}") as answer:
                return (await answer.json())["id"]

        got = []
        for turn in range(_ROUNDS):
            tag = f"{me}-{turn}"
            got += await asyncio.gather(
                with_httpx(first, f"{tag}-httpx"),
                with_httpx(second, f"{tag}-httpx2"),
                with_aiohttp(f"{tag}-aiohttp"),
            )
            got.append(
                await asyncio.to_thread(
                    lambda tag=tag: self.session.get(
                        f"{self.url}/echo/{tag}-thread", timeout=30
                    ).json()["id"]
                )
            )
        return got

    async def tasks(self, results, make_cassette) -> None:
        async with (
            httpx.AsyncClient(timeout=30, verify=False) as first,
            httpx2.AsyncClient(timeout=30, verify=False) as second,
            aiohttp.ClientSession() as third,
        ):

            async def one(me: str) -> None:
                with freeze(make_cassette(me)) as cassette:
                    results[me] = (cassette, await self.task_tool(me, first, second, third))

            await asyncio.gather(*(one(f"task{number}") for number in range(_EACH)))


def _all_at_once(url, make_cassette):
    """Return each worker's cassette and what it got: 50 threads and 50 tasks together."""
    results: dict[str, tuple[Cassette, list[str]]] = {}
    clients = _Clients(url)

    def thread_main(me: str) -> None:
        with freeze(make_cassette(me)) as cassette:
            results[me] = (cassette, clients.thread_tool(me))

    threads = [
        threading.Thread(target=thread_main, args=(f"thread{number}",)) for number in range(_EACH)
    ]
    threads.append(
        threading.Thread(target=lambda: asyncio.run(clients.tasks(results, make_cassette)))
    )
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clients.close()
    return results


def _expected(me: str) -> list[str]:
    kinds = (
        ("session", "httpx", "urllib", "pool")
        if me.startswith("thread")
        else ("httpx", "httpx2", "aiohttp", "thread")
    )
    return [f"{me}-{turn}-{kind}" for turn in range(_ROUNDS) for kind in kinds]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_hundred_cassettes_at_once_are_exact_and_replay_without_a_connection(server):
    recorded = _all_at_once(server.url, Cassette)

    inexact = {
        me: [one.request.uri for one in cassette.interactions]
        for me, (cassette, got) in recorded.items()
        if got != _expected(me)
        or sorted(one.request.uri.rpartition("/")[2] for one in cassette.interactions)
        != sorted(_expected(me))
    }
    assert len(recorded) == 2 * _EACH
    assert inexact == {}
    assert server.hits == 2 * _EACH * _ROUNDS * 4

    before = server.hits
    kept = {me: cassette.interactions for me, (cassette, _) in recorded.items()}
    replayed = _all_at_once(server.url, lambda me: Cassette(me, "replay", kept[me]))

    assert {me: got for me, (_, got) in replayed.items()} == {
        me: got for me, (_, got) in recorded.items()
    }
    assert [
        me for me, (cassette, _) in replayed.items() if cassette.misses or cassette.unused
    ] == []
    assert server.hits == before
