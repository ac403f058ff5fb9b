"""What code says of its own data: fields that are masked, tools of which only the shape is stored.

The tools layer and the recorder's decorator announce it, the store's masking asks for it: before
the first prompt of a process is stored, for a model's words hold arguments, too.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

_log = logging.getLogger("replay")

STORED: Final = "stored"
"""The attribute of a call, and the key of what stands for a payload, that says how it is kept."""

SHAPE: Final = "shape"
"""Only a hash and the shape."""

SHAPE_TEXT: Final = f'{{"{STORED}":"{SHAPE}","hash":'
"""How the arguments of a call begin of which only the shape is stored."""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """Marks a field whose values are masked before they are stored, whatever they are.

    ``name: Annotated[str, Sensitive]``, also in models, dataclasses and lists of them. With a kind
    (``Sensitive("email")``) what stands for a value is of that kind. The schema that a model is
    shown is the same with it and without.
    """

    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """What a schema asks of a text or a number at a place."""

    length_max: int | None = None
    pattern: str | None = None
    format: str | None = None
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


Path: TypeAlias = tuple[str, ...]
"""Keys from the outside in; ``*`` is any one key or position, ``**`` any number of them."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Values at one place of a tool's calls that are masked."""

    tool: str
    """A name, or a pattern with ``*``."""
    path: Path
    """The first part says of what: ``arguments``, ``result``, ..."""
    kind: str | None = None
    fit: Fit = field(default_factory=Fit)


@dataclass(frozen=True, slots=True)
class ToolMarks:
    """What one tool says."""

    rules: tuple[FieldRule, ...] = ()
    shape_only: frozenset[str] = frozenset()
    """Names of tools of which only the shape is stored."""


class _Announced:
    """What the code of this process has said so far. Nothing is read before it is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[Callable[[], ToolMarks | None]] = []
        self._known = ToolMarks()

    def add(self, marks: Callable[[], ToolMarks | None]) -> None:
        self._pending.append(marks)

    def get(self) -> ToolMarks:
        if not self._pending:
            return self._known
        with self._lock:
            pending, self._pending = self._pending, []
            for marks in pending:
                try:
                    found = marks()
                except Exception as error:  # noqa: BLE001 -- annotations are the user's code
                    _log.warning("The marks of a tool cannot be read: %s", type(error).__name__)
                    continue
                if found is not None and (found.rules or found.shape_only):
                    rules = dict.fromkeys((*self._known.rules, *found.rules))
                    self._known = ToolMarks(tuple(rules), self._known.shape_only | found.shape_only)
            return self._known


_announced = _Announced()


def announce(marks: Callable[[], ToolMarks | None]) -> None:
    """Have ``marks`` called when something is about to be stored; None: there are none any more."""
    _announced.add(marks)


def announced() -> ToolMarks:
    """Return what all tools of this process say."""
    return _announced.get()
