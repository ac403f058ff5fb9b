"""Tools whose results hang on what time it is, or how long something took."""

from __future__ import annotations

import asyncio
import email.utils
import io
import logging
import os
import queue
import threading
import time
import timeit
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic as imported_monotonic
from time import time as imported_time
from typing import Any

from pydantic import BaseModel, Field


class _Stamped(BaseModel):
    at: datetime = Field(default_factory=datetime.now)


@dataclass
class _Row:
    at: float = field(default_factory=time.time)


def _busy(seconds: float) -> float:
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        pass
    return time.monotonic() - start


def _logged(text: str) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(text))
    logger = logging.getLogger("adversarial")
    logger.addHandler(handler)
    logger.warning("hello")
    logger.removeHandler(handler)
    return stream.getvalue()


def _file_age() -> list[float]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "new"
        path.write_text("x")
        found = path.stat()
        return [found.st_mtime, os.path.getctime(path), os.stat(folder).st_mtime]


def _slept(seconds: float) -> float:
    start = time.time()
    time.sleep(seconds)
    return time.time() - start


def _event_wait() -> list[Any]:
    start = time.time()
    return [threading.Event().wait(3.0), time.time() - start]


def _queue_wait() -> list[Any]:
    start = time.time()
    try:
        queue.Queue[int]().get(timeout=2.0)
    except queue.Empty:
        return [time.time() - start]
    return []


async def async_elapsed() -> list[float]:
    loop = asyncio.get_running_loop()
    start, looped = time.time(), loop.time()
    await asyncio.sleep(7.5)
    return [time.time() - start, loop.time() - looped]


async def async_timeout() -> list[Any]:
    start = time.time()
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 30)
    except TimeoutError:
        return ["timeout", time.time() - start]
    return []


async def async_race() -> str:
    async def after(seconds: float, name: str) -> str:
        await asyncio.sleep(seconds)
        return name

    tasks = [asyncio.create_task(after(0.001, "slow")), asyncio.create_task(after(0.0005, "fast"))]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    return done.pop().result()


TOOLS: dict[str, Any] = {
    "time": lambda: time.time(),
    "time_ns": lambda: time.time_ns(),
    "imported_time": lambda: imported_time(),
    "imported_monotonic": lambda: imported_monotonic(),
    "now": lambda: datetime.now().isoformat(),
    "now_utc": lambda: datetime.now(UTC).isoformat(),
    "utcnow": lambda: datetime.fromtimestamp(time.time(), UTC).isoformat(),
    "today": lambda: [date.today().isoformat(), time.time_ns()],
    "pydantic_default": lambda: _Stamped().at.isoformat(),
    "dataclass_default": lambda: _Row().at,
    "strftime": lambda: time.strftime("%H:%M:%S") + str(time.time_ns()),
    "ctime": lambda: [time.ctime(), time.asctime(), time.time_ns()],
    "localtime": lambda: [list(time.localtime()), time.time_ns()],
    "perf_counter": lambda: time.perf_counter(),
    "process_time": lambda: [time.process_time(), time.thread_time()],
    "clock_gettime": lambda: time.clock_gettime(time.CLOCK_MONOTONIC),
    "os_times": lambda: list(os.times()),
    "slept": lambda: _slept(2.5),
    "busy_wait": lambda: _busy(0.05),
    "log_line": lambda: _logged("%(asctime)s %(created)f %(message)s %(process)d"),
    "email_date": lambda: email.utils.formatdate(),
    "timeit": lambda: timeit.timeit("1 + 1", number=10),
    "file_age": _file_age,
    "event_wait": _event_wait,
    "queue_wait": _queue_wait,
    "async_elapsed": async_elapsed,
    "async_timeout": async_timeout,
    "async_race": async_race,
}
