"""Chance that repeats: the draws of one scope are the recorded ones, and others from its seed."""

from __future__ import annotations

import hashlib
import itertools
import random
import sys
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


class _Stream:
    """The seeded draws of one site, kind and size."""

    __slots__ = ("_base", "numbers")

    def __init__(self, seed: bytes, key: Key) -> None:
        site, kind, size = key
        named = f"\0{site}\0{kind}\0{size}\0".encode("utf-8", "surrogatepass")
        self._base = hashlib.blake2b(seed + named, person=b"draws")
        self.numbers = itertools.count()

    def bytes_of(self, index: int, size: int) -> bytes:
        parts = []
        for block in range(0, size, _BLOCK_BYTES):
            drawn = self._base.copy()
            drawn.update(b"%d %d" % (index, block))
            parts.append(drawn.digest())
        return parts[0][:size] if len(parts) == 1 else b"".join(parts)[:size]


class Entropy:
    """The draws of one scope: bytes for ``os.urandom``, a generator for ``random``.

    A draw that was recorded at the same site has its recorded value. Any other comes from the seed,
    the site, and its place among the site's draws: a new one changes none of the others.
    """

    __slots__ = ("_cassette", "_generator", "_made", "_seed", "_streams", "draws")

    def __init__(self, seed: str, cassette: Cassette | None = None) -> None:
        """``cassette`` has the recorded draws, and is told of those that are not."""
        self._seed = seed.encode()
        self._cassette = cassette
        self._generator: random.Random | None = None
        self._made: dict[str, Any] = {}
        self._streams: dict[Key, _Stream] = {}
        self.draws = 0
        """How many times bytes were drawn."""

    def take_bytes(self, size: int, frame: FrameType | None = None, kind: str = "") -> bytes:
        """Return the bytes of the next draw of ``frame``'s site; None: the caller's."""
        if size < 0:
            raise ValueError("negative argument not allowed")
        frame = frame or sys._getframe(1)
        key = site_of(frame), kind or kind_of(frame), size
        stream = self._stream(key)
        index = next(stream.numbers)
        if self._cassette is not None and self._cassette.tape is not None and key[1] != OWN:
            recorded = self._recorded(key, index, frame)
            if recorded is not None:
                return recorded
        return stream.bytes_of(index, size)

    def take_uuid1(self, frame: FrameType) -> bytes | None:
        """Return the recorded bytes of the next ``uuid1`` of ``frame``'s site, or None."""
        if self._cassette is None or self._cassette.tape is None:
            return None
        key = site_of(frame), "uuid1", 16
        return self._recorded(key, next(self._stream(key).numbers), frame)

    def _stream(self, key: Key) -> _Stream:
        self.draws += 1
        stream = self._streams.get(key)
        if stream is None:
            # Two threads may both make it; one is kept.
            stream = self._streams.setdefault(key, _Stream(self._seed, key))
        return stream

    def _recorded(self, key: Key, index: int, frame: FrameType) -> bytes | None:
        cassette = self._cassette
        assert cassette is not None
        assert cassette.tape is not None
        is_known, value = cassette.tape.take(key, index)
        if value is None:
            what = "a value that the recording keeps no copy of" if is_known else "a new value"
            cassette.label(f"draws {what}", frame)
            cassette.new_draw_count += not is_known
        return value

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
