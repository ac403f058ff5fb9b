"""Tools that show where they run: hashes, names, folders, the order of things."""

from __future__ import annotations

import asyncio
import concurrent.futures
import glob
import locale
import multiprocessing
import os
import platform
import queue
import random
import socket
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

_NAMES = [f"name{number}" for number in range(12)]


def _folder(show: Any) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        for name in ["m", "c", "z", "a", "k", "b", "y", "d", "x"]:
            (Path(folder) / name).write_text("")
        return [os.path.basename(str(one)) for one in show(folder)]


def _scanned(folder: str) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _walked(folder: str) -> list[str]:
    return [name for _, _, names in os.walk(folder) for name in names]


def _pool_order() -> list[Any]:
    def job(number: int) -> int:
        time.sleep(0.003 * ((number * 7) % 5))
        return number

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = {pool.submit(job, number) for number in range(8)}
        return [one.result() for one in concurrent.futures.as_completed(jobs)]


def _pool_side_effects() -> list[Any]:
    log: list[Any] = []
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: log.append([n, random.random(), time.time()]), range(6)))
    return log


def _pool_waited() -> list[int]:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(pow, number, 2) for number in range(8)]
        done, _ = concurrent.futures.wait(jobs)
        return [one.result() for one in done]


def _thread_appends() -> list[Any]:
    log: list[Any] = []
    threads = [
        threading.Thread(target=lambda n=n: log.append([n, uuid.uuid4().hex])) for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [*log, [thread.name for thread in threads]]


def _parallel_sleeps() -> float:
    start = time.time()
    threads = [threading.Thread(target=time.sleep, args=(n,)) for n in (3, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return round(time.time() - start, 3)


def _queue_worker() -> list[int]:
    jobs: queue.Queue[int | None] = queue.Queue()
    done: list[int] = []

    def work() -> None:
        while (job := jobs.get()) is not None:
            done.append(job * job)

    worker = threading.Thread(target=work)
    worker.start()
    for number in (*range(5), None):
        jobs.put(number)
    worker.join()
    return done


async def _named(seconds: float, name: str) -> str:
    await asyncio.sleep(seconds)
    return name


async def gathered() -> list[Any]:
    log: list[Any] = []

    async def one(number: int) -> None:
        await asyncio.sleep(random.random())
        log.append([number, time.time(), random.random()])

    await asyncio.gather(*(one(number) for number in range(6)))
    return log


async def completed() -> list[str]:
    jobs = [_named(0.01, name) for name in _NAMES]
    return [await one for one in asyncio.as_completed(jobs)]


async def waited() -> list[str]:
    done, _ = await asyncio.wait([asyncio.create_task(_named(0.01, name)) for name in _NAMES])
    return [task.result() for task in done]


async def to_threads() -> list[Any]:
    log: list[Any] = []

    def job(number: int) -> None:
        time.sleep(0.1 * (5 - number))
        log.append([number, round(time.time() % 1000, 3)])

    start = time.time()
    await asyncio.gather(*(asyncio.to_thread(job, number) for number in range(5)))
    return [log, round(time.time() - start, 3)]


async def cancelled() -> list[str]:
    log: list[str] = []

    async def one(name: str) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            log.append(name)

    try:
        async with asyncio.timeout(1), asyncio.TaskGroup() as group:
            for name in _NAMES:
                group.create_task(one(name))
    except TimeoutError:
        log.append("timeout")
    return log


HASH: dict[str, Any] = {
    "hash": lambda: hash("a word"),
    "set_of_text": lambda: list(set(_NAMES)),
    "set_repr": lambda: repr(set(_NAMES)),
    "frozen_set": lambda: list(frozenset(map(str.upper, _NAMES))),
    "float_sum": lambda: [sum(hash(name) % 97 / 7 for name in set(_NAMES)), hash(tuple(_NAMES))],
    "bytes_hash": lambda: hash(b"bytes"),
}
IDENTITY: dict[str, Any] = {
    "pid": lambda: [os.getpid(), os.getppid()],
    "hostname": lambda: [socket.gethostname(), platform.node(), os.uname().nodename],
    "node": lambda: uuid.getnode(),
    "cpu_count": lambda: [os.cpu_count(), multiprocessing.cpu_count()],
    "load": lambda: list(os.getloadavg()),
    "process_name": lambda: f"{socket.getfqdn()}-{os.getpid()}",
    "kill_self_is_still_self": lambda: os.kill(os.getpid(), 0),
}
PLACE: dict[str, Any] = {
    "environment": lambda: {k: v for k, v in sorted(os.environ.items()) if k in _SHOWN},
    "timezone": lambda: [time.tzname, time.timezone, time.localtime(10**9).tm_hour],
    "locale": lambda: [locale.getlocale(), sys.getfilesystemencoding(), format(1234.5, "n")],
    "folder": lambda: os.path.basename(os.getcwd()),
    "umask": lambda: os.umask(os.umask(0o22)) >= 0,
}
_SHOWN = {"TZ", "LANG", "LC_ALL", "PYTHONHASHSEED", "NOISE", "USER"}
ORDER: dict[str, Any] = {
    "listdir": lambda: _folder(os.listdir),
    "scandir": lambda: _folder(_scanned),
    "glob": lambda: _folder(lambda folder: glob.glob(f"{folder}/*")),
    "iterdir": lambda: _folder(lambda folder: Path(folder).iterdir()),
    "path_glob": lambda: _folder(lambda folder: Path(folder).glob("*")),
    "walk": lambda: _folder(_walked),
    "pool_order": _pool_order,
    "pool_side_effects": _pool_side_effects,
    "pool_waited": _pool_waited,
    "thread_appends": _thread_appends,
    "parallel_sleeps": _parallel_sleeps,
    "queue_worker": _queue_worker,
    "gathered": gathered,
    "completed": completed,
    "waited": waited,
    "to_threads": to_threads,
    "cancelled": cancelled,
}
