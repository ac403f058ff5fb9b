"""Arguments and options that several commands share, and the functions that read their values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

database_argument = click.argument(
    "database", metavar="DATABASE", type=click.Path(path_type=Path, dir_okay=False)
)
"""The first argument of every command that reads or writes a database."""

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON instead of text; its form is stable."
)


def examples(*lines: str) -> str:
    """Return the end of a command's help: command lines to copy."""
    title = "Example:" if len(lines) == 1 else "Examples:"
    # Click keeps the line ends of a paragraph that starts with a backspace.
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)])


_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_outcomes(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> list[str]:
    """Return the outcome codes of an option.

    Raises:
        click.BadParameter: one of them is none; the message lists all codes.
    """
    if not value:
        return []
    from replay.records.codes import Outcome

    codes = [str(code) for code in Outcome]
    for code in value:
        if code not in codes:
            raise click.BadParameter(f"{code!r} is no outcome; one of: {', '.join(codes)}.")
    return list(value)


def complete_outcomes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the outcome codes that start with ``incomplete``."""
    from replay.records.codes import Outcome

    return [str(code) for code in Outcome if code.startswith(incomplete)]


def read_moment(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return a moment as the records write it: UTC, microseconds, ``Z``.

    Given as ISO 8601 (UTC unless it says otherwise), or as how long ago: ``30m 12h 7d 2w``.

    Raises:
        click.BadParameter: it is neither.
    """
    if value is None:
        return None
    moment = _ago(value) or _iso(value)
    if moment is None:
        raise click.BadParameter(
            f"{value!r} is no moment; give 2026-11-21, 2026-11-21T09:30 (UTC), or how long ago: "
            "30m, 12h, 7d, 2w."
        )
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_labels(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> dict[str, str]:
    """Return label conditions: ``KEY=VALUE`` each.

    Raises:
        click.BadParameter: one has no ``=`` or no key.
    """
    labels: dict[str, str] = {}
    for label in value:
        key, equals, wanted = label.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{label!r} is no label; write it as KEY=VALUE.")
        labels[key] = wanted
    return labels


def _ago(value: str) -> datetime | None:
    unit = _UNITS.get(value[-1:])
    if unit is None or not value[:-1].isdecimal():
        return None
    try:
        return datetime.now(UTC) - timedelta(**{unit: int(value[:-1])})
    except OverflowError:
        return None


def _iso(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def existing(items: list[Any], plural: str) -> str:
    """Return ``items`` in words for a message: the first few of them, and how many more."""
    if not items:
        return f"there are no {plural}"
    more = f" and {len(items) - 5} more" if len(items) > 5 else ""
    return ", ".join(str(item) for item in items[:5]) + more
