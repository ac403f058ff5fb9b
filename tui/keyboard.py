"""What is typed, and when Esc is a key of its own and not the beginning of an arrow key."""

from __future__ import annotations

import os
from codecs import getincrementaldecoder
from select import select
from typing import Final

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

_LOOK_S: Final = 0.1
"""So often it is looked whether the program ends."""
_ESCAPE: Final = "\x1b"
_READ_SIZE: Final = 4096


class Keyboard(LinuxDriver):
    """Textual's terminal, in which Esc takes the time that ``ESCDELAY`` says.

    Textual's own loop looks for that time only every 100 ms, however short it is.
    """

    def run_input_thread(self) -> None:
        """Hand on what is typed until the program ends."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        is_open = False
        while not self.exit_event.is_set():
            if self._is_typed(constants.ESCAPE_DELAY if is_open else _LOOK_S) or (
                is_open and self._is_typed(0)
            ):
                data = os.read(self.fileno, _READ_SIZE)
                if not data:  # the end of the input is there at once, each time
                    self.exit_event.wait(_LOOK_S)
                text = decode(data)
                is_open = is_open or _ESCAPE in text
                if text:  # what is empty would end the parser
                    for message in parser.feed(text):
                        self.process_message(message)
                continue
            # The rest of a sequence would have come by now, or while this thread had to wait for
            # the interpreter: then it was read just now, before the time is looked at.
            is_open = False
            for message in parser.tick():
                self.process_message(message)

    def _is_typed(self, wait_s: float) -> bool:
        ready, _, _ = select([self.fileno], [], [], wait_s)
        return bool(ready)
