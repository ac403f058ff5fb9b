"""`--reveal`: what is hidden from whoever does not ask for it, and asking for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.hiding import HidingReader
    from replay.store import Store

reveal_option = click.option(
    "--reveal", is_flag=True, help="Show hidden values, too; the audit notes who asked for them."
)


@contextmanager
def opened_to_show(database: Path, *, reveal: bool) -> Iterator[Store]:
    """Open a database for a command that shows what is in it: without what is hidden.

    Raises:
        StoreError: it cannot be opened.
    """
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        hide(store, reveal=reveal)
        yield store


def hide(store: Store, *, reveal: bool) -> HidingReader | None:
    """Let ``store`` give what it reads as it is shown from now on; None: nothing is hidden."""
    if reveal:
        return None
    from replay.config import load_config
    from replay.store.schemas import MARKED_SCHEMA

    paths = load_config().hidden_paths
    marked = f"SELECT 1 FROM tool_schema_rows r WHERE {MARKED_SCHEMA} LIMIT 1"
    if not paths and not store.query(marked)[1]:
        return None  # as mostly: what hides takes longer to import than most commands to answer
    from replay.hiding import hide_in

    return hide_in(store, paths)


def shown(database: Path, record: Any, *, reveal: bool) -> Any:
    """Return a record that was made just now as it is shown."""
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        hides = hide(store, reveal=reveal)
        return record if hides is None else store.record_reader(lambda _: hides.shown(record))


def refuse_hidden(database: Path, *, reveal: bool, what: str) -> None:
    """Refuse to show what cannot be shown in part, where something in the database is hidden.

    Raises:
        ReplayError: something is, and nobody asked to reveal it.
    """
    if reveal or not has_hidden(database):
        return
    raise ReplayError(
        f"{what}, and '{database}' has values that are hidden.",
        hint="--reveal shows them, and the audit notes it. docs/access.md says what is hidden.",
    )


def has_hidden(database: Path) -> bool:
    """Return whether a database may hold what is hidden, as far as its traces say.

    What is only to be masked has nothing to hide in traces that were masked.

    Raises:
        StoreError: it cannot be opened.
    """
    from replay.config import load_config
    from replay.hiding import hidden_places
    from replay.store import Store

    config = load_config()
    with Store.open(database, mode="r") as store:
        if config.access.hide:
            return True
        places = store.record_reader(lambda reader: hidden_places(reader, config.mask.paths))
        return bool(places and store.query(_UNMASKED)[1])


_UNMASKED: Final = """
SELECT 1 FROM (SELECT DISTINCT attributes FROM trace_rows)
WHERE attributes IS NULL OR content_text(attributes) NOT LIKE '%"redacted":%' LIMIT 1
"""
