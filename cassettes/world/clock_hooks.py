"""Clock reads and sleeps of this process, answered by the clock of the scope in force.

time-machine supplies the C-level hook, once: it reaches ``from datetime import datetime`` and
``default_factory=datetime.now`` alike. Its traveller asks us for the time of the moment.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import time
import types
from collections.abc import Callable
from typing import Any

from cassettes.hooks.unbound import unbound
from cassettes.scope import current
from cassettes.world.clock import Clock

_real_sleep = time.sleep


def traveller_module() -> Any:
    """Return the module ``time_machine``, imported without pytest.

    It imports pytest where that is installed, to offer a fixture: three quarters of the time it
    takes, and 180 modules more in every fork.
    """
    module = sys.modules.get("time_machine")
    if module is not None:
        return module
    hidden = "pytest" not in sys.modules
    if hidden:
        sys.modules["pytest"] = None  # type: ignore[assignment]  # what makes `import` say no
    try:
        return importlib.import_module("time_machine")
    finally:
        if hidden:
            del sys.modules["pytest"]


def real_wall_ns() -> int:
    """Return the real time in UTC epoch nanoseconds, whatever scope is in force."""
    real: int = traveller_module().escape_hatch.time.time_ns()
    return real


def _clock() -> Clock | None:
    scope = current.get()
    return None if scope is None else scope.clock


def install_clock() -> None:
    """Hook wall clocks, monotonic clocks and ``time.sleep``."""
    _hook_wall_clocks()
    for name in ("monotonic", "perf_counter", "process_time", "thread_time"):
        _replace(name, _seconds(getattr(time, name)))
        _replace(f"{name}_ns", _nanoseconds(getattr(time, f"{name}_ns")))
    _hook_clock_gettime()
    _hook_text_clocks()
    _hook_process_times()
    _replace("sleep", _sleep)


def _replace(name: str, function: Callable[..., Any]) -> None:
    setattr(time, name, unbound(function, getattr(time, name)))


def _hook_wall_clocks() -> None:
    time_machine = traveller_module()
    traveller: Any = time_machine.travel(0, tick=False).start()
    real_ns = time_machine.escape_hatch.time.time_ns

    def time_ns() -> int:
        clock = _clock()
        return real_ns() if clock is None else clock.wall_ns()

    def seconds() -> float:
        return time_ns() / 1e9

    traveller.time_ns = time_ns
    traveller.time = seconds
    _keep_logging_apart(real_ns)


def _keep_logging_apart(real_ns: Callable[[], int]) -> None:
    """Logging reads the clock for each record; the log level must not move the tool's time."""

    def quiet_ns() -> int:
        clock = _clock()
        return real_ns() if clock is None else clock.quiet_wall_ns()

    apart = types.ModuleType("time")
    apart.__dict__.update(vars(time))
    apart.__dict__.update(time_ns=quiet_ns, time=lambda: quiet_ns() / 1e9)
    logging.time = apart  # type: ignore[attr-defined]


def _seconds(real: Callable[[], float]) -> Callable[[], float]:
    def read() -> float:
        clock = _clock()
        return real() if clock is None else clock.monotonic_ns() / 1e9

    return read


def _nanoseconds(real: Callable[[], int]) -> Callable[[], int]:
    def read() -> int:
        clock = _clock()
        return real() if clock is None else clock.monotonic_ns()

    return read


def _hook_clock_gettime() -> None:
    if not hasattr(time, "clock_gettime"):
        return
    real, real_ns = time.clock_gettime, time.clock_gettime_ns

    def clock_gettime(clock_id: int, /) -> float:
        clock = _clock()
        if clock is None or clock_id == time.CLOCK_REALTIME:
            return real(clock_id)
        return clock.monotonic_ns() / 1e9

    def clock_gettime_ns(clock_id: int, /) -> int:
        clock = _clock()
        if clock is None or clock_id == time.CLOCK_REALTIME:
            return real_ns(clock_id)
        return clock.monotonic_ns()

    _replace("clock_gettime", clock_gettime)
    _replace("clock_gettime_ns", clock_gettime_ns)


def _hook_text_clocks() -> None:
    # time-machine (3.6) leaves ctime() and asctime() without an argument alone.
    real_asctime, real_ctime = time.asctime, time.ctime

    def asctime(moment: Any = None, /) -> str:
        return real_asctime(time.localtime() if moment is None else moment)

    def ctime(seconds: float | None = None, /) -> str:
        return real_asctime(time.localtime()) if seconds is None else real_ctime(seconds)

    _replace("asctime", asctime)
    _replace("ctime", ctime)


def _hook_process_times() -> None:
    real = os.times

    def times() -> os.times_result:
        clock = _clock()
        if clock is None:
            return real()
        seconds = clock.monotonic_ns() / 1e9
        return os.times_result((seconds, 0.0, 0.0, 0.0, seconds))

    os.times = unbound(times, real)


def _sleep(seconds: float, /) -> None:
    clock = _clock()
    if clock is None:
        _real_sleep(seconds)
        return
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    clock.block(seconds)
