"""A screen of which somebody reads, and presses Ctrl-C in the middle of a write."""

from __future__ import annotations

import io
import signal


class Screen(io.RawIOBase):
    """Where a terminal's writes end up; somebody presses Ctrl-C in the middle of one."""

    def __init__(self, pressed_at: str) -> None:
        self.pressed_at = pressed_at
        self.said = ""

    def writable(self) -> bool:
        return True

    def write(self, chunk: bytes) -> int:  # type: ignore[override]  # bytes are all that comes
        self.said += bytes(chunk).decode()
        if self.pressed_at in self.said:
            self.pressed_at = "\0"
            signal.raise_signal(signal.SIGINT)
        return len(chunk)
