"""What the guards hold on this machine, found out by trying: in a process made for it."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable

import cassettes
from cassettes.kernel.guard import enter

_SECONDS_MAX = 30
_START = "import sys; sys.path.append(sys.argv[1]); from cassettes.kernel.probe import main; main()"
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def probe() -> dict[str, str]:
    """Return by attempt (``python``, ``program``, ``c``, ``c program``) ``""``, or what got out.

    The attempts reach for a listener of their own on loopback, and for ``true``.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", _START, _ROOT],
            capture_output=True,
            text=True,
            timeout=_SECONDS_MAX,
            check=True,
        )
        found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        return {"probe": f"it could not be tried: {error}"}
    return found


def main() -> None:
    """Print what got out of this process, once it is guarded."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        guard = enter()
        cassettes.outside("block")
        guard.close_programs()
        why = guard.why_not or "the filter is on, and let it pass"
        found = {
            "python": _tried(lambda: socket.create_connection(("127.0.0.1", port)).close()),
            "program": _tried(lambda: subprocess.run(["true"], check=True)),
            "c": why if _connects_in_c(port) else "",
            "c program": why if _starts_in_c() else "",
        }
    sys.stdout.write(json.dumps(found) + "\n")


def _tried(act: Callable[[], object]) -> str:
    try:
        act()
    except cassettes.CassetteError:
        return ""
    return "it was let through"


def _connects_in_c(port: int) -> bool:
    libc = ctypes.CDLL(None)
    made = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    place = struct.pack(">H", port) + b"\x7f\0\0\1" + bytes(8)
    # BSD begins an address with its length; elsewhere the family has two bytes.
    is_bsd = sys.platform == "darwin" or "bsd" in sys.platform
    head = struct.pack("BB", 16, socket.AF_INET) if is_bsd else struct.pack("=H", socket.AF_INET)
    return bool(libc.connect(made, head + place, 16) == 0)


def _starts_in_c() -> bool:
    return bool(ctypes.CDLL(None).system(b"exit 0") == 0)
