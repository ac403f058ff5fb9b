"""In the worker: the debugger that a tool of the user's stops in.

The worker's stdin and stdout are its conversation with the pool, so the terminal is opened by name.
The call runs as in every replay, in its frozen world: a person who thinks costs no virtual time.
"""

from __future__ import annotations

import bdb
import functools
import inspect
import os
import pdb
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, TracebackType
from typing import Any, Final

from cassettes.scope import current
from replay.records import JsonObject
from replay.tools import call as life

_OURS: Final = ("replay.replayer.*", "replay.tools.*", "cassettes.*")
"""Nobody steps into these."""
_ATTENDED: Final[set[CodeType]] = set()
"""The functions of ours that call a tool: what is above them is the tool's."""


def stop_in(asked: JsonObject) -> None:
    """Have the tool of one call stopped in.

    ``asked``: ``call_id``, ``terminal`` (the name of its device), ``term`` (what kind it is),
    ``post_mortem`` (True: stop only where the tool raises).
    """
    _use_terminal(asked["terminal"])
    namespace = vars(life)
    bound_call = namespace["bound_call"]

    def stopped_call(*args: Any) -> Any:
        step = bound_call(*args)
        scope = current.get()
        cassette = None if scope is None else scope.cassette
        if cassette is not None and cassette.name == asked["call_id"]:
            debugger = ToolDebugger(asked["term"], only_errors=asked["post_mortem"])
            step.function = _stopped(step.function, debugger)
            step.deadline_s = None  # a person needs longer, and its own thread has no Ctrl-C
        return step

    namespace["bound_call"] = stopped_call


def _use_terminal(device: str) -> None:
    terminal = os.open(device, os.O_RDWR | os.O_NOCTTY)
    for descriptor in (0, 1, 2):
        os.dup2(terminal, descriptor)
    os.close(terminal)


def _stopped(function: Callable[..., Any], debugger: ToolDebugger) -> Callable[..., Any]:
    code = code_of(function)
    if inspect.iscoroutinefunction(function):

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with debugger.attends(code):
                return await function(*args, **kwargs)

        _ATTENDED.add(awaited.__code__)
        return awaited

    def called(*args: Any, **kwargs: Any) -> Any:
        with debugger.attends(code):
            return function(*args, **kwargs)

    _ATTENDED.add(called.__code__)
    return called


def code_of(function: Callable[..., Any]) -> CodeType | None:
    """Return the code that a tool's author wrote; None: it is not written in Python."""
    inner: Any = function
    while True:
        if isinstance(inner, functools.partial):
            inner = inner.func
        elif inspect.ismethod(inner):
            inner = inner.__func__
        elif hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        elif not inspect.isroutine(inner):  # an object that is called as a function
            inner = type(inner).__call__
        else:
            return getattr(inner, "__code__", None)


def first_line(code: CodeType) -> int:
    """Return the number of the first line that runs when ``code`` is called."""
    lines = [line for _, _, line in code.co_lines() if line is not None]
    return next((line for line in lines if line > code.co_firstlineno), code.co_firstlineno)


