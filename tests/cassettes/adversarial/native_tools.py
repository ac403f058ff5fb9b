"""Tools that ask C code and the kernel: what of it is held, and what is only labelled."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import weakref
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, FutureDate, PastDatetime, ValidationError


class _Thing:
    def __init__(self, name: str = "") -> None:
        self.name = name


_NAMES = [f"name{number}" for number in range(12)]


def _sqlite(*queries: str) -> list[Any]:
    connection = sqlite3.connect(":memory:")
    try:
        return [connection.execute(query).fetchall() for query in queries]
    finally:
        connection.close()


def _sqlite_defaults() -> list[Any]:
    return _sqlite(
        "create table t (a, at text default current_timestamp, b text default (datetime('now')))",
        "insert into t (a) values (1)",
        "select * from t",
    )


def _sqlite_file() -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "x.db")
        connection.execute("create table t (a, r default (hex(randomblob(4))))")
        connection.executemany("insert into t (a) values (?)", [(n,) for n in range(5)])
        rows = connection.execute("select * from t order by random()").fetchall()
        connection.close()
        return rows


class _Booking(BaseModel):
    day: FutureDate
    made: PastDatetime


def _booking() -> list[Any]:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    good = _Booking(day=(now + timedelta(days=1)).date(), made=now - timedelta(seconds=5))
    try:
        _Booking(day=now.date(), made=now + timedelta(days=1))
    except ValidationError as error:
        return [good.model_dump(mode="json"), [one["type"] for one in error.errors()]]
    return []


def _chance_file() -> list[str]:
    with Path("/dev/urandom").open("rb") as file:
        first = file.read(8).hex()
    descriptor = os.open("/dev/random", os.O_RDONLY)
    try:
        return [first, os.read(descriptor, 8).hex()]
    finally:
        os.close(descriptor)


def _connect() -> str:
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    except OSError as error:
        return type(error).__name__
    except Exception as error:  # noqa: BLE001 -- whatever a replay says
        return str(error)
    return "connected"


def _temporary_paths() -> list[str]:
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file:
        kept = tempfile.mkdtemp(prefix="left-")
        return [folder, file.name, kept, tempfile.gettempdir()]


def _inodes() -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a", "b"):
            Path(folder, name).write_text(name)
        found = [os.stat(Path(folder, name)).st_ino for name in ("a", "b", "a")]
        return [found, os.path.samefile(Path(folder, "a"), Path(folder, "a"))]


def _scanned_times() -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a").write_text("a")
        with os.scandir(folder) as entries:
            return [[one.name, one.stat().st_mtime, one.stat().st_ino] for one in entries]


def _weak_set() -> list[str]:
    kept = [_Thing(name) for name in _NAMES]
    return [one.name for one in weakref.WeakSet(kept)]


def _child(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout


def _alarm() -> int:
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.alarm(100)
    left = signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    return left


HELD: dict[str, Any] = {
    "sqlite_random": lambda: _sqlite("select random(), hex(randomblob(8))"),
    "sqlite_now": lambda: _sqlite(
        "select strftime('%Y %f', 'now'), datetime(), date('now', '+1 day'), julianday('now')",
        "select current_timestamp, current_date, current_time, unixepoch()",
    ),
    "sqlite_dates_as_always": lambda: _sqlite("select date('2024-02-28', '+2 days'), date(null)"),
    "sqlite_defaults": _sqlite_defaults,
    "sqlite_file": _sqlite_file,
    "booking": _booking,
    "chance_file": _chance_file,
    "ssl_bytes": lambda: ssl.RAND_bytes(8).hex(),
    "native_thread": lambda: threading.get_native_id(),
    "connect": _connect,
    "temporary_paths": _temporary_paths,
    "temporary_paths_again": _temporary_paths,
    "inodes": _inodes,
    "scanned_times": _scanned_times,
    "memory": lambda: list(resource.getrusage(resource.RUSAGE_SELF)),
    "native_id_of_thread": lambda: threading.current_thread().native_id,
    "default_repr": lambda: repr(_Thing()),
    "set_of_things": lambda: [one.name for one in {_Thing(name) for name in _NAMES}],
    "weak_set": _weak_set,
    "function_repr": lambda: repr(_child),
    "error_with_address": lambda: {}[_Thing()],
}
LABELLED: dict[str, Any] = {
    "id": lambda: id(_Thing()),
    "sorted_by_id": lambda: [one.name for one in sorted(map(_Thing, _NAMES), key=id)],
    "thread_ident": lambda: threading.get_ident(),
    "child_pid": lambda: _child("import os; print(os.getpid())"),
    "child_clock": lambda: _child("import time; print(time.time_ns())"),
    "proc_stat": lambda: Path("/proc/self/stat").read_text().split()[0],
    "alarm": _alarm,
}
