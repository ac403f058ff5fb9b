"""Which limit a process that ended is said to have run into, from its last words."""

from __future__ import annotations

import signal

import pytest

from replay.replayer.sandbox.holding import limit_of_end
from replay.replayer.sandbox.limits import limits_of

LIMIT = "limit: memory 512 MiB"
ELSEWHERE = 'Current thread (most recent call first):\n  File "/their/tool.py", line 3 in draw'


@pytest.mark.parametrize(
    ("status", "words", "limit"),
    [
        (-signal.SIGSEGV, "", f"Perhaps {LIMIT} (it broke without a word)"),
        (-signal.SIGSEGV, ELSEWHERE, None),
        (-signal.SIGKILL, "", None),
        (-signal.SIGABRT, "terminate called: std::bad_alloc", LIMIT),
    ],
)
def test_the_limit_that_ended_a_process(status: int, words: str, limit: str | None) -> None:
    assert limit_of_end(status, words, limits_of(["memory=512MiB"])) == limit


def test_without_a_limit_none_is_named() -> None:
    assert limit_of_end(-signal.SIGSEGV, "", limits_of(["memory=off"])) is None
