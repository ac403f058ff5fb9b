"""Stand-ins for functions that are written in C, which differ from ours in one way that shows.

``class Watch: clock = time.monotonic`` works, because a function in C is no method of the class it
stands in; a function in Python would be handed the instance. A ``partial`` costs some forty
nanoseconds a call and has no frame. Plain ones are to become methods too (Python 3.13 warns of it);
ours stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any


class _StandIn(partial[Any]):
    """A ``partial`` that is no method of the class it stands in."""

    def __get__(self, instance: object, owner: type | None = None) -> _StandIn:
        return self


def unbound(function: Callable[..., Any], real: Callable[..., Any]) -> Any:
    """Return ``function`` as a stand-in for ``real``, with its name and words."""
    stand_in: Any = _StandIn(function)
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        said = getattr(real, name, None)
        if said is not None:
            setattr(stand_in, name, said)
    return stand_in
