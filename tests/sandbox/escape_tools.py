"""Tools that try to get out of a replay, each in another way; all swallow what stops them.

Every attempt is aimed at the counting listeners of the test, whose places are the arguments.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import ctypes
import multiprocessing
import os
import pty
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("escapes")

EARLY = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
"""Made when the tools are imported, before any call."""

_SEND = "import socket,sys; socket.create_connection(('127.0.0.1', int(sys.argv[1]))).send(b'x')"


def _send(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.send(b"x")


def by_requests(port: int) -> None:
    import requests

    requests.post(f"http://127.0.0.1:{port}/refunds", timeout=5)


def by_urllib(port: int) -> None:
    urllib.request.urlopen(f"http://127.0.0.1:{port}/refunds", timeout=5)


def by_socket(port: int) -> None:
    _send(port)


def by_lower_socket(port: int) -> None:
    import _socket

    _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM).connect(("127.0.0.1", port))


def by_connect_ex(port: int) -> None:
    with socket.socket() as sock:
        sock.connect_ex(("127.0.0.1", port))


def by_ipv6(port: int) -> None:
    with socket.socket(socket.AF_INET6) as sock:
        sock.connect(("::1", port))


def by_udp_sendto(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", ("127.0.0.1", port))


def by_udp_sendmsg(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendmsg([b"x"], [], 0, ("127.0.0.1", port))


def by_asyncio(port: int) -> None:
    asyncio.run(asyncio.open_connection("127.0.0.1", port))


def by_an_early_socket(port: int) -> None:
    EARLY.connect(("127.0.0.1", port))


def by_a_thread(port: int) -> None:
    _in_thread(lambda: _send(port))


def by_a_thread_without_context(port: int) -> None:
    _in_thread(lambda: contextvars.Context().run(_send, port))


def by_a_thread_of_c(port: int) -> None:
    import _thread

    waiting, done = os.pipe()  # an event's time-out is virtual here, and over at once

    def act() -> None:
        with contextlib.suppress(BaseException):
            _send(port)
        os.close(done)

    _thread.start_new_thread(act, ())
    os.read(waiting, 1)
    os.close(waiting)


def by_dns(port: int) -> None:
    socket.getaddrinfo(f"secret-{port}.invalid", 80)


def by_unix_socket(port: int) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(f"/tmp/replay-escape-{port}")


def by_abstract_socket(port: int) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(f"\0replay-escape-{port}")


def by_ctypes(port: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    libc.connect(made, _sockaddr(port), 16)
    libc.send(made, b"x", 1, 0)
    libc.close(made)


def by_ctypes_udp(port: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.socket(socket.AF_INET, socket.SOCK_DGRAM, 0)
    libc.sendto(made, b"x", 1, 0, _sockaddr(port), 16)
    libc.close(made)


def by_ctypes_sendmmsg(port: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.socket(socket.AF_INET, socket.SOCK_DGRAM, 0)
    name, word = ctypes.create_string_buffer(_sockaddr(port)), ctypes.create_string_buffer(b"x")
    part = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(word), 1))
    places = ctypes.addressof(name), 16, ctypes.addressof(part), 1
    libc.sendmmsg(made, struct.pack("QIxxxxQQQQiI", *places, 0, 0, 0, 0) + bytes(8), 1, 0)
    libc.close(made)


def by_fast_open(port: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    libc.sendto(made, b"x", 1, 0x20000000, _sockaddr(port), 16)
    libc.close(made)


def by_a_native_thread(port: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    head = ctypes.create_string_buffer(_sockaddr(port), 16)
    # Made by the C library: Python never hears of this thread before it connects.
    connect = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(
        lambda _: libc.connect(made, head, 16)
    )
    thread = ctypes.c_ulong()
    libc.pthread_create(ctypes.byref(thread), None, connect, None)
    libc.pthread_join(thread, None)
    libc.close(made)


def by_uvloop(port: int) -> None:
    import uvloop

    uvloop.run(asyncio.open_connection("127.0.0.1", port))


def by_pycurl(port: int) -> None:
    import pycurl

    curl = pycurl.Curl()
    curl.setopt(curl.URL, f"http://127.0.0.1:{port}/refunds")
    curl.setopt(curl.TIMEOUT, 5)
    curl.perform()


def by_libpq(port: int) -> None:
    import psycopg

    psycopg.connect(f"host=127.0.0.1 port={port} user=x dbname=x connect_timeout=2")


def by_grpc(port: int) -> None:
    import grpc

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        # Without a time-out: its end is compared with the real clock, and would be long past.
        channel.unary_unary("/shop.Refunds/Issue")(b"x")


def by_ctypes_system(port: int) -> None:
    ctypes.CDLL(None).system(f"curl -s -m 5 http://127.0.0.1:{port}/".encode())


def by_subprocess_python(port: int) -> None:
    subprocess.run([sys.executable, "-c", _SEND, str(port)], check=False)


def by_subprocess_curl(port: int) -> None:
    subprocess.run(
        ["curl", "-s", "-m", "5", "-X", "POST", f"http://127.0.0.1:{port}/refunds"], check=False
    )


def by_shell(port: int) -> None:
    subprocess.run(f"curl -s -m 5 http://127.0.0.1:{port}/", shell=True, check=False)


def by_os_system(port: int) -> None:
    os.system(f"curl -s -m 5 http://127.0.0.1:{port}/")


def by_os_popen(port: int) -> None:
    os.popen(f"curl -s -m 5 http://127.0.0.1:{port}/").read()


def by_spawn(port: int) -> None:
    os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", _SEND, str(port)])


def by_posix_spawn(port: int) -> None:
    program = [sys.executable, "-c", _SEND, str(port)]
    os.waitpid(os.posix_spawn(sys.executable, program, {}), 0)


def by_fork(port: int) -> None:
    if (child := os.fork()) == 0:
        with contextlib.suppress(BaseException):
            _send(port)
        os._exit(0)
    os.waitpid(child, 0)


def by_fork_of_c(port: int) -> None:
    libc = ctypes.PyDLL(None)
    if (child := libc.fork()) == 0:
        with contextlib.suppress(BaseException):
            ctypes.CDLL(None).connect(libc.socket(2, 1, 0), _sockaddr(port), 16)
        os._exit(0)
    os.waitpid(child, 0)


def by_pty(port: int) -> None:
    pty.spawn([sys.executable, "-c", _SEND, str(port)])


def by_async_subprocess(port: int) -> None:
    async def act() -> None:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", _SEND, str(port))
        await process.wait()

    asyncio.run(act())


def by_multiprocessing_fork(port: int) -> None:
    _in_process("fork", port)


def by_multiprocessing_spawn(port: int) -> None:
    _in_process("spawn", port)


def by_io_uring(port: int) -> None:
    setup = ctypes.CDLL(None, use_errno=True).syscall(425, 8, bytes(120))
    if setup >= 0:
        _reached_the_ring(port)


def _reached_the_ring(port: int) -> None:
    raise AssertionError(f"a ring could be made, and {port} reached by it")


def _in_thread(act: Callable[[], object]) -> None:
    def quiet() -> None:
        with contextlib.suppress(BaseException):
            act()

    thread = threading.Thread(target=quiet)
    thread.start()
    thread.join()


def _in_process(method: str, port: int) -> None:
    process: Any = multiprocessing.get_context(method).Process(  # type: ignore[attr-defined]
        target=_send, args=(port,)
    )
    process.start()
    process.join()


def _sockaddr(port: int) -> bytes:
    return struct.pack("=H", socket.AF_INET) + struct.pack(">H", port) + b"\x7f\0\0\1" + bytes(8)


ATTEMPTS: dict[str, Callable[[int], None]] = {
    name: act for name, act in dict(globals()).items() if name.startswith("by_")
}


@toolbox.tool
def attempt(way: str, port: int) -> str:
    """Try one way out, and answer as if it had worked."""
    with contextlib.suppress(Exception):
        ATTEMPTS[way](port)
    return "sent"


@toolbox.tool
def fetch(port: int) -> str:
    """Ask a service that may be allowed."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return str(answer.read().decode())


@toolbox.tool
def fetch_in_c(port: int) -> str:
    """Ask a service that may be allowed, without Python's sockets."""
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    status = libc.connect(made, _sockaddr(port), 16)
    libc.close(made)
    return "refused" if status else "connected"


@toolbox.tool
def run_echo() -> str:
    """Start a program that may be allowed."""
    return subprocess.run(["echo", "hi"], capture_output=True, text=True, check=True).stdout


@toolbox.tool
def run_curl(port: int) -> int:
    """Start a program that may be allowed, and that asks the network."""
    return subprocess.run(
        ["curl", "-s", "-m", "5", f"http://127.0.0.1:{port}/"], check=False
    ).returncode


@toolbox.tool
def book(path: str) -> str:
    """Write in a ledger for real, and in a temporary file."""
    with tempfile.NamedTemporaryFile("w") as scratch, tempfile.TemporaryDirectory() as folder:
        scratch.write("x")
        (Path(folder) / "inside").write_text("x")
    with open(path, "a") as ledger:
        ledger.write("booked\n")
    print("booked in the ledger")
    return "booked"
