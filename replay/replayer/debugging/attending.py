"""In the worker: an editor attends one call, through debugpy.

debugpy's threads start before the world is frozen, so they stand outside it: their waits are real,
and their connection is there already. The thread that runs the tool is in the frozen world; while a
person looks at it, it waits for them in real time, and its own clock stands still.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import threading
from collections.abc import Callable
from functools import wraps
from types import CodeType
from typing import Any

from cassettes.scope import current
from cassettes.world.turns import aside
from replay.records import JsonObject
from replay.replayer.debugging.stopping import code_of, first_line
from replay.tools import call as life


def attend(asked: JsonObject) -> None:
    """Wait for an editor, and have the tool of one call stopped in at its first line.

    ``asked``: ``call_id``, and ``adapter`` with ``host`` and ``port``.
    """
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # a warning on stderr, else
    try:
        import debugpy
    finally:
        os.environ.pop("PYDEVD_DISABLE_FILE_VALIDATION")
    adapter = asked["adapter"]
    debugpy.configure(subProcess=False)
    debugpy.connect((adapter["host"], adapter["port"]))
    debugpy.wait_for_client()
    _wait_in_real_time()
    namespace = vars(life)
    bound_call = namespace["bound_call"]

    def attended_call(*args: Any) -> Any:
        step = bound_call(*args)
        scope = current.get()
        cassette = None if scope is None else scope.cassette
        if cassette is not None and cassette.name == asked["call_id"]:
            step.function = _stopped(step.function)
            step.deadline_s = None  # a person needs longer
        return step

    namespace["bound_call"] = attended_call


def _wait_in_real_time() -> None:
    """Have the tool's thread wait for the editor for real, not in the time of its world."""
    import pydevd  # type: ignore[import-not-found]  # debugpy's own copy, on the path by now
    from _pydevd_bundle.pydevd_comm import WriterThread  # type: ignore[import-not-found]
    from _pydevd_bundle.pydevd_daemon_thread import (  # type: ignore[import-not-found]
        PyDBDaemonThread,
    )

    for owner, name in (
        (pydevd.PyDB, "do_wait_suspend"),
        (pydevd.PyDB, "notify_thread_created"),
        (WriterThread, "add_command"),
    ):
        setattr(owner, name, _aside(getattr(owner, name)))
    PyDBDaemonThread.start = _start_outside


def _start_outside(thread: threading.Thread) -> None:
    """Start a thread of the debugger's: it takes no turn among those of the tool."""
    token = current.set(None)
    try:
        threading.Thread.start(thread)
    finally:
        current.reset(token)


def _aside(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        with aside():
            return function(*args, **kwargs)

    return called


def _stopped(function: Callable[..., Any]) -> Callable[..., Any]:
    code = code_of(function)
    if code is None:  # not written in Python: it runs to its end
        return function
    if inspect.iscoroutinefunction(function):

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with _Breakpoint(code):
                return await function(*args, **kwargs)

        return awaited

    def called(*args: Any, **kwargs: Any) -> Any:
        with _Breakpoint(code):
            return function(*args, **kwargs)

    return called


class _Breakpoint(contextlib.AbstractContextManager["_Breakpoint"]):
    """A breakpoint of ours at the first line of the tool, while it runs."""

    _ID = 1_000_000_007
    """No editor counts that far."""

    def __init__(self, code: CodeType) -> None:
        self.code = code

    def __enter__(self) -> _Breakpoint:
        import pydevd
        from _pydevd_bundle.pydevd_api import PyDevdAPI  # type: ignore[import-not-found]

        debugger = pydevd.get_global_debugger()
        if debugger is not None:
            with aside():
                PyDevdAPI().add_breakpoint(
                    debugger,
                    self.code.co_filename,
                    "python-line",
                    self._ID,
                    first_line(self.code),
                    None,
                    "None",
                    None,
                    "NONE",
                    None,
                    False,
                )
                debugger.enable_tracing()
        return self

    def __exit__(self, *_: object) -> None:
        import pydevd
        from _pydevd_bundle.pydevd_api import PyDevdAPI

        debugger = pydevd.get_global_debugger()
        if debugger is not None:
            with aside(), contextlib.suppress(KeyError):
                PyDevdAPI().remove_breakpoint(
                    debugger, self.code.co_filename, "python-line", self._ID
                )
