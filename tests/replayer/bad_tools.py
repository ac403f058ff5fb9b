"""Every way in which a tool can misbehave, each as a real tool."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
import urllib.request
from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("bad")


@toolbox.world
def world() -> dict[str, int]:
    return {"count": 0}


@toolbox.tool
def count(world: dict[str, int]) -> int:
    world["count"] += 1
    return world["count"]


@toolbox.tool
def call_sys_exit() -> str:
    sys.exit(3)


@toolbox.tool
def call_os_exit() -> str:
    os._exit(7)


@toolbox.tool
def segfault() -> str:
    ctypes.string_at(0)
    return "alive"


@toolbox.tool
def hang() -> str:
    while True:
        pass


@toolbox.tool
def hang_for_real() -> str:
    os.read(os.pipe()[0], 1)
    return "woken"


@toolbox.tool
def sleep_for_ever() -> str:
    time.sleep(1_000_000)
    return "rested"


@toolbox.tool
def recurse() -> str:
    return recurse() + "!"


@toolbox.tool
def fork() -> str:
    return "child" if os.fork() == 0 else "parent"


@toolbox.tool
def flood() -> str:
    for _ in range(2_000):
        print("x" * 1_000)
    return "dry"


@toolbox.tool
def talk() -> str:
    print("by Python")
    os.write(1, b"by descriptor\n")
    print("to stderr", file=sys.stderr)
    subprocess.run(["echo", "by a child"], check=True)
    return "ok"


@toolbox.tool
def close_everything() -> str:
    os.closerange(0, 256)
    return "closed"


@toolbox.tool
def write_on_our_pipe() -> str:
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff" * 64)
        except OSError:
            continue
    return "written"


@toolbox.tool
def return_a_set_of_objects() -> Any:
    return {object()}


@toolbox.tool
def return_nan() -> float:
    return float("nan")


@toolbox.tool
def return_surrogates() -> str:
    return "half \ud83d and \x00"


@toolbox.tool
def return_much() -> str:
    return "m" * 50_000_000


@toolbox.tool
def leave_a_thread() -> str:
    threading.Thread(target=time.sleep, args=(1_000,), daemon=False).start()
    return "left"


@toolbox.tool
def ask_the_world() -> str:
    return str(urllib.request.urlopen("http://127.0.0.1:9/never").read())


@toolbox.tool
def interrupt_itself() -> str:
    raise KeyboardInterrupt


@toolbox.tool
async def wait_and_exit() -> str:
    os._exit(9)


@toolbox.tool
async def wait_well() -> str:
    return "well"
