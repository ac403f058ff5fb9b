"""Tools that show how their code came to be: compiled, imported, the first time or again."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
import traceback
import uuid
import weakref
from typing import Any


def _literal() -> list[str]:
    return list({"x", "y", "zz", "w", "vv", "u", "tt"})


def _frozen_literal() -> list[str]:
    return [name.upper() for name in {"north", "east", "south", "west", "up", "down"}]


def _lazy() -> list[Any]:
    before = uuid.uuid4().hex
    from tests.cassettes.adversarial import lazy_module

    return [before, lazy_module.AT, lazy_module.DRAWN, lazy_module.NAMES, time.time(), before]


def _lazy_standard() -> list[Any]:
    import wave  # nobody else here has it

    return [wave.__name__, uuid.uuid4().hex, random.random(), time.time()]


def _traceback() -> str:
    try:
        raise ValueError("told")
    except ValueError:
        return traceback.format_exc().replace(__file__, "file")


async def _inner(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return round(asyncio.get_running_loop().time(), 3)


def _nested_run() -> list[float]:
    return [asyncio.run(_inner(seconds)) for seconds in (3, 1)]


class _Node:
    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log = name, log
        self.me = self

    def __del__(self) -> None:
        self.log.append(self.name)


def _finalizers() -> list[str]:
    log: list[str] = []
    for number in range(5):
        _Node(f"node {number}", log)
    gc.collect()
    return log


def _weak_cache() -> list[int]:
    cache: weakref.WeakValueDictionary[str, _Node] = weakref.WeakValueDictionary()
    log: list[str] = []
    kept = [_Node(f"kept {number}", log) for number in range(3)]
    for node in kept:
        cache[node.name] = node
    return [len(cache), sum(1 for _ in cache.items())]


def _recursion() -> str:
    def deeper() -> None:
        deeper()

    try:
        deeper()
    except RecursionError as error:
        return str(error)
    return ""


TOOLS: dict[str, Any] = {
    "literal": _literal,
    "frozen_literal": _frozen_literal,
    "lazy": _lazy,
    "lazy_again": _lazy,
    "lazy_standard": _lazy_standard,
    "lazy_standard_again": _lazy_standard,
    "traceback": _traceback,
    "nested_run": _nested_run,
    "nested_run_again": _nested_run,
    "finalizers": _finalizers,
    "weak_cache": _weak_cache,
    "recursion": _recursion,
    "recursion_limit": lambda: sys.getrecursionlimit(),
}
