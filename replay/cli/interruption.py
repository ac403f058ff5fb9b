"""Ctrl-C: noticed whatever the interrupted code makes of it, and at a place where nothing is lost.

Python raises KeyboardInterrupt between any two instructions; a library may swallow it there, or
make another error of it (pydantic: SchemaError). So it is also written down.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any


class CtrlC:
    """Whether Ctrl-C was pressed during this command."""

    def __init__(self) -> None:
        self.was_pressed = False

    def check(self) -> None:
        """Stop here when it was.

        Raises:
            KeyboardInterrupt: it was pressed.
        """
        if self.was_pressed:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def noticed(self) -> Iterator[None]:
        """Note each Ctrl-C while the block runs, and raise it as Python does."""
        self.was_pressed = False

        def note(number: int, frame: Any) -> None:
            self.was_pressed = True
            raise KeyboardInterrupt

        with _handler(note):
            yield

    @contextlib.contextmanager
    def calls(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call ``stop`` at the first Ctrl-C while the block runs; a second one ends the process."""

        def end(number: int, frame: Any) -> None:
            self.was_pressed = True
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            stop()

        with _handler(end):
            yield


@contextlib.contextmanager
def _handler(handler: Callable[[int, Any], None]) -> Iterator[None]:
    """Handle SIGINT so; not in a thread, nor where the shell has it ignored (``command &``)."""
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    if not is_main or before in (signal.SIG_IGN, None):
        yield
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


ctrl_c = CtrlC()
