"""The process here that stands for a worker on a machine of E2B.

Its stdin, stdout and stderr are the worker's. The SDK's streams are text, so bytes go as lines of
base64 (`lines.py`); the machine lives five minutes at a time, and is asked to live on meanwhile.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import threading
from pathlib import Path
from typing import Any, Final

from replay.replayer.sandbox.lines import EXIT, STDERR, STDIN, STDOUT, LineBuffer, line_of

_LIFE_S: Final = 300
_READ_BYTES: Final = 1 << 16
_DESCRIPTORS: Final = {STDOUT: 1, STDERR: 2}


def main(orders_text: str) -> None:
    """Start the machine and the worker on it, and pass everything on until the worker ends."""
    orders = json.loads(orders_text)
    from e2b import Sandbox

    shipped = Path(orders["shipped"])
    try:
        machine = Sandbox.create(
            template=orders["template"],
            timeout=_LIFE_S,
            allow_internet_access=False,
            metadata={"started-by": "replay"},
        )
    except Exception as error:  # noqa: BLE001 -- whatever E2B says, said in one line
        _write(2, f"E2B gave no machine: {type(error).__name__}: {error}\n".encode())
        os._exit(1)
    status = 1
    try:
        archive = f"{orders['there']}/shipped.tgz"
        machine.files.write(archive, shipped.read_bytes())
        shipped.unlink()
        worker = machine.commands.run(
            _command(orders, archive),
            background=True,
            envs=orders["environment"],
            stdin=True,
            timeout=0,
        )
        threading.Thread(target=_feed, args=(machine, worker.pid), daemon=True).start()
        threading.Thread(target=_keep_alive, args=(machine,), daemon=True).start()
        status = _pass_on(worker)
    finally:
        machine.kill()
    if status < 0 and -status not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-status, signal.SIG_DFL)
    if status < 0:
        os.kill(os.getpid(), -status)
    os._exit(max(status, 0))


def _command(orders: dict[str, Any], archive: str) -> str:
    there, folder = shlex.quote(orders["there"]), shlex.quote(orders["folder"])
    start = shlex.join([orders["python"], orders["lines"], *orders["argv"]])
    return (
        f"tar -xzf {shlex.quote(archive)} -C {there} && mkdir -p {folder} && cd {folder} "
        f"&& exec {start}"
    )


def _feed(machine: Any, pid: int) -> None:
    while chunk := os.read(0, _READ_BYTES):
        machine.commands.send_stdin(pid, line_of(STDIN, chunk))
    machine.commands.send_stdin(pid, line_of(STDIN, b""))


def _keep_alive(machine: Any) -> None:
    ended = threading.Event()
    while not ended.wait(_LIFE_S / 3):
        machine.set_timeout(_LIFE_S)


def _pass_on(worker: Any) -> int:
    """Pass on what the worker says; return its status."""
    lines = LineBuffer()
    for said, complained, _ in worker:
        if complained:
            _write(2, complained.encode())
        for kind, content in lines.take(said or ""):
            if kind == EXIT:
                return int(content)
            _write(_DESCRIPTORS[kind], content)
    return 1


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
