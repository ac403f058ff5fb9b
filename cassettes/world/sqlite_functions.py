"""SQLite's own chance and clock: ``random()``, ``'now'``, ``CURRENT_TIMESTAMP``, from the scope.

SQLite draws from the system and reads its clock in C. Both are SQL functions, and SQL functions can
be replaced: what they compute is still computed by SQLite, on a connection of our own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from cassettes.hooks.imports import when_imported
from cassettes.scope import current

_DATE_FUNCTIONS: Final = {
    "date": 0,
    "time": 0,
    "datetime": 0,
    "julianday": 0,
    "unixepoch": 0,
    "strftime": 1,
}
"""With the place of the time among their arguments: where it is left out, it is now."""
_KEYWORDS: Final = {
    "current_date": "%Y-%m-%d",
    "current_time": "%H:%M:%S",
    "current_timestamp": "%Y-%m-%d %H:%M:%S",
}
_NOW: Final = frozenset({"now", "subsec", "subsecond"})


def install_sqlite_functions() -> None:
    """Hold what SQLite draws and reads, on every connection that is opened from now on."""
    when_imported("sqlite3.dbapi2", _hook)
    when_imported("sqlite3", _hook)


def _hook(module: Any) -> None:
    real = module.connect
    if getattr(real, "_cassettes_holds", False):
        return
    connection_class = module.Connection

    def connect(*args: Any, **kwargs: Any) -> Any:
        connection = real(*args, **kwargs)
        if isinstance(connection, connection_class):
            _hold(module, connection)
        return connection

    connect.__doc__ = real.__doc__
    connect._cassettes_holds = True  # type: ignore[attr-defined]
    module.connect = connect


def _hold(module: Any, connection: Any) -> None:
    plain: Any = None

    def compute(name: str, values: tuple[Any, ...]) -> Any:
        nonlocal plain
        if plain is None:
            # Not through `connect`: on this one the functions are SQLite's.
            plain = module.Connection(":memory:", check_same_thread=False)
        marks = ", ".join("?" * len(values))
        return plain.execute(f"SELECT {name}({marks})", values).fetchone()[0]

    for name, place in _DATE_FUNCTIONS.items():
        if name == "unixepoch" and module.sqlite_version_info < (3, 38):
            continue
        connection.create_function(name, -1, _dated(name, place, compute), deterministic=True)
    for name, form in _KEYWORDS.items():
        connection.create_function(name, 0, _keyword(form, compute))
    connection.create_function("random", 0, lambda: _random(compute))
    connection.create_function("randomblob", 1, lambda size: _random_blob(size, compute))


def _now_s() -> float | None:
    """Return the scope's time, without counting it as a read; None: the real one."""
    scope = current.get()
    if scope is None or scope.clock is None:
        return None
    return scope.clock.quiet_wall_ns() / 1e9


def _dated(name: str, place: int, compute: Callable[..., Any]) -> Callable[..., Any]:
    def dated(*values: Any) -> Any:
        now_s = _now_s()
        if now_s is None or not _means_now(values, place):
            return compute(name, values)
        # A number is a time where SQLite is told so; what was said after `now` still holds.
        before, rest = values[:place], values[place + 1 :]
        if len(values) > place and str(values[place]).lower() != "now":
            rest = values[place:]
        return compute(name, (*before, now_s, "unixepoch", *rest))

    return dated


def _means_now(values: tuple[Any, ...], place: int) -> bool:
    if len(values) <= place:
        return len(values) == place
    said = values[place]
    return isinstance(said, str) and said.lower() in _NOW


def _keyword(form: str, compute: Callable[..., Any]) -> Callable[[], Any]:
    def keyword() -> Any:
        now_s = _now_s()
        moment = ("now",) if now_s is None else (now_s, "unixepoch")
        return compute("strftime", (form, *moment))

    return keyword


def _random(compute: Callable[..., Any]) -> Any:
    scope = current.get()
    if scope is None or scope.entropy is None:
        return compute("random", ())
    return scope.entropy.generator.getrandbits(64) - (1 << 63)


def _random_blob(size: Any, compute: Callable[..., Any]) -> Any:
    scope = current.get()
    if scope is None or scope.entropy is None:
        return compute("randomblob", (size,))
    return scope.entropy.generator.randbytes(max(1, int(size or 0)))
