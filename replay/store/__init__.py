"""The SQLite database of traces and replay runs. `Store` is its door."""

from replay.store.reading import ToolCount, TraceRow
from replay.store.store import Masker, Store

__all__ = ["Masker", "Store", "ToolCount", "TraceRow"]
