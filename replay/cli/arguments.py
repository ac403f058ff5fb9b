"""Arguments and options that several commands share, and the functions that read their values."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click


def read_words(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return what somebody says, as it was typed; None: nothing was asked.

    Raises:
        click.BadParameter: it is empty.
    """
    if value is not None and not value.strip():
        raise click.BadParameter("it says nothing; leave the option out, or say something.")
    return value


def _wait(ctx: click.Context, param: click.Parameter, value: float | None) -> None:
    """Have this process wait so long for locked databases, and say who it waits for."""
    from replay.cli import locked

    locked.wait(value)


wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    expose_value=False,
    callback=_wait,
    help="Wait at most so long for a database that another program has locked: 10, or as long as "
    "the work is worth.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def examples(*lines: str) -> str:
    """Return the end of a command's help: command lines to copy."""
    title = "Example:" if len(lines) == 1 else "Examples:"
    # Click keeps the line ends of a paragraph that starts with a backspace.
    return "\n".join(["\b", title, *(f"  {one}" for line in lines for one in _continued(line))])


def _continued(line: str) -> list[str]:
    """A command line that fits into 80 columns with its indent, going on after a backslash."""
    pieces: list[str] = []
    for word in _WORD.findall(line):
        before = pieces[-1].split() if pieces and not word.startswith("-") else [""]
        is_value = before[0].startswith("-") and len(before) == 1
        if is_value or (before[0] == "replay" and len(before) < 3):  # these stay together
            pieces[-1] += f" {word}"
        else:
            pieces.append(word)
    if len(line) <= _EXAMPLE_WIDTH:
        return [line]
    lines, last = [], ""
    for piece in pieces:
        if last and len(last) + len(piece) + len("  \\") > _EXAMPLE_WIDTH:
            lines.append(f"{last} \\")
            last = f"    {piece}"
        else:
            last += f" {piece}" if last else piece
    return [*lines, last]


_WORD = re.compile(r"""(?:'[^']*'|"[^"]*"|\S)+""")
_EXAMPLE_WIDTH = 76

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def database_and(
    *names: str,
    optional: Sequence[str] = (),
    complete: Callable[..., Any] | None = None,
    unless: str | None = None,
    guesses: bool = True,
) -> Callable[..., Any]:
    """Return a decorator that gives a command its ``database`` and its other arguments.

    The database comes first on the command line and may be left out where ``[tool.replay]`` names
    one, or where the working directory has a ``traces.db``.

    Args:
        names: the arguments that follow it, lower case; the command gets each as a string.
        optional: those that may be left out after these; the command gets None then.
        complete: what completes a word, as click asks it; None: by their names.
        unless: an option that makes a command do without a database: it gets None where none is
            named and there is none to take.
        guesses: False: the database is there where there is a word too many for the others, which
            may look like one (``origin/main``).
    """
    words = [name.upper() for name in names] + [f"[{name.upper()}]" for name in optional]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        from replay.cli.completing import complete_words

        metavar = " ".join(["[DATABASE]", *words])
        completing = complete or complete_words([*names, *optional])

        @wait_option
        @click.argument("words", nargs=-1, metavar=metavar, shell_complete=completing)
        @functools.wraps(command)
        def with_database(*, words: tuple[str, ...], **options: Any) -> Any:
            is_needed = unless is None or not options.get(unless)
            database, rest = _split(words, names, optional, is_needed=is_needed, guesses=guesses)
            given = dict.fromkeys(optional) | dict(zip([*names, *optional], rest, strict=False))
            context = click.get_current_context(silent=True)
            if database is None or context is None:
                return command(database=database, **given, **options)
            from replay.cli.audit import noting
            from replay.cli.locked import forget_wait

            try:
                with noting(context.command_path, database, options):
                    return command(database=database, **given, **options)
            finally:
                forget_wait()

        return with_database

    return decorate


