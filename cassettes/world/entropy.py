"""Chance that repeats: the draws of one scope are the recorded ones, and others from its seed."""

from __future__ import annotations

import hashlib
import random
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from cassettes.draws import Key, kind_of
from cassettes.places import site_of

if TYPE_CHECKING:
    from cassettes.cassette import Cassette

_Random = random.Random
_BLOCK_BYTES: Final = 64

OWN: Final = "own"
"""The kind of draws that a recording never has: seeds of generators, parts of uuid1."""


class Entropy:
    """The draws of one scope: bytes for ``os.urandom``, a generator for ``random``.

    A draw that was recorded at the same site has its recorded value. Any other comes from the seed,
    the site, and its place among the site's draws: a new one changes none of the others.
    """

    __slots__ = ("_cassette", "_generator", "_lock", "_made", "_nth", "_seed", "draws")

    def __init__(self, seed: str, cassette: Cassette | None = None) -> None:
        """``cassette`` has the recorded draws, and is told of those that are not."""
        self._seed = seed.encode()
        self._cassette = cassette
        self._generator: random.Random | None = None
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}
        self._nth: dict[Key, int] = {}
        self.draws = 0
        """How many times bytes were drawn."""

    def take_bytes(self, size: int, frame: FrameType | None = None, kind: str = "") -> bytes:
        """Return the bytes of the next draw of ``frame``'s site; None: the caller's."""
        if size < 0:
            raise ValueError("negative argument not allowed")
        frame = frame or sys._getframe(1)
        key = site_of(frame), kind or kind_of(frame), size
        index = self._next(key)
        found = self._recorded(key, index, frame)
        return found if found is not None else self._seeded(key, index)

    def take_uuid1(self, frame: FrameType) -> bytes | None:
        """Return the recorded bytes of the next ``uuid1`` of ``frame``'s site, or None."""
        key = site_of(frame), "uuid1", 16
        return self._recorded(key, self._next(key), frame)

    def _next(self, key: Key) -> int:
        with self._lock:
            self.draws += 1
            index = self._nth.get(key, 0)
            self._nth[key] = index + 1
        return index

    def _recorded(self, key: Key, index: int, frame: FrameType) -> bytes | None:
        cassette = self._cassette
        if cassette is None or cassette.tape is None or key[1] == OWN:
            return None
        is_known, value = cassette.tape.take(key, index)
        if value is None:
            what = "a value that the recording keeps no copy of" if is_known else "a new value"
            cassette.label(f"draws {what}", frame)
            cassette.new_draw_count += not is_known
        return value

    def _seeded(self, key: Key, index: int) -> bytes:
        site, kind, size = key
        parts = []
        for block in range(0, size, _BLOCK_BYTES):
            named = f"{site}\0{kind}\0{size}\0{index}\0{block}".encode("utf-8", "surrogatepass")
            parts.append(hashlib.blake2b(self._seed + b"\0" + named, person=b"draws").digest())
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
