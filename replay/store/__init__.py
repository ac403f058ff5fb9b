"""The SQLite database of traces and replay runs. `Store` is its door."""

from replay.store.compacting import Compaction
from replay.store.masking import Masker
from replay.store.problems import Problem
from replay.store.reading import ToolCount, TraceRow
from replay.store.store import Store

__all__ = ["Compaction", "Masker", "Problem", "Store", "ToolCount", "TraceRow"]
