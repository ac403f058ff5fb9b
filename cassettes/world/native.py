"""What C code and the kernel tell past our hooks: held where it can be, else said.

A label on the call's cassette names the source and the place in the user's code: the address of an
object, a thread's number, the kernel's tables under ``/proc``, timers that the kernel keeps.
"""

from __future__ import annotations

import io
import os
import signal
import ssl
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from cassettes.hooks.imports import when_imported
from cassettes.hooks.unbound import unbound
from cassettes.places import is_installed, is_users, site_of
from cassettes.scope import Scope, current
from cassettes.world.entropy import OWN
from cassettes.world.turns import here

_CHANCE_FILES: Final = frozenset({"/dev/urandom", "/dev/random"})
_CHANCE_BYTES: Final = 65_536
_RESIDENT_KIB: Final = 65_536
"""What the process says to have used of memory."""
_THREAD_ID: Final = 7_000_001
"""The main thread's, which is the process's."""


def install_native() -> None:
    """Hook files of chance, the numbers of threads, and what only can be labelled."""
    _hold_chance_files()
    _hold_ssl()
    _pin_native_ids()
    sys.addaudithook(_audit)
    _labelled(threading, "get_ident", "depends on the number of a thread", own=True)
    for name in ("alarm", "setitimer"):
        _labelled(signal, name, f"sets a timer of the real clock with signal.{name}()")
    _labelled(os, "statvfs", "reads how full a disk is")
    when_imported("resource", _resource)


def _resource(module: Any) -> None:
    real = module.getrusage

    def getrusage(who: int, /) -> Any:
        scope = _replayed()
        if scope is None or scope.clock is None:
            return real(who)
        used_s = scope.clock.monotonic_ns() / 1e9
        return module.struct_rusage((used_s, 0.0, _RESIDENT_KIB, *[0] * 13))

    module.getrusage = unbound(getrusage, real)


def _replayed() -> Scope | None:
    scope = current.get()
    if scope is None or scope.clock is None or scope.cassette is None or scope.imports:
        return None
    return scope


def _labelled(module: Any, name: str, what: str, *, own: bool = False) -> None:
    """Let ``module.name`` say ``what`` when it is called; ``own``: only by the user's own code."""
    real: Callable[..., Any] | None = getattr(module, name, None)
    if real is None:
        return

    def call(*args: Any, **kwargs: Any) -> Any:
        scope = _replayed()
        if scope is not None:
            frame = sys._getframe(1)
            if not own or is_users(frame):
                assert scope.cassette is not None
                scope.cassette.label(what, frame)
        return real(*args, **kwargs)

    setattr(module, name, unbound(call, real))


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event == "builtins.id":
        frame = sys._getframe(1)
        # Python and packages ask for addresses all day, as keys of tables that nobody sees.
        if is_users(frame) and not is_installed(frame):
            scope = _replayed()
            if scope is not None:
                assert scope.cassette is not None
                scope.cassette.label("depends on the address of an object", frame)
    elif event == "open":
        path = args[0]
        if isinstance(path, str) and path.startswith("/proc/"):
            scope = _replayed()
            if scope is not None and site_of(sys._getframe(1)):
                assert scope.cassette is not None
                scope.cassette.label(f"reads {path}", sys._getframe(1))


def _hold_chance_files() -> None:
    import builtins

    real_open, real_os_open = io.open, os.open

    def open_(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if _is_chance(file) and _draws():
            return real_open(_drawn(), mode, *args, **kwargs)
        return real_open(file, mode, *args, **kwargs)

    def os_open(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        if _is_chance(path) and _draws():
            return _drawn()
        return real_os_open(path, flags, *args, **kwargs)

    builtins.open = io.open = unbound(open_, real_open)
    os.open = unbound(os_open, real_os_open)


def _is_chance(path: Any) -> bool:
    return isinstance(path, str | os.PathLike) and os.fspath(path) in _CHANCE_FILES


def _draws() -> bool:
    scope = current.get()
    return scope is not None and scope.entropy is not None and hasattr(os, "memfd_create")


def _drawn() -> int:
    """Return a descriptor from which the scope's own chance is read; it ends after 64 KiB."""
    scope = current.get()
    assert scope is not None
    assert scope.entropy is not None
    descriptor = os.memfd_create("urandom")
    os.write(descriptor, scope.entropy.take_bytes(_CHANCE_BYTES, sys._getframe(2), OWN))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _hold_ssl() -> None:
    real = ssl.RAND_bytes

    def rand_bytes(n: int, /) -> bytes:
        scope = current.get()
        if scope is None or scope.entropy is None:
            return real(n)
        return scope.entropy.take_bytes(n, sys._getframe(1), OWN)

    ssl.RAND_bytes = unbound(rand_bytes, real)


def _pin_native_ids() -> None:
    real = threading.get_native_id

    def get_native_id() -> int:
        scope = current.get()
        if scope is None or scope.clock is None:
            return real()
        return _THREAD_ID + here().number

    def native_id(self: Any) -> int | None:
        scope = current.get()
        turn = self.__dict__.get("_cassettes_turn")
        if self._native_id is None or scope is None or scope.clock is None:
            real_id: int | None = real_of_thread(self)
            return real_id
        return _THREAD_ID + (0 if turn is None else turn.number)

    real_of_thread: Any = threading.Thread.native_id.fget  # type: ignore[attr-defined]
    threading.get_native_id = unbound(get_native_id, real)
    threading.Thread.native_id = property(native_id)  # type: ignore[assignment]
