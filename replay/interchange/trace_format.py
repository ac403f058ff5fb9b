"""What a format of traces is: files of pieces (spans, runs, events) that belong together by a key.

A format finds the pieces in the values of a file, and tells a trace from all pieces of one key. The
pieces of one trace may lie far apart, and in several files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from replay.interchange.json_values import read_values
from replay.interchange.lines import BadLine, Line
from replay.interchange.told import ToldTrace
from replay.records import JsonObject, JsonValue


@dataclass(frozen=True)
class Piece:
    """One part of a trace."""

    key: str
    """Pieces with the same key are one trace, or several that the format tells apart."""
    content: JsonObject
    id: str | None = None
    """The source's own, where it has one: a piece that comes again takes the first one's place."""


@dataclass
class Place:
    """Where a value comes from, and what a format keeps while it reads one file."""

    path: Path
    recall: Callable[[str], str | None]
    remember: Callable[[str, str], None]
    state: JsonObject = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)
    number: int = 0
    """Of the line, from 1."""


@dataclass(frozen=True)
class TraceFormat:
    """One format."""

    name: str
    looks_like: Callable[[JsonValue], bool]
    """Whether a value can only be of this format."""
    pieces: Callable[[JsonValue, Place], Iterable[Piece]]
    """The pieces in one value of a file. Raises `Misfit` where it is not what the format has."""
    tell: Callable[[str, list[JsonObject]], Iterable[ToldTrace]]
    """The traces that all pieces of one key tell; none where they tell of no model and no tool."""
    values: Callable[[Path], Iterator[Line | BadLine]] = read_values
    """How its files are read."""
    is_binary: Callable[[Path], bool] | None = None
    """Whether a file is of this format and no JSON; None: its files are always JSON."""
