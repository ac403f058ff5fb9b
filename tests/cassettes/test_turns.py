"""Threads of a frozen world: deadlocks are told at once, waits in C pass the turn in the end."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

_HEAD = """
import cassettes
cassettes.install(world=True)
cassettes.outside("block")
import asyncio, copy, functools, json, os, pickle, queue, threading, time, uuid
from concurrent.futures import ThreadPoolExecutor
cassette = cassettes.Cassette("t", "replay")
def show(value):
    print(json.dumps(value))
"""


def _run(code: str) -> Any:
    indented = code.strip().replace("\n", "\n    ")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{_HEAD}\nwith cassettes.freeze(cassette, at=0.0, seed='s'):\n    {indented}\n"
            "os._exit(0) if not print(end='', flush=True) else None",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("act", "waits"),
    [
        ("threading.Event().wait()", ["MainThread waits for Event.wait at <string>:13"]),
        ("queue.Queue().get()", ["MainThread waits for Queue.get at <string>:13"]),
        (
            "asyncio.run(asyncio.wait_for(asyncio.Event().wait(), None))",
            ["wait_for waits"],
        ),
        (
            "t = threading.Thread(target=queue.Queue().get, name='w'); t.start(); t.join()",
            [
                "MainThread waits for the end of w at <string>:13",
                "w waits for Thread._bootstrap",
            ],
        ),
    ],
)
def test_a_wait_that_can_never_end_is_an_error_that_names_it(act: str, waits: list[str]):
    shown = _run(f"try:\n    {act}\nexcept cassettes.Deadlock as error:\n    show(error.waits)")

    assert shown == waits


def test_after_a_deadlock_in_a_loop_other_tasks_go_on():
    shown = _run(
        """
async def waits(): await asyncio.Event().wait()
async def goes_on(): await asyncio.sleep(5); return "on"
async def main(): return await asyncio.gather(waits(), goes_on(), return_exceptions=True)
show([type(one).__name__ if isinstance(one, Exception) else one for one in asyncio.run(main())])
"""
    )

    assert shown == ["Deadlock", "on"]


def test_a_thread_that_waits_in_c_for_another_lets_it_go_on_and_is_labelled():
    shown = _run(
        """
source, sink = os.pipe()
def late():
    time.sleep(3)
    os.write(sink, b"x")
thread = threading.Thread(target=late)
thread.start()
read = os.read(source, 1).decode()
thread.join()
show([read, [one.partition(",")[0] for one in cassette.touched]])
"""
    )

    assert shown == ["x", ["lets threads run side by side"]]


def test_locks_are_like_those_of_python():
    shown = _run(
        """
lock, again = threading.Lock(), threading.RLock()
said = []
for act in (lambda: copy.deepcopy(lock), lambda: pickle.dumps(again), lock.release, again.release,
            lambda: lock.acquire(False, 1), lambda: lock.acquire(True, -5)):
    try: act()
    except Exception as error: said.append(f"{type(error).__name__}: {error}")
with lock: said += [lock.locked(), lock.acquire(timeout=2), round(time.time(), 3)]
show(said)
"""
    )

    wrong = shown.pop(5)  # "must be positive" until 3.11
    assert wrong.startswith("ValueError: timeout value must be")
    assert shown == [
        "TypeError: cannot pickle '_thread.lock' object",
        "TypeError: cannot pickle '_thread.RLock' object",
        "RuntimeError: release unlocked lock",
        "RuntimeError: cannot release un-acquired lock",
        "ValueError: can't specify a timeout for a non-blocking call",
        True,
        False,
        2.0,
    ]


def test_a_thread_that_is_not_waited_for_runs_before_its_scope_is_left():
    shown = _run("threading.Thread(target=lambda: show('ran')).start()")

    assert shown == "ran"


def test_a_pool_that_outlives_a_scope_serves_the_next_one():
    shown = _run(
        """
pool = ThreadPoolExecutor(2)
first = list(pool.map(lambda n: n, range(3)))
with cassettes.freeze(cassettes.Cassette("next", "replay"), at=100.0, seed="s"):
    second = list(pool.map(lambda n: round(time.time()), range(3)))
show([first, second])
"""
    )

    assert shown == [[0, 1, 2], [100, 100, 100]]


def test_a_hooked_function_of_c_is_no_method_of_a_class_that_keeps_it():
    shown = _run(
        """
import random, secrets
class Keeps:
    clock, sleep, draw, entropy, names, pid = (
        time.monotonic, time.sleep, random.random, os.urandom, os.listdir, os.getpid)
    opens = open
keeps = Keeps()
keeps.sleep(5)
show([round(keeps.clock()), 0 <= keeps.draw() < 1, len(keeps.entropy(4)), keeps.names("/") != [],
      keeps.pid() > 0, keeps.opens(os.devnull).read(), time.monotonic.__name__])
"""
    )

    assert shown == [1005, True, 4, True, True, "", "monotonic"]
