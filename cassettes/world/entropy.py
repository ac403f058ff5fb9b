"""Chance that repeats: every draw of one scope comes from its seed."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable
from typing import Any

_Random = random.Random


class Entropy:
    """The draws of one scope: a stream of bytes for ``os.urandom``, a generator for ``random``."""

    __slots__ = ("_counter", "_generator", "_lock", "_made", "_seed", "draws")

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._counter = 0
        self._generator: random.Random | None = None
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}
        self.draws = 0
        """How many times bytes were drawn."""

    def take_bytes(self, size: int) -> bytes:
        """Return the next ``size`` bytes of the stream."""
        if size < 0:
            raise ValueError("negative argument not allowed")
        with self._lock:
            self.draws += 1
            parts = []
            for _ in range(0, size, 64):
                counter = self._counter.to_bytes(8, "big")
                parts.append(hashlib.blake2b(self._seed, salt=counter, person=b"draws").digest())
                self._counter += 1
        return b"".join(parts)[:size]

    def made(self, kind: str, make: Callable[[int], Any]) -> Any:
        """Return this scope's own generator of ``kind``; ``make`` makes it from a seed."""
        if kind not in self._made:
            person = kind.encode()[:16]
            digest = hashlib.blake2b(self._seed, digest_size=16, person=person).digest()
            # Not under the lock: what is made may draw from us. Two threads make the same.
            self._made.setdefault(kind, make(int.from_bytes(digest, "big")))
        return self._made[kind]

    @property
    def generator(self) -> random.Random:
        """The generator behind ``random.random()`` and its kin."""
        if self._generator is None:
            digest = hashlib.blake2b(self._seed, digest_size=16, person=b"random").digest()
            self._generator = _Random(int.from_bytes(digest, "big"))
        return self._generator
