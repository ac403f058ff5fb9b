"""Tools that leave something behind in their process."""

from __future__ import annotations

import decimal
import functools
import os
import random
import tempfile
import time
import uuid
import warnings
from pathlib import Path
from typing import Any

_count = 0
_cache: dict[str, str] = {}


def _counter() -> int:
    global _count
    _count += 1
    return _count


@functools.cache
def _remembered() -> str:
    return str(uuid.uuid4())


def _mutable_default(seen: list[float] = []) -> list[float]:  # noqa: B006 -- that is the trap
    seen.append(time.time())
    return seen


def _environment() -> list[str | None]:
    before = os.environ.get("LEFT_BEHIND")
    os.environ["LEFT_BEHIND"] = "x"
    return [before]


def _warned() -> int:
    with warnings.catch_warnings(record=True) as caught:
        warnings.warn("once", UserWarning, stacklevel=1)
    return len(caught)


def _precision() -> str:
    shown = str(decimal.Decimal(1) / 3)
    decimal.getcontext().prec = 5
    return shown


def _folder() -> str:
    before = os.path.basename(os.getcwd())
    os.chdir("/")
    return before


def _seeded() -> float:
    random.seed(7)
    return random.random()


def _after_seed() -> float:
    return random.random()


def _left_file() -> list[Any]:
    path = Path(tempfile.gettempdir()) / f"adversarial-{uuid.uuid4().hex}"
    existed = path.exists()
    path.write_text("x")
    path.unlink()
    return [path.name, existed]


TOOLS: dict[str, Any] = {
    "counter": _counter,
    "counter_again": _counter,
    "remembered": lambda: _remembered(),
    "remembered_again": lambda: _remembered(),
    "mutable_default": lambda: _mutable_default(),
    "mutable_default_again": lambda: _mutable_default(),
    "environment_left": _environment,
    "environment_left_again": _environment,
    "warned_once": _warned,
    "precision": _precision,
    "precision_again": _precision,
    "seeded": _seeded,
    "after_seed": _after_seed,
    "left_file": _left_file,
    "left_file_again": _left_file,
    "folder_left": _folder,
}