class ToolDebugger(pdb.Pdb):
    """pdb for one call: stops at the tool's first line, and where it raises."""

    def __init__(self, term: str, *, only_errors: bool) -> None:
        """``term``: what the terminal can do, for line editing; the tool does not see it."""
        super().__init__(skip=list(_OURS), nosigint=True)  # pdb's handler writes: ours does not
        self._term = term
        self._only_errors = only_errors
        self._entry: tuple[str, int] | None = None
        self._is_telling = False
        self._is_interrupted = False
        self.is_left = False

    @contextmanager
    def attends(self, code: CodeType | None) -> Iterator[None]:
        """Debug what the block calls: ``code`` is the tool's, None where it has no source."""
        with self._interrupts():
            yield from self._attended(code)

    def _attended(self, code: CodeType | None) -> Iterator[None]:
        try:
            if not self._only_errors:
                self._stop_at(code)
            yield
        except Exception as error:
            sys.settrace(None)
            self._look_back(error)
            raise
        finally:
            sys.settrace(None)

    def _stop_at(self, code: CodeType | None) -> None:
        if code is None:
            self.message("The tool has no Python source: it runs to its end.")
            return
        self.reset()
        self._entry = (code.co_filename, first_line(code))
        if problem := self.set_break(*self._entry):
            self.message(f"Cannot stop in {code.co_filename}: {problem}")
            return
        # As after `continue`: on until a breakpoint. Frames below this one are never stopped in.
        self.botframe = sys._getframe(1)
        self._set_stopinfo(self.botframe, None, -1)  # type: ignore[attr-defined]  # bdb's
        sys.settrace(self.trace_dispatch)

    def _look_back(self, error: Exception) -> None:
        trace = _own_part(error.__traceback__)
        if self.is_left or trace is None:
            return
        self.message(f"\nThe tool raised {type(error).__name__}: {error}")
        self.message("Looking back from there: `q` goes on.")
        self.reset()
        self.interaction(None, trace)
        self.forget()

    @contextmanager
    def _interrupts(self) -> Iterator[None]:
        try:
            before = signal.signal(signal.SIGINT, self.sigint_handler)
        except ValueError:  # signals are the main thread's, and the tool runs in another
            yield
            return
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def sigint_handler(self, signum: int, frame: FrameType | None) -> None:
        """Stop as soon as the tool goes on, and say why there.

        A word from here would meet the tool's own print, or pdb's, in the middle: "reentrant call".
        """
        if self.allow_kbdint:  # type: ignore[attr-defined]  # pdb's: at its prompt
            raise KeyboardInterrupt
        if self._is_telling:  # the prompt comes by itself
            return
        self._is_interrupted = True
        sys.settrace(None)  # else bdb's own frames are stopped in, from here on
        self.set_trace(_without_debugger(frame))

    def interaction(self, frame: Any, traceback: Any) -> None:
        """Show where it stands, and ask for commands."""
        self._is_telling = True
        try:
            if self._is_interrupted:
                self._is_interrupted = False
                self.message("\nProgram interrupted: `c` goes on.")
            super().interaction(frame, traceback)
        finally:
            self._is_telling = False

    def user_line(self, frame: FrameType) -> None:
        """Stop at a line; our own breakpoint is gone when a person sees the first one."""
        if self._entry is not None:
            self.clear_break(*self._entry)
            self._entry = None
        super().user_line(frame)

    def get_stack(
        self, f: FrameType | None, t: TracebackType | None
    ) -> tuple[list[tuple[FrameType, int]], int]:
        """Return the frames of the tool and of what it called, without those that called it."""
        stack, at = super().get_stack(f, t)
        ours = [n for n, (frame, _) in enumerate(stack) if frame.f_code in _ATTENDED]
        first = ours[-1] + 1 if ours else 0
        return stack[first:], at - first

    def cmdloop(self, intro: Any = None) -> None:
        """Ask for commands; line editing looks at ``TERM``, which the tool's world has not."""
        os.environ["TERM"] = self._term
        try:
            super().cmdloop(intro)
        finally:
            os.environ.pop("TERM", None)

    def do_quit(self, arg: str) -> bool:
        """Leave the debugger: q(uit), exit.

        The call runs on to its end, and is judged.
        """
        del arg
        self.is_left = True
        self.clear_all_breaks()
        self.set_continue()
        return True

    do_q = do_quit
    do_exit = do_quit

    def do_EOF(self, arg: str) -> bool:
        """Leave the debugger: end of input."""
        self.message("")
        return self.do_quit(arg)


def _without_debugger(frame: FrameType | None) -> FrameType | None:
    """Return the frame that runs the tool, where ``frame`` is one of the debugger's."""
    found, above = frame, frame
    while above is not None:
        if above.f_globals is vars(bdb) or above.f_globals is vars(pdb):
            found = above.f_back
        above = above.f_back
    return found


def _own_part(trace: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback that is the tool's and what it called."""
    while trace is not None and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return trace
