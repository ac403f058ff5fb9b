"""Adapted clients for one module of tests at a time, and real servers on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cassettes import adapt, adapters


@pytest.fixture(scope="module", autouse=True)
def adapted() -> Iterator[None]:
    """All clients are adapted; what other tests use too is put back afterwards."""
    popen = {name: vars(subprocess.Popen)[name] for name in _POPEN}
    connect = sqlite3.connect
    adapt("redis", "sqlite3", "psycopg", "grpc", "subprocess")
    yield
    for name, original in popen.items():
        setattr(subprocess.Popen, name, original)
    sqlite3.connect = sqlite3.dbapi2.connect = connect
    adapters._adapted -= {"sqlite3", "subprocess"}


_POPEN = ("__init__", "communicate", "wait", "poll", "send_signal")


class RedisServer:
    """A server on a port of its own: redis's where it is installed, else fakeredis's."""

    def __init__(self, folder: Path) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._fake: Any = None
        program = shutil.which("redis-server")
        if program is None:
            fakeredis = pytest.importorskip("fakeredis", reason="no redis-server, no fakeredis")
            self._fake = fakeredis.TcpFakeServer(("127.0.0.1", 0), server_type="redis")
            self.port = self._fake.server_address[1]
            self._thread = threading.Thread(target=self._fake.serve_forever, daemon=True)
            self._thread.start()
            return
        self.port = free_port()
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(
            [program, *options, "--dir", str(folder)], stdout=subprocess.DEVNULL
        )
        wait_until(self._listens)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Take it down."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._fake is not None:
            self._fake.shutdown()
            self._fake.server_close()
            self._fake = None


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    pytest.importorskip("redis", reason="redis is not installed")
    server = RedisServer(tmp_path)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """Where a PostgreSQL server listens that this module started."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("No PostgreSQL server is installed here.")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    runs_as: dict[str, Any] = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        runs_as = {"user": "nobody", "extra_groups": []}
        shutil.chown(folder, "nobody")
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **runs_as}
    make = ["--pgdata", f"{folder}/data", "--auth=trust", "--username=test", "--encoding=UTF8"]
    subprocess.run([programs / "initdb", *make, "--no-sync"], check=True, cwd=folder, **quiet)
    port = free_port()
    where = ["-D", f"{folder}/data", "-k", str(folder), "-p", str(port), "-h", "127.0.0.1", "-F"]
    process = subprocess.Popen([programs / "postgres", *where], cwd=folder, **quiet)
    conninfo = f"host=127.0.0.1 port={port} user=test dbname=postgres"

    def connects() -> bool:
        try:
            psycopg.connect(conninfo).close()
        except psycopg.OperationalError:
            return False
        return True

    wait_until(connects)
    yield conninfo
    process.terminate()
    process.wait()
    shutil.rmtree(folder)


def _postgres_programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in folders if (each / "postgres").exists()), None)


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for a server that was just started."""
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until, "The server did not come up in 60 s."
        time.sleep(0.01)
