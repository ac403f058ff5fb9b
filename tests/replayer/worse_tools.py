"""More ways in which a tool can misbehave: what it takes, what it ends, what it leaves behind.

None of them may harm more than its own test where the guard that it tests fails: each takes little
above its limit, signals only what was started for it, and removes only what is marked for it.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import re
import resource
import shutil
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("worse")


@toolbox.world
def world() -> dict[str, int]:
    return {"count": 0}


@toolbox.tool
def count(world: dict[str, int]) -> int:
    world["count"] += 1
    return world["count"]


@toolbox.tool
def abort() -> str:
    os.abort()


@toolbox.tool
def raise_a_base_exception() -> str:
    class Odd(BaseException):
        pass

    raise Odd("neither an error nor an exit")


@toolbox.tool
def raise_generator_exit() -> str:
    raise GeneratorExit


@toolbox.tool
def overflow_the_stack() -> str:
    sys.setrecursionlimit(10**9)
    made: Any = []
    for _ in range(300_000):
        made = [made]
    return repr(hash(_tuples(made)))


def _tuples(made: Any) -> Any:
    deep: Any = ()
    while made:
        deep, made = (deep,), made[0]
    return deep


@toolbox.tool
def match_for_ever() -> str:
    return str(re.match(r"(a+)+$", "a" * 40 + "b"))


@toolbox.tool
def wait_for_ever() -> str:
    threading.Event().wait()
    return "set"


@toolbox.tool
def wait_for_itself() -> str:
    lock = threading.Lock()
    with lock, lock:
        return "twice"


@toolbox.tool
def stop_itself() -> str:
    os.kill(os.getpid(), signal.SIGSTOP)
    return "woken"


@toolbox.tool
def stop_its_parent() -> str:
    os.kill(os.getppid(), signal.SIGSTOP)
    return "stopped it"


@toolbox.tool
def kill_its_parent() -> str:
    os.kill(os.getppid(), signal.SIGKILL)
    return "killed it"


@toolbox.tool
def kill_a_stranger(pid: int) -> str:
    """Kill one process that the test made for it: where the guard fails, nobody else is hit."""
    return "refused" if ctypes.CDLL(None).kill(pid, signal.SIGKILL) else "killed"


@toolbox.tool
def allocate_eight_gigabytes() -> str:
    return str(len(bytearray(8 << 30)))


@toolbox.tool
def allocate_little_by_little() -> str:
    kept = [bytearray(64 << 20) for _ in range(16)]
    return str(len(kept))


@toolbox.tool
def allocate_in_c() -> str:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    place = libc.malloc(ctypes.c_size_t(8 << 30))
    return "got it" if place else "none"


@toolbox.tool
def map_shared_memory() -> str:
    with mmap.mmap(-1, 8 << 30) as shared:
        return str(len(shared))


@toolbox.tool
def answer_too_much() -> list[str]:
    return ["m" * (64 << 20)] * 8


@toolbox.tool
def burn() -> str:
    def turn() -> None:
        while True:
            pass

    threading.Thread(target=turn, daemon=True).start()
    turn()
    return "cold"


@toolbox.tool
def write_one_huge_file() -> str:
    with tempfile.TemporaryFile() as scratch:
        for _ in range(64):
            scratch.write(b"\0" * (1 << 20))
    return "written"


@toolbox.tool
def fill_the_temporary_folder() -> str:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(64):
            Path(folder, str(number)).write_bytes(b"\0" * (1 << 20))
    return "filled"


@toolbox.tool
def open_many_files() -> str:
    return str(len([open("/dev/null") for _ in range(100_000)]))


@toolbox.tool
def fork_bomb() -> str:
    """As many processes as it may, each out of reach of its group; no more than 300 ever."""
    libc = ctypes.PyDLL(None)
    for _ in range(300):
        if libc.fork() == 0:
            libc.setsid()
            break
    os.read(os.pipe()[0], 1)
    return "not one too many"


@toolbox.tool
def leave_a_grandchild() -> str:
    """A process that leaves its group and its parent."""
    libc = ctypes.PyDLL(None)
    if libc.fork() == 0:
        libc.setsid()
        if libc.fork() == 0:
            Path("grandchild").write_text(os.readlink("/proc/self"))
            os.read(os.pipe()[0], 1)
        os._exit(0)
    while not (Path("grandchild").exists() and (pid := Path("grandchild").read_text())):
        os.sched_yield()
    return f"left {pid}"


@toolbox.tool
def exec_in_c() -> str:
    libc = ctypes.CDLL(None)
    arguments = (ctypes.c_char_p * 2)(b"true", None)
    libc.execv(b"/bin/true", arguments)
    return "still me"


@toolbox.tool
def handle_signals() -> str:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGCHLD, signal.SIGXCPU):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    while True:
        pass


@toolbox.tool
def ring_an_alarm() -> str:
    signal.alarm(1)
    os.read(os.pipe()[0], 1)
    return "slept through"


@toolbox.tool
def change_the_process() -> str:
    os.chdir("/")
    os.umask(0o777)
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    os.environ.clear()
    sys.path.clear()
    return "changed"


@toolbox.tool
def close_stdout() -> str:
    sys.stdout.close()
    sys.stderr.close()
    os.close(1)
    os.close(2)
    return "closed"


@toolbox.tool
def print_for_ever() -> str:
    while True:
        os.write(1, b"x" * 65_536)


@toolbox.tool
def print_without_end_of_line() -> str:
    os.write(1, b"\x00replay:guess:1.1\n" * 3 + b"\xff\x00" * 100)
    return "printed"


@toolbox.tool
def remove_its_working_folder() -> str:
    if not Path("expendable").exists():
        return "not this one"
    shutil.rmtree(os.getcwd())
    return "removed"


@toolbox.tool
def leave_threads() -> str:
    def turn() -> None:
        while True:
            socket.socket().close()

    for _ in range(3):
        threading.Thread(target=turn, daemon=True).start()
    return "left"


@toolbox.tool
def break_our_json() -> Any:
    class Odd(dict[str, int]):
        def items(self) -> Any:
            os._exit(3)

    return Odd(a=1)
