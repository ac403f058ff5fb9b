"""The texts in a user's own objects: in a world, in the modules of tools, in what was read."""

from __future__ import annotations

import dataclasses
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from replay.replayer.reads import is_connection, rows_of

_OBJECTS_MAX: Final = 2_000_000
LENGTH_MAX: Final = 4_096
_BETWEEN: Final = re.compile(r"[\n\r\t,;|\"']")
_PLAIN: Final = (str, bytes, int, float, bool, type(None))


def texts_in(parts: Iterable[Any], *, whole: bool = False) -> Iterator[str]:
    """Yield the texts in objects: in their attributes, items and keys, each object once.

    ``whole``: long texts too, and what stands between the marks and line ends of these.
    """
    todo = list(parts)
    seen: set[int] = set()
    while todo and len(seen) < _OBJECTS_MAX:
        one = todo.pop()
        kind = type(one)
        if kind is str:
            if whole or len(one) <= LENGTH_MAX:
                yield one
            if len(one) > LENGTH_MAX and whole:
                yield from (part.strip() for part in _BETWEEN.split(one))
            continue
        if kind is int and one > 10**6:
            yield str(one)
        if kind in _PLAIN or id(one) in seen:
            continue
        seen.add(id(one))
        todo += _parts(one)


def _parts(one: Any) -> Iterable[Any]:
    if isinstance(one, Mapping):
        return [*one.keys(), *one.values()]
    if isinstance(one, (list, tuple, set, frozenset, deque)):
        return one
    if is_connection(one):
        return rows_of(one)
    if dataclasses.is_dataclass(one) and not isinstance(one, type):
        return [getattr(one, field.name, None) for field in dataclasses.fields(one)]
    module = type(one).__module__
    if module.partition(".")[0] in _NOT_USERS or isinstance(one, type):
        return ()
    slots = [name for cls in type(one).__mro__ for name in _names(cls.__dict__.get("__slots__"))]
    return [*getattr(one, "__dict__", {}).values(), *(getattr(one, name, None) for name in slots)]


def _names(slots: Any) -> Iterable[str]:
    return (slots,) if isinstance(slots, str) else slots or ()


_NOT_USERS: Final = frozenset(
    (
        "builtins",
        "threading",
        "_thread",
        "asyncio",
        "logging",
        "socket",
        "re",
        "types",
        "sqlite3",
        "httpx",
        "requests",
        "functools",
        "weakref",
        "io",
        "_io",
        "abc",
        "inspect",
    )
)


def data_of(toolbox: Any) -> list[Any]:
    """Return the plain data of the modules that tools, and their world, are from.

    They are what these look things up in.
    """
    found: dict[int, Any] = {}
    functions = [tool.function for tool in toolbox.tools()]
    if toolbox.world_factory is not None:
        functions.append(toolbox.world_factory.function)
    for function in functions:
        names = getattr(function, "__globals__", {})
        for name, value in list(names.items()):
            if not name.startswith("__") and isinstance(value, (dict, list, tuple, set)):
                found[id(value)] = value
    return list(found.values())
