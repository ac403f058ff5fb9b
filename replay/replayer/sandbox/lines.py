"""Bytes as lines of text, for machines elsewhere whose pipes carry text only.

A line is base64 after one letter: ``i`` for stdin, ``o`` for stdout, ``e`` for stderr, ``x`` for
the exit status. This file is shipped and run by itself there: it imports nothing but Python's own.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading

STDIN, STDOUT, STDERR, EXIT = "i", "o", "e", "x"
_READ_BYTES = 1 << 16


def line_of(kind: str, content: bytes) -> str:
    """Return ``content`` as one line, its end included."""
    return f"{kind}{base64.b64encode(content).decode()}\n"


class LineBuffer:
    """Cuts text into lines however it arrives, and gives kind and content of each."""

    def __init__(self) -> None:
        self._rest = ""

    def take(self, text: str) -> list[tuple[str, bytes]]:
        """Take the next piece of text; return the lines that are whole by now."""
        *lines, self._rest = (self._rest + text).split("\n")
        return [(line[0], base64.b64decode(line[1:])) for line in lines if line]


def main() -> None:
    """Run the command of the arguments; its input and output are lines on stdin and stdout."""
    process = subprocess.Popen(
        sys.argv[1:],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    threads = [
        threading.Thread(target=_pass_on, args=(kind, pipe.fileno()))
        for kind, pipe in ((STDOUT, process.stdout), (STDERR, process.stderr))
    ]
    for thread in threads:
        thread.start()
    threading.Thread(target=_feed, args=(process.stdin.fileno(),), daemon=True).start()
    status = process.wait()
    for thread in threads:
        thread.join()
    _say(line_of(EXIT, str(status).encode()))
    os._exit(0)


_saying = threading.Lock()


def _say(line: str) -> None:
    with _saying:
        left = line.encode()
        while left:
            left = left[os.write(1, left) :]


def _pass_on(kind: str, source: int) -> None:
    while chunk := os.read(source, _READ_BYTES):
        _say(line_of(kind, chunk))


def _feed(sink: int) -> None:
    lines = LineBuffer()
    while chunk := os.read(0, _READ_BYTES):
        for _, content in lines.take(chunk.decode()):
            if not content:
                os.close(sink)  # an empty line is the end of its input
                return
            while content:
                content = content[os.write(sink, content) :]
    os.close(sink)


if __name__ == "__main__":
    main()
