"""Tools that would wait for ever: each ends at once, in the same words."""

from __future__ import annotations

import asyncio
import queue
import threading
from concurrent.futures import Future
from typing import Any


def _own_lock() -> None:
    lock = threading.Lock()
    with lock, lock:
        pass


def _two_locks() -> None:
    one, other = threading.Lock(), threading.Lock()
    met = threading.Barrier(2)

    def take(first: Any, second: Any) -> None:
        with first:
            met.wait()
            with second:
                pass

    threads = [
        threading.Thread(target=take, args=pair, name=f"taker {number}")
        for number, pair in enumerate([(one, other), (other, one)])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _never_put() -> None:
    queue.Queue[int]().get()


def _never_set() -> None:
    threading.Event().wait()


def _never_done() -> None:
    Future[int]().result()


async def never_set_in_loop() -> None:
    await asyncio.Event().wait()


async def never_put_in_loop() -> list[str]:
    jobs: asyncio.Queue[int] = asyncio.Queue()
    ended = await asyncio.gather(jobs.get(), asyncio.sleep(5), return_exceptions=True)
    return [type(one).__name__ for one in ended]


def _never_set_in_nested_loop() -> None:
    asyncio.run(never_set_in_loop())


TOOLS: dict[str, Any] = {
    "own_lock": _own_lock,
    "two_locks": _two_locks,
    "never_put": _never_put,
    "never_set": _never_set,
    "never_done": _never_done,
    "never_set_in_loop": never_set_in_loop,
    "never_put_in_loop": never_put_in_loop,
    "never_set_in_nested_loop": _never_set_in_nested_loop,
}
