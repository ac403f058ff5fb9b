"""The strict isolation: the calls of one model output in a fork of their own.

The process of the trace runs no tool. It forks for each group of calls; the fork runs them and
hands back the world as a pickle, which is what the next fork starts from. So nothing but the world
goes from one call to the next: no module state, no cache, no open file, no thread.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any, Final, NoReturn

from cassettes.hooks.program_guard import starting_programs
from replay.replayer.frames import read_some, write_all

FAULT_STATUS: Final = 70
"""Exit status of a fork in which our own code failed; its stderr says how."""
_LENGTH_BYTES: Final = 8
_FINAL: Final = frozenset({signal.SIGKILL, signal.SIGSTOP})


class NotCarried:
    """Stands for a world that could not be pickled."""

    def __init__(self, why: str) -> None:
        self.why = why


def run_apart(run: Callable[[], None], world: Callable[[], Any]) -> Any:
    """Run ``run`` in a fork and return what ``world`` gives there afterwards, carried over.

    A fork that dies takes this process with it, in the same way: whoever attends to the trace sees
    what he would see of a call that runs in it. A world that cannot be pickled, or read back, comes
    as `NotCarried`.
    """
    source, sink = os.pipe()
    with starting_programs():
        pid = os.fork()
    if pid == 0:
        os.close(source)
        _be_the_fork(run, world, sink)
    os.close(sink)
    said = _read(source)
    os.close(source)
    _, status = os.waitpid(pid, 0)
    if said is None:
        _end_likewise(os.waitstatus_to_exitcode(status))
    assert said is not None
    try:
        return pickle.loads(said)
    except Exception as error:  # noqa: BLE001 -- the user's objects
        return NotCarried(f"{type(error).__name__}: {error}")


def _be_the_fork(run: Callable[[], None], world: Callable[[], Any], sink: int) -> NoReturn:
    try:
        run()
        said = _pickled(world)
        write_all(sink, len(said).to_bytes(_LENGTH_BYTES, "big") + said)
        os._exit(0)
    except BaseException:  # noqa: BLE001 -- nothing may come back from the fork but its exit
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(FAULT_STATUS)


def _pickled(world: Callable[[], Any]) -> bytes:
    try:
        return pickle.dumps(world(), protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 -- the user's objects; the other side says why
        return pickle.dumps(NotCarried(f"{type(error).__name__}: {error}"))


def _read(source: int) -> bytes | None:
    """Return what the fork said; None when it ended before it had said all."""
    said = bytearray()
    while len(said) < _LENGTH_BYTES or len(said) - _LENGTH_BYTES < _length(said):
        chunk = read_some(source)
        if not chunk:
            return None
        said += chunk
    return bytes(said[_LENGTH_BYTES:])


def _length(said: bytearray) -> int:
    return int.from_bytes(said[:_LENGTH_BYTES], "big")


def _end_likewise(status: int) -> None:
    if status < 0:
        if -status not in _FINAL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
        signal.pause()
    os._exit(status or 1)
