"""Draws from the system's entropy: kept while a cassette records, answered while one plays.

Everything above ``os.urandom`` (uuid4, secrets, SystemRandom, numpy's seeds) draws through it.
What libraries draw below a client that is at work is the client's own business.
"""

from __future__ import annotations

import os
import random
import sys
import uuid
from typing import Any

from cassettes.hooks.unbound import unbound
from cassettes.scope import current

_real_urandom = os.urandom


def install_draws() -> None:
    """Hook ``os.urandom``, ``os.getrandom`` and ``uuid.uuid1``."""
    os.urandom = unbound(_urandom, _real_urandom)
    random._urandom = os.urandom  # type: ignore[attr-defined]  # secrets and SystemRandom draw here
    _hook_getrandom()
    _hook_uuid1()


def _urandom(size: int, /) -> bytes:
    scope = current.get()
    if scope is None:
        return _real_urandom(size)
    if scope.entropy is not None:
        return scope.entropy.take_bytes(size, sys._getframe(1))
    value = _real_urandom(size)
    if scope.cassette is not None and not scope.is_replay:
        scope.cassette.draws.note(sys._getframe(1), value)
    return value


def _hook_getrandom() -> None:
    real: Any = getattr(os, "getrandom", None)
    if real is None:
        return

    def getrandom(size: int, flags: int = 0) -> bytes:
        scope = current.get()
        if scope is not None and scope.entropy is not None:
            return scope.entropy.take_bytes(size, sys._getframe(1))
        value: bytes = real(size, flags)
        if scope is not None and scope.cassette is not None and not scope.is_replay:
            scope.cassette.draws.note(sys._getframe(1), value)
        return value

    os.getrandom = unbound(getrandom, real)


def _hook_uuid1() -> None:
    real = uuid.uuid1

    def uuid1(node: int | None = None, clock_seq: int | None = None) -> uuid.UUID:
        made = real(node, clock_seq)
        scope = current.get()
        if scope is not None and scope.cassette is not None and not scope.is_replay:
            scope.cassette.draws.note(sys._getframe(1), made.bytes, "uuid1")
        return made

    uuid.uuid1 = uuid1
