"""The conditions under which recorded calls run again: as a replay holds them, or with one let go.

What a replay holds still is let go one at a time to see what a result depends on. What it does not
look at (the number of workers, the load of the machine, where the home folder is) may change
nothing at all.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_CLOCK_SHIFT_S: Final = 400 * 86_400 + 19_033.123457
"""More than a year, and another time of day."""

# personality(2): 0x0040000 is ADDR_NO_RANDOMIZE, 0xffffffff asks.
_ADDRESSES: Final = (
    "import ctypes, os, sys; p = ctypes.CDLL(None).personality; now = p(0xffffffff); "
    "p({change}); os.execv(sys.argv[1], sys.argv[1:])"
)


CLOCK_TICK_NS: Final = 1_300_000
"""What a read of a clock that is let go takes in addition: then also what took long tells it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One way to run the calls."""

    name: str
    """What is different from the first run; also the label of what depends on it."""
    pinned: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    clock_shift_s: float = 0.0
    salt: str = ""
    elsewhere: bool = False
    """In another working directory; the tools are found all the same."""
    starter: tuple[str, ...] = ()
    jobs: int | None = None
    """None: as many workers as otherwise."""
    has_load: bool = False


def addresses(*, fixed: bool) -> tuple[str, ...]:
    """Return what to put before a command so that its objects' addresses are fixed, or random."""
    change = "now | 0x0040000" if fixed else "now & ~0x0040000"
    return (sys.executable, "-c", _ADDRESSES.format(change=change))


FIRST: Final = Condition("as it is")
_ELSEWHERE: Final = {"HOME": "/", "USER": "somebody", "LANG": "de_DE.UTF-8", "COLUMNS": "33"}

FIXED: Final = Condition("with fixed addresses", starter=addresses(fixed=True))
FREE: Final = Condition("with other addresses", starter=addresses(fixed=False))
AGAIN: Final = Condition("again")
HELD: Final = (
    AGAIN,
    Condition("with another number of workers", jobs=0),
    Condition("under load", has_load=True),
    FREE,
)
"""Nothing that a replay holds is let go: whatever differs here is not deterministic.
``jobs`` 0 stands for another number than the first run's."""

LET_GO: Final = Condition(
    "without what a replay holds",
    pinned={"PYTHONHASHSEED": "1", "TZ": "Asia/Kolkata", "LC_ALL": "C", **_ELSEWHERE},
    clock_shift_s=_CLOCK_SHIFT_S,
    salt="other\0",
    elsewhere=True,
)
"""Everything that a replay holds, at once."""

SOURCES: Final = (
    Condition("clock", clock_shift_s=_CLOCK_SHIFT_S),
    Condition("entropy", salt="other\0"),
    Condition("hash order", pinned={"PYTHONHASHSEED": "1"}),
    Condition("hash order", pinned={"PYTHONHASHSEED": "2"}),
    Condition("timezone", pinned={"TZ": "Asia/Kolkata"}),
    Condition("environment", pinned={"LC_ALL": "C", **_ELSEWHERE}),
    Condition("working directory", elsewhere=True),
)
"""One source at a time; the name is the label. Two hash seeds: small sets agree by chance."""
