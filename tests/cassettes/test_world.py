"""The frozen world: time and chance repeat, cost nothing, and are one's own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cassettes import Cassette, WorldNotInstalled, freeze

_HEAD = """
import cassettes
cassettes.install(world=True)
cassettes.outside("block")
import asyncio, concurrent.futures, datetime, json, logging, os, random, secrets, sys
import tempfile, threading, time, uuid, warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime as DateTime
from time import monotonic, perf_counter, sleep, time as now
from random import random as draw
UTC = datetime.timezone.utc
def frozen(seed="s", at=1_700_000_000.25):
    return cassettes.freeze(cassettes.Cassette("t", "replay"), at=at, seed=seed)
def show(value):
    print(json.dumps(value))
"""


def _run(code: str) -> object:
    """Run ``code`` in a fresh process with the world installed; give back what it showed."""
    done = subprocess.run(
        [sys.executable, "-c", _HEAD + code],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_frozen_world_has_to_be_installed():
    with pytest.raises(WorldNotInstalled, match="install\\(world=True\\)"):
        freeze(Cassette("t", "replay"), at=0.0)


def test_every_clock_starts_where_it_is_told_and_ticks_by_microseconds():
    shown = _run(
        """
@dataclass
class Row:
    at: datetime.datetime = field(default_factory=DateTime.now)
with frozen(), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    show([now(), time.time_ns(), DateTime.now(UTC).isoformat(), DateTime.utcnow().isoformat(),
          Row().at.astimezone(UTC).isoformat(), datetime.date.today().isoformat(),
          time.strftime("%Y", time.gmtime()), time.ctime()[-4:], monotonic(), perf_counter(),
          time.clock_gettime(time.CLOCK_REALTIME), time.monotonic_ns()])
"""
    )

    assert shown == [
        1700000000.250001,
        1700000000250002000,
        "2023-11-14T22:13:20.250003+00:00",
        "2023-11-14T22:13:20.250004",
        "2023-11-14T22:13:20.250005+00:00",
        "2023-11-14",
        "2023",
        "2023",
        1000.000009,
        1000.00001,
        1700000000.250011,
        1000000012000,
    ]


def test_sleeping_costs_nothing_and_a_busy_wait_ends():
    shown = _run(
        """
with frozen():
    start = now(); sleep(3600); slept = now() - start
    start = monotonic(); reads = 0
    while monotonic() < start + 60:
        reads += 1
    show([round(slept), 60 <= monotonic() - start < 200, reads < 50_000])
"""
    )

    assert shown == [3600, True, True]


def test_asyncio_waits_in_virtual_time_and_in_the_right_order():
    shown = _run(
        """
async def main():
    loop, start, order = asyncio.get_running_loop(), now(), []
    async def worker(seconds):
        await asyncio.sleep(seconds)
        order.append([seconds, round(now() - start, 3)])
    await asyncio.gather(worker(300), worker(100), worker(200))
    try:
        async with asyncio.timeout(50):
            await asyncio.sleep(1000)
    except TimeoutError:
        order.append("timeout")
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 5)
    except TimeoutError:
        order.append("never set")
    order.append(await asyncio.to_thread(lambda: round(now() - start, 3)))
    return order
with frozen():
    show(asyncio.run(main()))
"""
    )

    assert shown == [
        [100, 100.0],
        [200, 200.0],
        [300, 300.0],
        "timeout",
        "never set",
        355.0,
    ]


_DRAWS = """
def draws():
    return [draw(), random.randint(0, 10**9), random.choice("abcdef"), random.gauss(0, 1),
            str(uuid.uuid4()), str(uuid.uuid1()), secrets.token_hex(8), os.urandom(5).hex(),
            random.Random().random(), random.SystemRandom().random(), random.sample(range(99), 3),
            next(tempfile._get_candidate_names())]
"""


def test_every_draw_comes_from_the_seed():
    first, again, other, outside = _run(
        _DRAWS
        + """
results = []
for seed in ("s", "s", "other"):
    with frozen(seed):
        results.append(draws())
results.append(draws())
show(results)
"""
    )
    (elsewhere,) = _run(_DRAWS + "with frozen('s'):\n    show([draws()])")

    assert first == again == elsewhere
    assert all(one != two for one, two in zip(first[3:], other[3:], strict=True))
    assert outside not in (first, other)


def test_seeding_inside_a_scope_stays_inside():
    shown = _run(
        """
random.seed(1); expected = random.random(); random.seed(1)
with frozen():
    random.seed(2); inside = random.random()
random_two = random.Random(2).random()
show([random.random() == expected, inside == random_two])
"""
    )

    assert shown == [True, True]


def test_twenty_tasks_and_twenty_threads_each_live_in_their_own_world():
    shown = _run(
        """
def life(number):
    return [round(now(), 3), str(uuid.uuid4()), random.random()]
async def async_life(number):
    with frozen(f"seed {number}", at=1000.0 * number):
        first = life(number)
        await asyncio.sleep(number)
        return first + life(number)
def thread_life(number, results):
    with frozen(f"seed {number}", at=1000.0 * number):
        first = life(number)
        sleep(number)
        barrier.wait()
        results[number] = first + life(number)
barrier = threading.Barrier(20)
async def together():
    return await asyncio.gather(*(async_life(number) for number in range(20)))
tasks = asyncio.run(together())
results = {}
threads = [threading.Thread(target=thread_life, args=(n, results)) for n in range(20)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
alone = []
for number in range(20):
    alone.append(asyncio.run(async_life(number)))
wrong = [n for n in range(20) if not (tasks[n] == results[n] == alone[n])]
show([wrong, alone[3][0], alone[3][3]])
"""
    )

    assert shown == [[], 3000.0, 3003.0]


def test_logging_does_not_move_the_clock():
    shown = _run(
        """
logging.basicConfig(level="DEBUG", stream=sys.stderr)
def life(level):
    logging.getLogger().setLevel(level)
    with frozen():
        first = time.time_ns(); logging.info("hello"); return [first, time.time_ns()]
show([life("DEBUG"), life("ERROR")])
"""
    )

    assert isinstance(shown, list)
    assert shown[0] == shown[1]


def test_a_played_answer_takes_as_long_as_it_took_when_recorded():
    shown = _run(
        """
import httpx
from cassettes import Cassette, Interaction, Request, Response
kept = Interaction(Request("GET", "http://a.example/x"), Response(200), offset_ms=100.0,
                   duration_ms=1500.0)
with cassettes.freeze(Cassette("t", "replay", [kept]), at=1000.0, seed="s"):
    start = now(); httpx.get("http://a.example/x"); show(round(now() - start, 2))
"""
    )

    assert shown == 1.6


def test_outside_a_scope_the_real_clock_runs():
    shown = _run(
        """
before = now(); sleep(0.01); after = now()
with frozen():
    pass
show([after - before >= 0.01, before > 1_700_000_000, DateTime.now(UTC).timestamp() >= after])
"""
    )

    assert shown == [True, True, True]
