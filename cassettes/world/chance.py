"""Random draws that never are in a recording, answered from the seed of the scope in force."""

from __future__ import annotations

import random
import sys
import tempfile
import uuid
from collections.abc import Callable
from typing import Any

from cassettes.hooks.unbound import unbound
from cassettes.scope import current
from cassettes.world.entropy import OWN, Entropy
from cassettes.world.machine import NODE

_FUNCTIONS = [
    "random",
    "uniform",
    "triangular",
    "randint",
    "choice",
    "randrange",
    "sample",
    "shuffle",
    "choices",
    "normalvariate",
    "lognormvariate",
    "expovariate",
    "vonmisesvariate",
    "gammavariate",
    "gauss",
    "betavariate",
    "binomialvariate",
    "paretovariate",
    "weibullvariate",
    "getstate",
    "setstate",
    "getrandbits",
    "randbytes",
]


def _entropy() -> Entropy | None:
    scope = current.get()
    return None if scope is None else scope.entropy


def install_chance() -> None:
    """Hook ``random``, ``uuid1`` and the names of temporary files.

    ``os.urandom``, and uuid4, secrets and SystemRandom above it, are hooked in every process.
    """
    _hook_module_functions()
    _hook_unseeded_generators()
    _hook_uuid1()
    _hook_temporary_names()


def _hook_module_functions() -> None:
    for name in _FUNCTIONS:
        if hasattr(random, name):  # binomialvariate is new in 3.12
            setattr(random, name, _drawing(name, getattr(random, name)))
    real_seed = random.seed

    def seed(a: Any = None, version: int = 2) -> None:
        entropy = _entropy()
        if entropy is None:
            real_seed(a, version)
        else:
            entropy.generator.seed(a, version)

    random.seed = unbound(seed, real_seed)


def _drawing(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def draw(*args: Any, **kwargs: Any) -> Any:
        entropy = _entropy()
        if entropy is None:
            return real(*args, **kwargs)
        return getattr(entropy.generator, name)(*args, **kwargs)

    stand_in: Callable[..., Any] = unbound(draw, real)
    return stand_in


def _hook_unseeded_generators() -> None:
    # random.Random() seeds itself from the system in C, past os.urandom.
    real_seed = random.Random.seed

    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        if a is None:
            entropy = _entropy()
            if entropy is not None:
                a = int.from_bytes(entropy.take_bytes(32, sys._getframe(1), OWN), "big")
        real_seed(self, a, version)

    random.Random.seed = seed  # type: ignore[method-assign]


def _hook_uuid1() -> None:
    real = uuid.uuid1
    # libuuid's own generator reads the clock and the entropy of the system, unseen by us.
    uuid._generate_time_safe = None  # type: ignore[attr-defined]

    def uuid1(node: int | None = None, clock_seq: int | None = None) -> uuid.UUID:
        entropy = _entropy()
        if entropy is None:
            return real(node, clock_seq)
        frame = sys._getframe(1)
        recorded = entropy.take_uuid1(frame) if node is None and clock_seq is None else None
        if recorded is not None:
            return uuid.UUID(bytes=recorded)
        uuid._last_timestamp = None  # type: ignore[attr-defined]
        if clock_seq is None:
            clock_seq = int.from_bytes(entropy.take_bytes(2, frame, OWN), "big") & 0x3FFF
        return real(NODE if node is None else node, clock_seq)

    uuid.uuid1 = uuid1


def _hook_temporary_names() -> None:
    names: Any = tempfile._RandomNameSequence  # type: ignore[attr-defined]
    real = names.__next__

    def following(self: Any) -> str:
        entropy = _entropy()
        if entropy is None:
            name: str = real(self)
            return name
        return "".join(entropy.generator.choices(self.characters, k=8))

    names.__next__ = following
