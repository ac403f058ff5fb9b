"""In a worker that is looked at: where each call read the clock or drew, and with which value.

Wrapped around the frozen world only in such a worker, so that others pay nothing.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import cassettes
from cassettes.scope import current
from cassettes.world.clock import Clock
from cassettes.world.entropy import Entropy
from replay.records import JsonObject

CLOCK, ENTROPY = "clock", "entropy"
_SITES_MAX: Final = 64
_OWN: Final = (
    os.path.dirname(os.path.abspath(cassettes.__file__)) + os.sep,
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep,
)
_PYTHONS: Final = (
    sysconfig.get_paths()["stdlib"] + os.sep,
    sysconfig.get_paths()["platstdlib"] + os.sep,
    os.path.dirname(os.__file__) + os.sep,
    "<",
)
_PACKAGES: Final = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")

_found: dict[str, dict[tuple[str, str], JsonObject]] = {}


def observe(salt: str, tick_ns: int) -> None:
    """Note from now on what calls read and draw.

    ``salt`` changes every draw that is seeded; each read of a clock takes ``tick_ns`` more.
    """
    _wrap_clock(tick_ns)
    _wrap_entropy(salt)


def sources_of(call_id: str) -> list[JsonObject]:
    """Return where the call read the clock and drew, each with its first value; forgets it."""
    return list(_found.pop(call_id, {}).values())


def _wrap_clock(tick_ns: int) -> None:
    real = Clock.read_ns

    def read_ns(self: Clock) -> int:
        self._moved_ns += tick_ns
        read = real(self)
        _note(CLOCK, (self.start_ns + read) / 1e9)
        return read

    Clock.read_ns = read_ns  # type: ignore[method-assign]


def _wrap_entropy(salt: str) -> None:
    real_init, real_bytes = Entropy.__init__, Entropy.take_bytes
    real_generator: Callable[[Entropy], Any] = Entropy.generator.fget  # type: ignore[attr-defined]

    def __init__(self: Entropy, seed: str, cassette: cassettes.Cassette | None = None) -> None:
        # Without what was recorded, where the draws are to be others.
        real_init(self, salt + seed, None if salt else cassette)

    def take_bytes(
        self: Entropy, size: int, frame: FrameType | None = None, kind: str = ""
    ) -> bytes:
        drawn = real_bytes(self, size, frame or sys._getframe(1), kind)
        _note(ENTROPY, drawn.hex())
        return drawn

    def generator(self: Entropy) -> Any:
        _note(ENTROPY, None)
        return real_generator(self)

    Entropy.__init__ = __init__  # type: ignore[method-assign]
    Entropy.take_bytes = take_bytes  # type: ignore[method-assign]
    Entropy.generator = property(generator)  # type: ignore[method-assign,assignment]


def _note(kind: str, value: Any) -> None:
    scope = current.get()
    if scope is None or scope.cassette is None:
        return
    where = users_line(sys._getframe(2))
    if where is None:
        return
    seen = _found.setdefault(scope.cassette.name, {})
    if len(seen) < _SITES_MAX:
        seen.setdefault((kind, where), {"kind": kind, "where": where, "value": value})


def users_line(frame: FrameType | None) -> str | None:
    """Return the first line outwards that is the user's, else a library's; None: it is ours."""
    library = None
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(_OWN) and not path.startswith(_OWN[0]):
            break  # replay called the tool: nothing further out is the user's
        if not path.startswith((_OWN[0], *_PYTHONS)):
            line = f"{_short(path)}:{frame.f_lineno} in {frame.f_code.co_name}"
            if not any(folder in path for folder in _PACKAGES):
                return line
            library = library or line
        frame = frame.f_back
    return library


def _short(path: str) -> str:
    for folder in sys.path:
        if folder and path.startswith(folder + os.sep):
            return path[len(folder) + 1 :]
    return path
