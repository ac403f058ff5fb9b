"""Threads and pools take turns, and what waits for somebody else still gets there."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_HEAD = """
import cassettes
cassettes.install(world=True)
cassettes.outside("block")
import asyncio, concurrent.futures, json, queue, random, threading, time
from concurrent.futures import ThreadPoolExecutor
"""


def _run(code: str) -> object:
    done = subprocess.run(
        [sys.executable, "-c", _HEAD + code],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


_FROZEN = "cassettes.freeze(cassettes.Cassette('t', 'replay'), at=0.0, seed='s')"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # A job that needs the loop which waits for it.
        (
            "async def inner(): await asyncio.sleep(3); return 'from the loop'\n"
            "async def main():\n"
            "    loop = asyncio.get_running_loop()\n"
            "    def job(): return asyncio.run_coroutine_threadsafe(inner(), loop).result()\n"
            "    return await asyncio.to_thread(job)\n"
            "show(asyncio.run(main()))",
            "from the loop",
        ),
        # A consumer that was started before there was anything to consume.
        (
            "jobs, done = queue.Queue(), []\n"
            "worker = threading.Thread(target=lambda: done.append(jobs.get()), daemon=True)\n"
            "worker.start(); jobs.put(5); worker.join()\n"
            "show(done)",
            [5],
        ),
        # An event that another thread sets before its wait would have timed out.
        (
            "event = threading.Event()\n"
            "threading.Thread(target=lambda: (time.sleep(1), event.set())).start()\n"
            "show([event.wait(5), round(time.time())])",
            [True, 1],
        ),
        # Threads that meet at a barrier.
        (
            "barrier, seen = threading.Barrier(3), []\n"
            "threads = [threading.Thread(target=lambda n=n: seen.append(barrier.wait() * 0 + n))\n"
            "           for n in range(3)]\n"
            "[one.start() for one in threads]; [one.join() for one in threads]\n"
            "show(sorted(seen))",
            [0, 1, 2],
        ),
        # Exceptions come out where they would.
        (
            "def fail(): raise KeyError('x')\n"
            "with ThreadPoolExecutor() as pool:\n"
            "    try: pool.submit(fail).result()\n"
            "    except KeyError as error: first = repr(error)\n"
            "async def main():\n"
            "    try: await asyncio.to_thread(fail)\n"
            "    except KeyError as error: return repr(error)\n"
            "show([first, asyncio.run(main())])",
            ["KeyError('x')", "KeyError('x')"],
        ),
        # A time limit around a job that takes longer.
        (
            "async def main():\n"
            "    try: await asyncio.wait_for(asyncio.to_thread(time.sleep, 10), 4)\n"
            "    except TimeoutError: return round(time.time(), 3)\n"
            "show(asyncio.run(main()))",
            4.0,
        ),
        # Jobs that submit jobs, in a pool with one worker.
        (
            "seen = []\n"
            "with ThreadPoolExecutor(1) as pool:\n"
            "    def job(n):\n"
            "        seen.append(n)\n"
            "        return pool.submit(job, n + 1) if n < 3 else None\n"
            "    left = pool.submit(job, 0)\n"
            "    while left: left = left.result()\n"
            "show(seen)",
            [0, 1, 2, 3],
        ),
        # A result that is waited for takes the time that its job took.
        (
            "with ThreadPoolExecutor() as pool:\n"
            "    jobs = [pool.submit(time.sleep, n) for n in (3, 1, 2)]\n"
            "    [one.result() for one in concurrent.futures.as_completed(jobs)]\n"
            "show(round(time.time(), 3))",
            3.0,
        ),
    ],
)
def test_code_that_waits_for_others_ends_as_it_would(body: str, expected: object):
    indented = body.replace("\n", "\n    ")
    code = f"show = lambda value: print(json.dumps(value))\nwith {_FROZEN}:\n    {indented}\n"

    assert _run(code) == expected


def test_twenty_scopes_on_threads_each_with_threads_of_their_own_do_not_mix():
    shown = _run(
        """
def life(number, results):
    with cassettes.freeze(cassettes.Cassette("t", "replay"), at=1000.0 * number, seed=str(number)):
        log = []
        def job(n):
            time.sleep(n)
            log.append([n, round(time.time(), 2), random.random()])
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(job, range(4)))
        async def main():
            await asyncio.gather(*(asyncio.to_thread(job, n) for n in range(3)))
        asyncio.run(main())
        results[number] = log
together, alone = {}, {}
threads = [threading.Thread(target=life, args=(n, together)) for n in range(20)]
[one.start() for one in threads]; [one.join() for one in threads]
for number in range(20):
    life(number, alone)
print(json.dumps([n for n in range(20) if together[n] != alone[n]]))
"""
    )

    assert shown == []
