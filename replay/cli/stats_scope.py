"""Which calls `replay stats` and `replay budgets` count, and what two sides are compared."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import click

from replay.cli.arguments import read_moment
from replay.cli.selection import CALL_OPTIONS, TRACE_OPTIONS

if TYPE_CHECKING:
    import sqlite3

    from replay.metrics import Scope

_OPTIONS: Final = (
    *CALL_OPTIONS,
    *TRACE_OPTIONS,
    click.option(
        "--since",
        callback=read_moment,
        metavar="WHEN",
        help="Only calls that started then or later: 2026-11-21, 2026-11-21T09:30 (UTC), 12h, 7d.",
    ),
    click.option(
        "--until", callback=read_moment, metavar="WHEN", help="Only calls that started before."
    ),
)
_FIELDS: Final = (
    *("tools", "tool_versions", "models", "apps", "sources", "labels", "since", "until"),
)
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def scope_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options that say which calls count; it gets them as ``wanted``."""

    @functools.wraps(command)
    def with_scope(*args: Any, **options: Any) -> Any:
        wanted = {name: options.pop(name) for name in _FIELDS}
        return command(*args, wanted=wanted, **options)

    wrapped: Callable[..., Any] = with_scope
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def scope_of(connection: sqlite3.Connection, wanted: dict[str, Any]) -> Scope:
    """Return the scope that the options' values describe."""
    from replay.metrics import Scope
    from replay.store.times import microseconds

    traces_sql, traces_values = _of_traces(connection, wanted)
    moments = [
        None if wanted[name] is None else microseconds(wanted[name]) for name in ("since", "until")
    ]
    return Scope(
        tools=wanted["tools"],
        tool_versions=wanted["tool_versions"],
        models=wanted["models"],
        since_us=moments[0],
        until_us=moments[1],
        traces_sql=traces_sql,
        traces_values=traces_values,
    )


def _of_traces(
    connection: sqlite3.Connection, wanted: dict[str, Any]
) -> tuple[str, tuple[Any, ...]]:
    """Return the condition on traces, and its values; empty: every trace."""
    if not any(wanted[name] for name in ("apps", "sources", "labels")):
        return "", ()
    from replay.records import Selection
    from replay.store.selecting import trace_conditions

    selection = Selection(
        apps=list(wanted["apps"]), sources=list(wanted["sources"]), labels=wanted["labels"]
    )
    conditions = trace_conditions(connection, selection)
    return " AND ".join(conditions.texts), tuple(conditions.values)


_SIDES: Final = ("model", "version", "app", "code")


def read_side(text: str) -> tuple[str, str]:
    """Return what kind of side ``model:gpt-4.1`` is, and which.

    Raises:
        click.UsageError: it is none.
    """
    kind, colon, name = text.partition(":")
    if colon and name and kind in _SIDES:
        return kind, name
    near = get_close_matches(kind, _SIDES, n=1)
    said = f" Did you mean {near[0]}:{name or 'NAME'}?" if near else ""
    raise click.UsageError(
        f"{text!r} is no side to compare.{said} One is written model:NAME, version:VERSION, "
        "app:NAME or code:REVISION."
    )


def narrowed(scope: Scope, side: tuple[str, str]) -> Scope:
    """Return the part of ``scope`` that is one side of a comparison."""
    kind, name = side
    if kind == "model":
        return replace(scope, models=(name,))
    if kind == "version":
        return replace(scope, tool_versions=(name,))
    column = {"app": "r.app", "code": "r.code_version"}[kind]
    condition = f"({scope.traces_sql}) AND {column} = ?" if scope.traces_sql else f"{column} = ?"
    return replace(scope, traces_sql=condition, traces_values=(*scope.traces_values, name))


def read_span(ctx: click.Context, param: click.Parameter, value: str | None) -> timedelta | None:
    """Return a length of time: ``30m 12h 7d 2w``.

    Raises:
        click.BadParameter: it is none.
    """
    if value is None:
        return None
    unit = _UNITS.get(value[-1:])
    if unit is None or not value[:-1].isdecimal() or int(value[:-1]) == 0:
        raise click.BadParameter(f"{value!r} is no length of time; give 30m, 12h, 7d or 2w.")
    return timedelta(**{unit: int(value[:-1])})


def windows(scope: Scope, span: timedelta, last_us: int) -> tuple[Scope, Scope]:
    """Return the ``span`` before the newest one, and the newest: it ends with the scope's end."""
    end = scope.until_us if scope.until_us is not None else last_us + 1
    width = int(span.total_seconds() * 1_000_000)
    return (
        replace(scope, since_us=end - 2 * width, until_us=end - width),
        replace(scope, since_us=end - width, until_us=end),
    )


def read_dimensions(ctx: click.Context, param: click.Parameter, value: str | None) -> Sequence[str]:
    """Return the dimensions of ``tool,model``.

    Raises:
        click.BadParameter: one of them is none.
    """
    names = [part.strip() for part in value.split(",")] if value else ["tool"]
    for name in names:
        if name not in DIMENSIONS:
            near = get_close_matches(name, DIMENSIONS, n=1)
            said = f" Did you mean {near[0]!r}?" if near else ""
            raise click.BadParameter(
                f"{name!r} is nothing to count by.{said} One or more of: {', '.join(DIMENSIONS)}."
            )
    return list(dict.fromkeys(names))


def complete_dimensions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return lists of dimensions that start with ``incomplete``."""
    done, comma, wanted = incomplete.rpartition(",")
    had = done.split(",")
    return [
        f"{done}{comma}{one}" for one in DIMENSIONS if one.startswith(wanted) and one not in had
    ]


DIMENSIONS: Final = ("tool", "version", "schema", "model", "actor", "time")
"""`replay.metrics.DIMENSIONS`, said here so that a mistake costs no import."""
