"""The terminal that the program is shown in: gone, there is nothing to show and nobody to press."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Final

_LOOK_S: Final = 1.0
GONE_CODE: Final = 128 + signal.SIGHUP
"""What a program ends with that its terminal hung up on."""


def end_with_terminal(descriptor: int = 0) -> None:
    """End this process soon after its terminal is gone, in a thread of its own.

    Mostly SIGHUP says so first. A process that was stopped then, or that runs in a session of its
    own, gets none, and would read the end of its input for ever, at a fifth of a core. Nothing is
    lost: the program only reads the database.
    """
    threading.Thread(target=_watch, args=(descriptor,), daemon=True).start()


def _watch(descriptor: int) -> None:
    while os.isatty(descriptor):
        time.sleep(_LOOK_S)
    os._exit(GONE_CODE)
