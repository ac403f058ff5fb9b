"""What a `replay` command answers as JSON: asked of a process of its own, which can be stopped.

The UI's process imports no tools; whatever needs them is asked for here, from a worker thread.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from replay.errors import ReplayError

Ask = Callable[[Sequence[str]], Any]


class Asking:
    """One question at a time; a new one, or `stop`, ends the one that runs."""

    def __init__(self) -> None:
        """Nothing is asked yet."""
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more is asked."""
        return self._stopped.is_set()

    def __call__(self, words: Sequence[str]) -> Any:
        """Run ``replay WORDS --json`` and return what it prints; None when it was stopped.

        Raises:
            ReplayError: it could not run; the message is its own.
        """
        if self._stopped.is_set():
            return None
        command = [sys.executable, "-m", "replay.cli.main", *words, "--json"]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._process = process
        answer, errors = process.communicate()
        self._process = None
        if self._stopped.is_set():
            return None
        try:
            return orjson.loads(answer)
        except orjson.JSONDecodeError as error:
            said = errors.decode("utf-8", "replace").strip()
            raise ReplayError(
                said.removeprefix("Error: ") or f"It ended with code {process.returncode}.",
                hint=f"That was: replay {' '.join(words)}",
            ) from error

    def stop(self) -> None:
        """End what runs; nothing more is asked."""
        self._stopped.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
