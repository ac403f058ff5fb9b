"""Tools whose threads race, wait for each other, and hand things over."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
import multiprocessing.pool
import queue
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def _all(*threads: threading.Thread) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _threads(job: Any, count: int = 4) -> None:
    _all(*(threading.Thread(target=job, args=(number,)) for number in range(count)))


def _lock() -> list[Any]:
    lock, log = threading.Lock(), []

    def job(number: int) -> None:
        for turn in range(3):
            with lock:
                time.sleep(random.random() / 100)
                log.append([number, turn])

    _threads(job)
    return log


def _reentrant() -> list[Any]:
    lock, log = threading.RLock(), []

    def job(number: int) -> None:
        with lock, lock:
            log.append(number)
            time.sleep(0.01)
            log.append(number)

    _threads(job)
    return log


def _condition() -> list[Any]:
    condition, items, log = threading.Condition(), [], []

    def take(number: int) -> None:
        with condition:
            condition.wait_for(lambda: items, timeout=5)
            log.append([number, items.pop() if items else None])

    def give(number: int) -> None:
        time.sleep(number / 10)
        with condition:
            items.append(number)
            condition.notify()

    takers = [threading.Thread(target=take, args=(n,)) for n in range(3)]
    givers = [threading.Thread(target=give, args=(n,)) for n in range(3)]
    _all(*takers, *givers)
    return log


def _events() -> list[Any]:
    events, log = [threading.Event() for _ in range(4)], []

    def job(number: int) -> None:
        if number:
            events[number - 1].wait()
        log.append([number, round(time.time() % 1000, 3)])
        time.sleep(0.5)
        events[number].set()

    _threads(job)
    return log


def _semaphore() -> list[Any]:
    semaphore, log = threading.BoundedSemaphore(2), []

    def job(number: int) -> None:
        with semaphore:
            log.append(["in", number])
            time.sleep(0.1 + number / 100)
            log.append(["out", number])

    _threads(job, 5)
    return log


def _barrier() -> list[Any]:
    barrier, log = threading.Barrier(3), []

    def job(number: int) -> None:
        time.sleep(random.random())
        place = barrier.wait()
        log.append([number, place])

    _threads(job, 3)
    return log


def _timer() -> list[Any]:
    log: list[Any] = []
    timers = [threading.Timer(seconds, log.append, [seconds]) for seconds in (3, 1, 2)]
    start = time.time()
    for timer in timers:
        timer.start()
    timers[1].cancel()
    for timer in timers:
        timer.join()
    return [log, round(time.time() - start, 3)]


def _queues() -> list[Any]:
    first: queue.PriorityQueue[Any] = queue.PriorityQueue()
    last: queue.LifoQueue[Any] = queue.LifoQueue(maxsize=2)
    simple: queue.SimpleQueue[Any] = queue.SimpleQueue()
    log: list[Any] = []

    def produce() -> None:
        for number in (5, 1, 4):
            first.put(number)
            last.put(number)
            simple.put(number)

    def consume() -> None:
        for _ in range(3):
            log.append([first.get(), last.get(), simple.get()])
            time.sleep(0.01)

    _all(threading.Thread(target=produce), threading.Thread(target=consume))
    return log


def _task_done() -> list[Any]:
    jobs: queue.Queue[int] = queue.Queue()
    log: list[int] = []

    def work() -> None:
        while True:
            number = jobs.get()
            time.sleep(0.01 * number)
            log.append(number)
            jobs.task_done()

    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    for number in (3, 1, 2, 5, 4):
        jobs.put(number)
    jobs.join()
    return log


def _join_with_limit() -> list[Any]:
    thread = threading.Thread(target=time.sleep, args=(10,))
    thread.start()
    start = time.time()
    thread.join(timeout=2)
    return [thread.is_alive(), round(time.time() - start, 3), threading.active_count() > 1]


def _lock_with_limit() -> list[Any]:
    lock = threading.Lock()
    with lock:
        start = time.time()
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(lock.acquire(timeout=3)))
        thread.start()
        thread.join()
        return [found, lock.acquire(blocking=False), round(time.time() - start, 3)]


def _nested_pools() -> list[Any]:
    def inner(number: int) -> list[int]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda n: n * number, range(3)))

    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(inner, range(4)))


def _first_completed() -> list[Any]:
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(_slow, seconds) for seconds in (0.4, 0.1, 0.3, 0.2)]
        done, rest = concurrent.futures.wait(jobs, return_when=concurrent.futures.FIRST_COMPLETED)
        return [[job.result() for job in done], len(rest)]


def _slow(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def _completed_set() -> list[Any]:
    with ThreadPoolExecutor(8) as pool:
        jobs = {pool.submit(_slow, random.random()) for _ in range(8)}
        return [job.result() for job in concurrent.futures.as_completed(jobs)]


def _result_with_limit() -> list[Any]:
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(_slow, 5)
        try:
            job.result(timeout=1)
        except TimeoutError:
            return ["late", job.running(), round(time.time() % 1000, 3)]
    return []


def _cancelled_jobs() -> list[Any]:
    with ThreadPoolExecutor(1) as pool:
        jobs = [pool.submit(_slow, 1) for _ in range(4)]
        pool.shutdown(wait=True, cancel_futures=True)
    return [job.cancelled() for job in jobs]


def _callbacks() -> list[Any]:
    log: list[Any] = []
    with ThreadPoolExecutor(3) as pool:
        for seconds in (0.3, 0.1, 0.2):
            pool.submit(_slow, seconds).add_done_callback(lambda job: log.append(job.result()))
    return log


def _draws_in_threads() -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}

    def job(number: int) -> None:
        found[number] = [uuid.uuid4().hex, random.random()]
        time.sleep(random.random())
        found[number] += [uuid.uuid4().hex, random.random(), time.time()]

    _threads(job, 6)
    return found


def _thread_local() -> list[Any]:
    local, log = threading.local(), []

    def job(number: int) -> None:
        local.number = number
        time.sleep(0.1)
        log.append(local.number)

    _threads(job)
    return log


def _lost_context() -> list[str]:
    _variable.set("set")
    found: list[str] = []
    _all(threading.Thread(target=lambda: found.append(_variable.get())))
    return found


def _racing_counter() -> int:
    count = 0

    def job(number: int) -> None:
        nonlocal count
        for _ in range(500):
            seen = count
            if seen % 7 == 0:
                time.sleep(0)
            count = seen + 1

    _threads(job, 3)
    return count


def _spinning() -> list[Any]:
    seen: list[float] = []

    def job() -> None:
        time.sleep(1)
        seen.append(time.time() % 1000)

    thread = threading.Thread(target=job)
    thread.start()
    while not seen:
        time.monotonic()
    thread.join()
    return [bool(seen)]


def _polling() -> list[Any]:
    done = threading.Event()
    threading.Timer(2, done.set).start()
    rounds = 0
    while not done.is_set():
        time.sleep(0.1)
        rounds += 1
    return [rounds]


def _thread_error() -> list[Any]:
    seen: list[Any] = []
    before, threading.excepthook = threading.excepthook, lambda args: seen.append(str(args[1]))
    try:
        _all(*(threading.Thread(target=int, args=(text,)) for text in ("a", "b")))
    finally:
        threading.excepthook = before
    return [seen, threading.active_count()]


def _thread_pool() -> list[Any]:
    with multiprocessing.pool.ThreadPool(3) as pool:
        return list(pool.imap_unordered(_slow, [0.3, 0.1, 0.2]))


def _loop_in_thread() -> list[Any]:
    found: list[Any] = []

    async def main() -> float:
        await asyncio.sleep(5)
        return round(asyncio.get_running_loop().time(), 2)

    _all(*(threading.Thread(target=lambda: found.append(asyncio.run(main()))) for _ in range(2)))
    return found


async def executor_order() -> list[Any]:
    loop, log = asyncio.get_running_loop(), []
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            loop.run_in_executor(pool, functools.partial(_logged, log, n), 0.3 - n / 10)
            for n in range(3)
        ]
        return [await asyncio.gather(*jobs), log]


def _logged(log: list[Any], number: int, seconds: float) -> float:
    time.sleep(seconds)
    log.append([number, uuid.uuid4().hex])
    return seconds


async def loop_and_thread() -> list[Any]:
    loop, log = asyncio.get_running_loop(), []
    ready = asyncio.Event()

    def job() -> None:
        time.sleep(2)
        loop.call_soon_threadsafe(ready.set)
        log.append("told")

    threading.Thread(target=job).start()
    ticks = 0
    while not ready.is_set():
        await asyncio.sleep(0.25)
        ticks += 1
    return [ticks, log]


TOOLS: dict[str, Any] = {
    "lock": _lock,
    "reentrant": _reentrant,
    "condition": _condition,
    "events": _events,
    "semaphore": _semaphore,
    "barrier": _barrier,
    "timer": _timer,
    "queues": _queues,
    "task_done": _task_done,
    "join_with_limit": _join_with_limit,
    "lock_with_limit": _lock_with_limit,
    "nested_pools": _nested_pools,
    "first_completed": _first_completed,
    "completed_set": _completed_set,
    "result_with_limit": _result_with_limit,
    "cancelled_jobs": _cancelled_jobs,
    "callbacks": _callbacks,
    "draws_in_threads": _draws_in_threads,
    "thread_local": _thread_local,
    "lost_context": _lost_context,
    "racing_counter": _racing_counter,
    "spinning": _spinning,
    "polling": _polling,
    "thread_error": _thread_error,
    "thread_pool": _thread_pool,
    "loop_in_thread": _loop_in_thread,
    "executor_order": executor_order,
    "loop_and_thread": loop_and_thread,
}
