"""Which limit a process that ended is said to have run into, from what it left behind."""

from __future__ import annotations

import os
import resource
import signal

import pytest

from replay.replayer.sandbox.holding import limit_of_end, peak_bytes
from replay.replayer.sandbox.limits import limits_of

MIB = 1 << 20
HALF_A_GIB = limits_of(["memory=512MiB"])


@pytest.mark.parametrize(
    ("status", "words", "peak", "limit"),
    [
        (-signal.SIGSEGV, "", 400 * MIB, "limit: memory 512 MiB"),
        (-signal.SIGSEGV, "", 100 * MIB, None),
        (-signal.SIGSEGV, "", None, None),
        (-signal.SIGKILL, "", 400 * MIB, None),
        (-signal.SIGABRT, "terminate called: std::bad_alloc", None, "limit: memory 512 MiB"),
        (
            -signal.SIGSEGV,
            'Current thread (most recent call first):\n  File "/their/tool.py", line 3 in draw',
            400 * MIB,
            None,
        ),
    ],
)
def test_the_limit_that_ended_a_process(
    status: int, words: str, peak: int | None, limit: str | None
) -> None:
    assert limit_of_end(status, words, HALF_A_GIB, peak) == limit


def test_without_a_limit_no_memory_is_too_much() -> None:
    unlimited = limits_of(["memory=off"])

    assert limit_of_end(-signal.SIGSEGV, "", unlimited, 1 << 40) is None


def test_the_memory_that_a_process_held_is_seen_at_its_end() -> None:
    pid = os.fork()
    if pid == 0:
        held = bytearray(os.urandom(1)) * (200 * MIB)
        os._exit(0 if held else 1)
    _, _, used = os.wait4(pid, 0)

    assert (
        200 * MIB
        < peak_bytes(used)
        < 200 * MIB + 2 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    )
