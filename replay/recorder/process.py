"""Recording a whole process from outside: ``replay record -- python agent.py``.

The command gives its child an environment in which every Python runs `startup/sitecustomize.py`;
that calls `watching` at the first model call. What to record, and where, travels in one variable,
so that the processes which the child starts are recorded too.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from replay.records import JsonObject

if TYPE_CHECKING:
    from replay.recorder.recorder import Recorder

VARIABLE: Final = "REPLAY_RECORD"

_STARTUP: Final = str(Path(__file__).parent / "startup")


@dataclass(frozen=True, slots=True)
class Orders:
    """What a recorded process is told to do."""

    database: str
    """Absolute path."""
    app: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    keep_streams: bool = False
    mask: JsonObject = field(default_factory=dict)
    """The fields of the `MaskConfig` that holds where the command was given."""


def environment(orders: Orders, base: Mapping[str, str]) -> dict[str, str]:
    """Return ``base`` with what makes every Python in it record."""
    rest = base.get("PYTHONPATH")
    path = f"{_STARTUP}{os.pathsep}{rest}" if rest else _STARTUP
    return {**base, "PYTHONPATH": path, VARIABLE: json.dumps(asdict(orders))}


def watching() -> Callable[[ModuleType], None]:
    """Start recording this process as `VARIABLE` says; return what watches one HTTP module.

    Raises:
        StoreError: the database cannot be opened.
        ValueError: the variable holds no orders.
    """
    return recorder_by_orders().watch_module


@functools.cache
def recorder_by_orders() -> Recorder:
    """Return the recorder of this process, as `VARIABLE` orders it; each time the same.

    Raises:
        StoreError: the database cannot be opened.
        ValueError: the variable holds no orders.
    """
    from replay.config import MaskConfig
    from replay.recorder.recorder import Recorder

    orders = Orders(**json.loads(os.environ[VARIABLE]))
    recorder = Recorder(
        orders.database,
        app=orders.app,
        labels=orders.labels,
        keep_streams=orders.keep_streams,
        mask=MaskConfig(**orders.mask),
    )
    recorder.watch_turns()
    atexit.register(recorder.close)
    return recorder