def _split(
    words: Sequence[str],
    names: Sequence[str],
    optional: Sequence[str],
    *,
    is_needed: bool = True,
    guesses: bool = True,
) -> tuple[Path | None, list[str]]:
    most = len(names) + len(optional)
    looks_like_one = guesses and bool(words) and looks_like_database(words[0])
    first_is_database = len(words) > most or looks_like_one
    rest = list(words[1:] if first_is_database else words)
    if len(rest) < len(names):
        raise click.UsageError(f"Missing argument {names[len(rest)].upper()!r}.")
    if len(rest) > most:
        raise click.UsageError(f"Got an argument too many: {rest[most]!r}.")
    if first_is_database:
        return Path(words[0]), rest
    try:
        return default_database(), rest
    except click.UsageError:
        if is_needed:
            raise
        return None, rest


def looks_like_database(word: str) -> bool:
    """Return whether the first word of a command line names a database."""
    path = Path(word)
    return path.suffix in {".db", ".sqlite", ".sqlite3"} or "/" in word or path.is_file()


def default_database() -> Path:
    """Return the database of ``[tool.replay]``, or ``traces.db`` of the working directory.

    Raises:
        click.UsageError: there is neither.
    """
    from replay.config import load_config

    named = load_config().database_path
    if named is not None:
        return named
    if Path("traces.db").is_file():
        return Path("traces.db")
    context = click.get_current_context(silent=True)
    command = "list" if context is None else context.command_path.partition(" ")[2] or "list"
    raise click.UsageError(
        f"Which database? Name it first (`replay {command} traces.db`),\n"
        "or set `database` in [tool.replay] of pyproject.toml."
    )


def read_outcomes(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> list[str]:
    """Return the outcome codes of an option.

    Raises:
        click.BadParameter: one of them is none; the message lists all codes.
    """
    if not value:
        return []
    from replay.records.codes import Outcome, code_named

    found = []
    for word in value:
        code = code_named("outcome", word)
        if code is None:
            raise click.BadParameter(f"{word!r} is no outcome; one of: {', '.join(Outcome)}.")
        found.append(code)
    return found


def complete_outcomes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the outcome codes that start with ``incomplete``."""
    from replay.records.codes import Outcome

    return [str(code) for code in Outcome if code.startswith(incomplete)]


def complete_policies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return ``TOOL=POLICY`` words that start with ``incomplete``, once its tool is named."""
    from replay.records.codes import Policy

    tool, equals, wanted = incomplete.rpartition("=")
    if not equals:
        return []
    return [f"{tool}={policy}" for policy in Policy if policy.startswith(wanted)]


_TRAITS = ("tool", "model", "outcome")


def read_traits(ctx: click.Context, param: click.Parameter, value: str | None) -> list[str]:
    """Return the traits of ``tool,model``: what kinds of calls are told apart by.

    Raises:
        click.BadParameter: one of them is none.
    """
    traits = [part.strip() for part in value.split(",")] if value is not None else []
    for trait in traits:
        if trait not in _TRAITS:
            raise click.BadParameter(
                f"{trait!r} is no trait; one or more of: {', '.join(_TRAITS)}."
            )
    return list(dict.fromkeys(traits))


def complete_traits(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return lists of traits that start with ``incomplete``."""
    done, comma, wanted = incomplete.rpartition(",")
    had = done.split(",")
    return [f"{done}{comma}{one}" for one in _TRAITS if one.startswith(wanted) and one not in had]


def read_moment(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return a moment as the records write it: UTC, microseconds, ``Z``.

    Given as ISO 8601 (UTC unless it says otherwise), or as how long ago: ``30m 12h 7d 2w``.

    Raises:
        click.BadParameter: it is neither.
    """
    return None if value is None else moment_of(value)


def moment_of(value: str) -> str:
    """Return a moment as `read_moment` does, for words that come from elsewhere.

    Raises:
        click.BadParameter: it is none.
    """
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
