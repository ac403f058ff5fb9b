"""The scope follows the work into threads and pools, and no further."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx

from cassettes import Cassette, freeze


def _ids(cassette: Cassette) -> list[str]:
    return [one.request.uri.rpartition("/")[2] for one in cassette.interactions]


def test_threads_started_inside_belong_to_the_cassette(server):
    recording = Cassette("t")

    class Subclass(threading.Thread):
        def run(self):
            httpx.get(f"{server.url}/echo/subclass")

    with freeze(recording):
        for thread in (
            threading.Thread(target=httpx.get, args=(f"{server.url}/echo/thread",)),
            Subclass(),
            threading.Timer(0, httpx.get, args=(f"{server.url}/echo/timer",)),
        ):
            thread.start()
            thread.join()

    assert _ids(recording) == ["thread", "subclass", "timer"]


def test_a_pool_started_inside_a_scope_does_not_keep_it_for_later_jobs(server):
    recording = Cassette("first")
    with ThreadPoolExecutor(1) as pool:
        with freeze(recording):
            pool.submit(httpx.get, f"{server.url}/echo/inside").result()
        pool.submit(httpx.get, f"{server.url}/echo/outside").result()
        with freeze(Cassette("second")) as second:
            list(pool.map(httpx.get, [f"{server.url}/echo/mapped"]))

    assert _ids(recording) == ["inside"]
    assert _ids(second) == ["mapped"]


def test_a_thread_that_outlives_its_scope_is_counted_and_not_recorded(server):
    recording = Cassette("t")
    go_on = threading.Event()

    def late():
        go_on.wait(10)
        httpx.get(f"{server.url}/echo/late")

    with freeze(recording):
        thread = threading.Thread(target=late)
        thread.start()
    go_on.set()
    thread.join()

    assert _ids(recording) == []
    assert recording.late_count == 1
    assert server.hits == 1
