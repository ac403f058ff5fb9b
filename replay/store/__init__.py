"""The SQLite database of traces and replay runs. `Store` is its door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from replay.store.compacting import Compaction
    from replay.store.masking import Masker
    from replay.store.problems import Problem
    from replay.store.reading import ToolCount, TraceRow
    from replay.store.store import Store

__all__ = ["Compaction", "Masker", "Problem", "Store", "ToolCount", "TraceRow"]

_LAZY = {
    "Compaction": "replay.store.compacting",
    "Masker": "replay.store.masking",
    "Problem": "replay.store.problems",
    "Store": "replay.store.store",
    "ToolCount": "replay.store.reading",
    "TraceRow": "replay.store.reading",
}


def __getattr__(name: str) -> Any:
    """Import on first use: what only counts rows needs no records, and none of what writes them."""
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'replay.store' has no attribute {name!r}")
