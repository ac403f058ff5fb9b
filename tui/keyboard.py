"""What is typed, and when Esc is a key of its own and not the beginning of an arrow key."""

from __future__ import annotations

import os
import re
from codecs import getincrementaldecoder
from select import select
from typing import ClassVar, Final

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

_LOOK_S: Final = 0.1
"""So often it is looked whether the program ends."""
_ESCAPE: Final = "\x1b"
_READ_SIZE: Final = 4096
_ESCAPE_KEY: Final = "\x1b[27u"
"""Esc and nothing else, as terminals with the keyboard protocol of kitty write it."""
_AND_A_KEY: Final = re.compile(r"\x1b(?![\x1b\[\]OPX^_\x7f]|$)")
"""An Esc that begins no sequence, for what follows begins none; with Backspace it is one key."""
_PASTED: Final = re.compile(r"(\x1b\[200~.*?(?:\x1b\[201~|$))", re.DOTALL)


class Keyboard(LinuxDriver):
    """Textual's terminal, in which Esc takes the time that ``ESCDELAY`` says.

    Textual's own loop looks for that time only every 100 ms, however short it is. And where Esc
    and the next key come together, as over a slow line, it drops the Esc: who cancels a question
    and goes on would answer it.
    """

    has_alt_keys: ClassVar[bool] = False
    """Whether somebody chose keys with Alt, which are written as Esc and the key."""

    def run_input_thread(self) -> None:
        """Hand on what is typed until the program ends."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        is_open = is_escape_last = False
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
                    for message in parser.feed(self._told_apart(text, is_escape_last)):
                        self.process_message(message)
                    is_escape_last = text.endswith(_ESCAPE)
                continue
            # The rest of a sequence would have come by now, or while this thread had to wait for
            # the interpreter: then it was read just now, before the time is looked at.
            is_open = is_escape_last = False
            for message in parser.tick():
                self.process_message(message)

    def _told_apart(self, text: str, is_escape_last: bool) -> str:
        """Return what was read with each Esc that is a key of its own written as one.

        ``is_escape_last``: what was read before ended with an Esc, and this came at once.
        """
        if self.has_alt_keys:
            return text
        before = _ESCAPE if is_escape_last else ""
        parts = _PASTED.split(before + text)
        parts[::2] = [_AND_A_KEY.sub(_ESCAPE_KEY, part) for part in parts[::2]]
        return "".join(parts).removeprefix(before)

    def _is_typed(self, wait_s: float) -> bool:
        ready, _, _ = select([self.fileno], [], [], wait_s)
        return bool(ready)
