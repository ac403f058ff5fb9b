"""The pool's end of a worker's stderr: what each call printed, cut at a length worth reading."""

from __future__ import annotations

from replay.replayer.channel import output_mark

OUTPUT_BYTES_MAX = 64 * 1024
"""What is kept of one call's output. The rest is counted, not kept."""
_NAME_BYTES_MAX = 24
_STORED_CHARS_MAX = 2_000


def short_output(text: str) -> str:
    """Return what of a call's output is stored with its verdict: the beginning, and how much."""
    if len(text) <= _STORED_CHARS_MAX:
        return text
    more = len(text) - _STORED_CHARS_MAX
    return f"{text[:_STORED_CHARS_MAX]}\n... {more:,} more characters (`--show-output` has them)"


class OutputSplitter:
    """Cuts a stream of output into calls by the marks between them."""

    def __init__(self, nonce: str) -> None:
        self._mark = output_mark(nonce, "").rstrip(b"\n")
        self._tail = b""
        self._kept = bytearray()
        self._dropped_bytes = 0
        self._texts: dict[str, str] = {}

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        stream = self._tail + chunk if self._tail else chunk
        self._tail = b""
        while True:
            at = stream.find(self._mark)
            end = stream.find(b"\n", at) if at >= 0 else -1
            if end < 0:
                break
            self._keep(stream[:at])
            name = stream[at + len(self._mark) : end].decode()
            self._texts[name] = self.rest()
            stream = stream[end + 1 :]
        # A mark may be cut in two by the pipe: hold back what could be its beginning.
        cut = stream.rfind(b"\x00")
        if cut < 0 or len(stream) - cut > len(self._mark) + _NAME_BYTES_MAX:
            cut = len(stream)
        self._keep(stream[:cut])
        self._tail = stream[cut:]

    def has(self, name: str) -> bool:
        """Return whether the mark of ``name`` was seen."""
        return name in self._texts

    def take(self, name: str) -> str:
        """Return and forget what was printed up to the mark of ``name``; ``""``: none was seen."""
        return self._texts.pop(name, "")

    def rest(self) -> str:
        """Return and forget what was printed since the last mark."""
        text = self._kept.decode("utf-8", "replace").replace("\x00", "\\x00")
        if self._dropped_bytes:
            text += f"\n... {self._dropped_bytes:,} more bytes were printed"
        self._kept.clear()
        self._dropped_bytes = 0
        return text

    def _keep(self, piece: bytes) -> None:
        room = OUTPUT_BYTES_MAX - len(self._kept)
        self._kept += piece[:room]
        self._dropped_bytes += max(len(piece) - room, 0)
