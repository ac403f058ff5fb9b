"""The caller's side of debugging in an editor: debugpy's adapter, which the editor talks to.

The adapter is a process of its own, outside the frozen world: it listens for the editor, and the
worker connects to it, once, before its world is frozen.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from replay.errors import ReplayError, WorkerError

PORT: Final = 5678
"""debugpy's own: editors suggest it."""

_START_S: Final = 30.0
_END_S: Final = 2.0

_STAYS: Final = (
    "import os, runpy, sys; os.fork = lambda: 0; del sys.argv[0]; "
    "sys.path.insert(0, os.path.dirname(os.path.dirname(sys.argv[0]))); "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)
"""Runs the adapter as a child that we can end: of itself it forks, and is nobody's."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the adapter listens."""

    host: str
    port: int
    """For the editor."""
    server_host: str
    server_port: int
    """For the worker."""


@contextmanager
def adapter_at(host: str, port: int) -> Iterator[Endpoints]:
    """Have debugpy's adapter listen while the block runs; ``port`` 0: any that is free.

    Raises:
        ReplayError: debugpy is not installed, or the address cannot be listened at.
        WorkerError: the adapter did not start.
    """
    place = find_spec("debugpy")
    if place is None or place.origin is None:
        raise ReplayError(
            "debugpy, which lets an editor debug, is not installed.",
            hint="`pip install 'replay-sandbox[debugpy]'`, or leave --listen out for pdb.",
        )
    _refuse_taken(host, port)
    with socket.create_server(("127.0.0.1", 0)) as endpoints:
        endpoints.settimeout(_START_S)
        words = [sys.executable, "-c", _STAYS, str(Path(place.origin).parent / "adapter")]
        words += ["--for-server", str(endpoints.getsockname()[1])]
        words += ["--host", host, "--port", str(port)]
        nowhere = subprocess.DEVNULL
        process = subprocess.Popen(
            words, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
        )
        try:
            told = _told(endpoints)
            if "error" in told:
                raise ReplayError(f"The debugger cannot listen at {host}:{port}: {told['error']}.")
            client, server = told["client"], told["server"]
            yield Endpoints(client["host"], client["port"], server["host"], server["port"])
            with suppress(subprocess.TimeoutExpired):  # the editor is told of the end first
                process.wait(_END_S)
        finally:
            process.terminate()
            process.wait()


def _told(endpoints: socket.socket) -> Any:
    try:
        connection, _ = endpoints.accept()
        with connection, connection.makefile("rb") as file:
            return json.loads(file.read())
    except (OSError, ValueError) as error:
        raise WorkerError(f"debugpy's adapter did not start: {error}.") from error


def _refuse_taken(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise ReplayError(
            f"The debugger cannot listen at {host}:{port}: {error.strerror or error}.",
            hint="Give another port: --listen 0 takes any that is free.",
        ) from error
