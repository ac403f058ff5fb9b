"""What a shell completes a word of the command line with, read from the database it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from replay.store import Store

Complete = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]

_COUNT_MAX: Final = 50
_BEGINNING: Final = "SELECT id FROM traces WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
_NEWEST: Final = "SELECT id FROM traces ORDER BY started_at DESC LIMIT ?"
_APPS: Final = "SELECT DISTINCT app FROM traces WHERE app IS NOT NULL"


def complete_words(names: Sequence[str]) -> Complete:
    """Return what completes ``[DATABASE]`` and the words after it, called ``names``.

    The first may be a database, which the shell itself looks for among the files.
    """

    def complete(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
        del param
        from click.shell_completion import CompletionItem

        database, rest = _database_and_rest(ctx)
        kind = names[len(rest)] if len(rest) < len(names) else None
        found = _found(database, kind, begun)
        if not found and (not words_of(ctx) or kind == "folder"):
            return [CompletionItem(begun, type="file")]
        return [CompletionItem(name) for name in found]

    return complete


def complete_values(kind: str) -> Complete:
    """Return what completes an option's value: a ``trace``, ``tool``, ``model``, ``app`` or run."""

    def complete(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
        del param
        from click.shell_completion import CompletionItem

        database, _ = _database_and_rest(ctx)
        return [CompletionItem(name) for name in _found(database, kind, begun)]

    return complete


def complete_files(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Have the shell look among the files."""
    del ctx, param
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="file")]


def words_of(ctx: click.Context) -> tuple[str, ...]:
    """Return the words that stand on the command line already, options aside."""
    # After an option that still wants its value click has read the words, and named them nowhere.
    return tuple(ctx.params.get("words") or ctx.args)


def _database_and_rest(ctx: click.Context) -> tuple[Path | None, Sequence[str]]:
    from replay.cli.arguments import default_database, looks_like_database
    from replay.errors import ReplayError

    words = words_of(ctx)
    if words and looks_like_database(words[0]):
        return Path(words[0]), words[1:]
    try:
        return default_database(), words
    except (click.UsageError, ReplayError):
        return None, words


def _found(database: Path | None, kind: str | None, begun: str) -> list[str]:
    """Return the names in the database that begin so; none where it cannot be read."""
    read = _READERS.get(kind or "")
    if database is None or read is None:
        return []
    from replay.errors import ReplayError
    from replay.store import Store

    try:
        with Store.open(database, mode="r") as store:
            names = read(store, begun)
    except ReplayError:
        return []
    return [name for name in dict.fromkeys(names) if name.startswith(begun)][:_COUNT_MAX]


def _traces(store: Store, begun: str) -> list[str]:
    if begun:
        _, rows = store.query(_BEGINNING, (begun, begun + "\U0010ffff", _COUNT_MAX))
    else:
        _, rows = store.query(_NEWEST, (_COUNT_MAX,))
    return [str(row[0]) for row in rows]


def _runs(store: Store, begun: str) -> list[str]:
    del begun
    runs = [run.id for run in store.runs(what_ifs=True)]
    return ["latest", *runs] if runs else []


def _findings(store: Store, begun: str) -> list[str]:
    del begun
    runs = store.runs()
    return ["all", *(one.signature for one in store.findings(runs[0].id))] if runs else []


_READERS: Final[dict[str, Callable[[Store, str], list[str]]]] = {
    "trace": _traces,
    "run": lambda store, begun: [*_runs(store, begun), *_findings(store, begun)[1:]],
    "other": _runs,
    "finding": _findings,
    "tool": lambda store, _: [row.tool for row in store.tools()],
    "model": lambda store, _: store.models(),
    "app": lambda store, _: [str(row[0]) for row in store.query(_APPS)[1]],
}
