"""The same in tmux, as people have it: through its control mode, which tells what a pane writes."""

from __future__ import annotations

import os
import re
import select
import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_KEYS: Final = ("j", "j", "k", "Space", "C-b", "G", "k", "g", "Tab", "j", "k", "Tab") * 4
_QUIET_S: Final = 0.06
_WAIT_S: Final = 60.0


@dataclass(slots=True)
class InTmux:
    """What there was to see."""

    rows_ms: float
    keys_ms: list[float] = field(default_factory=list)
    """Until a key's first byte; of keys that had something to say."""


def in_tmux(command: Sequence[str], pattern: str) -> InTmux | None:
    """Start ``command`` in tmux until it shows ``pattern``, and press keys; None: no tmux."""
    if shutil.which("tmux") is None:
        return None
    tmux = ["tmux", "-L", f"replay-bench-{os.getpid()}", "-f", os.devnull]
    began = time.perf_counter()
    size = ["-x", "120", "-y", "36"]
    client = _Client([*tmux, "-C", "new-session", *size, shlex.join(command)])
    try:
        found = InTmux((client.sees(pattern) - began) * 1000)
        client.quiet()
        for key in _KEYS:
            pressed = client.send(f"send-keys {key}")
            answered = client.output()
            if answered is not None:
                found.keys_ms.append((answered - pressed) * 1000)
            client.quiet()
        return found
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True, check=False)
        client.close()


class _Client:
    """A client in control mode: a line for each thing that happens."""

    def __init__(self, words: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._written = b""

    def send(self, line: str) -> float:
        assert self._process.stdin is not None
        now = time.perf_counter()
        self._process.stdin.write(f"{line}\n".encode())
        return now

    def _read(self, wait_s: float) -> bytes:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], wait_s)
        return os.read(self._process.stdout.fileno(), 1 << 16) if ready else b""

    def sees(self, pattern: str) -> float:
        """Wait until a pane wrote ``pattern``; return when."""
        end = time.perf_counter() + _WAIT_S
        while time.perf_counter() < end:
            self._written += self._read(end - time.perf_counter())
            if re.search(pattern.encode(), self._written):
                return time.perf_counter()
        raise TimeoutError(f"not seen in tmux: {pattern!r}\n{self._written[-2000:]!r}")

    def output(self) -> float | None:
        """Return when a pane writes something; None: it does not."""
        end = time.perf_counter() + 2.0
        held = b""
        while time.perf_counter() < end:
            held += self._read(end - time.perf_counter())
            if b"%output" in held:
                return time.perf_counter()
        return None

    def quiet(self) -> None:
        """Wait until nothing more comes."""
        while self._read(_QUIET_S):
            pass

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
