"""The worker's end of the conversation: frames on one side, the tools' own output on the other.

When a worker starts, the pipes it was given as stdin and stdout are moved out of the tools' reach.
What tools then print, by Python, C or a child process, goes to stderr, cut into calls by a marker
that is written there when a call ends.
"""

from __future__ import annotations

import os
import sys

from replay.records import JsonObject
from replay.replayer.frames import FrameBuffer, frame, message_of, read_some, write_all


class Channel:
    """Reads and writes frames; what is written is held back until the next ``send``."""

    def __init__(self, source: int, sink: int, *, nonce: str = "") -> None:
        """``source`` and ``sink`` are file descriptors; ``nonce`` marks the ends of calls."""
        self.source = source
        self.sink = sink
        self.nonce = nonce
        self.output = 2
        self._arrived = FrameBuffer()
        self._messages: list[JsonObject] = []
        self._held = bytearray()

    @classmethod
    def take_over(cls) -> Channel:
        """Move stdin and stdout of this process out of the tools' reach."""
        source, sink = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        channel = cls(source, sink)
        channel.output = os.dup(2)
        return channel

    def of_fork(self, sink: int) -> Channel:
        """Return the channel of a fork of this process, which says its frames to ``sink``."""
        own = Channel(self.source, sink, nonce=self.nonce)
        own.output = self.output
        return own

    def receive(self) -> JsonObject | None:
        """Return the next message; None when the other side is gone."""
        while not self._messages:
            chunk = read_some(self.source)
            if not chunk:
                return None
            self.feed(chunk)
        return self._messages.pop(0)

    def feed(self, chunk: bytes) -> None:
        """Take bytes that were read from the source elsewhere."""
        self._arrived.feed(chunk)
        self._messages += [message_of(body) for body in self._arrived.bodies()]

    def take_arrived(self) -> list[JsonObject]:
        """Return the messages that are here, without waiting."""
        messages, self._messages = self._messages, []
        return messages

    def hold(self, message: JsonObject) -> None:
        """Write ``message`` with the next one that is sent."""
        self._held += frame(message)

    def send(self, message: JsonObject) -> None:
        """Write ``message``, after everything that was held."""
        self._held += frame(message)
        held, self._held = bytes(self._held), bytearray()
        write_all(self.sink, held)

    def flush(self) -> None:
        """Write everything that was held: before a fork, which would write it once more."""
        held, self._held = bytes(self._held), bytearray()
        write_all(self.sink, held)

    def mark_output(self, name: str) -> None:
        """End a piece of the tools' output: what was printed since the last mark is ``name``'s."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
        write_all(self.output, output_mark(self.nonce, name))


def output_mark(nonce: str, name: str) -> bytes:
    """Return the bytes that end a piece of output."""
    return b"\x00replay:%s:%s\n" % (nonce.encode(), name.encode())
