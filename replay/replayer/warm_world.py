"""A world that is made once, before the worker forks, and that every fork then has to itself.

Loading a database of five megabytes takes longer than all calls of a conversation. A factory that
takes no start makes the same world for each trace, so it may be made once, and each fork gets its
copy by the way memory works. That is right only if the world is nothing but memory: a factory that
writes, connects or starts something, keeps a file open, or reads the clock or draws, is called for
each trace.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from pathlib import Path
from typing import Any

import cassettes
from cassettes.scope import current
from replay.replayer.known_again import KnownAgain
from replay.replayer.snapshots import WorldNotPortable, read_world

_REACHES_OUT = frozenset(
    {
        "os.mkdir",
        "os.rename",
        "os.remove",
        "os.symlink",
        "os.link",
        "os.putenv",
        "os.chdir",
        "os.fork",
        "os.posix_spawn",
        "os.system",
        "subprocess.Popen",
        "socket.__new__",
        "sqlite3.connect",
        "tempfile.mkstemp",
        "tempfile.mkdtemp",
        "mmap.__new__",
        "pty.spawn",
        "shutil.copyfile",
        "shutil.copytree",
        "_thread.start_new_thread",
    }
)
_WRITES = frozenset("wxa+")


class WarmWorld:
    """A toolbox's world, made ahead of the first trace where that changes nothing."""

    def __init__(self, toolbox: Any) -> None:
        self.world: Any = None
        self.is_made = False
        """False: the world must be made for each trace."""
        self.known: KnownAgain | None = None
        """What placeholders stand for in it; None: no trace has asked yet."""
        self._kept: dict[str, Any] = {}
        factory = toolbox.world_factory
        if factory is None or factory.takes_start or factory.is_async:
            return
        self._try(factory)

    def keep(self, path: str) -> None:
        """Read a world that was written down, for every fork from now on."""
        if path in self._kept:
            return
        try:
            self._kept = {path: read_world(Path(path))}
        except WorldNotPortable:
            return  # whoever wants it reads it again, and says why it cannot
        gc.freeze()

    def take(self, path: str) -> Any:
        """Return the world of the file ``path``; a fork has a kept one to itself, once.

        Raises:
            WorldNotPortable: today's code cannot take it over.
        """
        if path in self._kept:
            return self._kept.pop(path)
        return read_world(Path(path))

    def _try(self, factory: Any) -> None:
        watch = _Watch()
        nothing = cassettes.Cassette("world", mode="replay")
        try:
            open_before = _open_files()
            with watch, cassettes.freeze(nothing, at=0.0, seed="world"):
                made = factory.begin(None)
                drew = _drew()
        except BaseException:  # noqa: BLE001 -- it is made again for a trace, which then says why
            return
        is_plain = not hasattr(made, "__enter__") and not hasattr(made, "__next__")
        is_plain = is_plain and _open_files() <= open_before
        if is_plain and not drew and not watch.reached_out and not nothing.asked:
            self.world = made
            self.is_made = True


def _drew() -> bool:
    """Return whether the scope in force was asked for the time or for a random draw."""
    scope = current.get()
    assert scope is not None
    if scope.clock is not None and scope.clock.reads:
        return True
    entropy = scope.entropy
    return entropy is not None and (entropy.draws > 0 or entropy._generator is not None)


def _open_files() -> set[str]:
    """Return the descriptors of this process, and that of the listing itself.

    Forks share the place in an open file: each would read on where another one stopped.
    """
    return set(os.listdir("/dev/fd"))


class _Watch:
    """Notes whether the code inside touched anything but memory (files that are read are fine)."""

    def __init__(self) -> None:
        self.reached_out = False
        self._is_on = False

    def __enter__(self) -> _Watch:
        self._thread = threading.get_ident()
        self._is_on = True
        sys.addaudithook(self._hear)
        return self

    def __exit__(self, *exc: object) -> None:
        self._is_on = False

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._is_on and (event in _REACHES_OUT or (event == "open" and _writes(*arguments[1:]))):
            self.reached_out = True


def _writes(mode: str | None, flags: int) -> bool:
    """Return whether a file is opened for more than reading."""
    if mode is not None:
        return bool(_WRITES & set(mode))
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
