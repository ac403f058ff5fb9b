"""What is hidden in a database, and having a store read it so."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from replay.hiding.places import HiddenPlaces
from replay.hiding.reader import HidingReader
from replay.records import ToolSchema
from replay.records.sensitive import FieldRule
from replay.store import Store
from replay.store.contents import ContentReader
from replay.store.field_rules import Mask
from replay.store.record_rows import RecordReader
from replay.store.schemas import MARKED_SCHEMA


def hidden_places(
    reader: RecordReader,
    paths: Iterable[str],
    *,
    rules_of: Callable[[list[ToolSchema]], Iterable[FieldRule]] | None = None,
    stand_in: Mask | None = None,
) -> HiddenPlaces:
    """Return what is hidden in a database: ``paths``, and what its tools said when recorded.

    False: nothing is. ``rules_of``: what else is known of marked places than where they are, which
    a ``stand_in`` for their values needs.
    """
    marked = reader.records("tool_schema", MARKED_SCHEMA, [])
    if rules_of is not None:
        return HiddenPlaces(paths, rules_of(marked), stand_in)
    rules: dict[FieldRule, None] = {}
    for schema in marked:
        for said in schema.sensitive or ():
            part, *path = said.partition("=")[0].split(".")
            parts = ("result", "response") if part in ("result", "response") else (part,)
            for one in parts:
                rules[FieldRule(schema.tool, (one, *path))] = None
    return HiddenPlaces(paths, rules, stand_in)


def hide_in(
    store: Store,
    paths: Iterable[str],
    *,
    rules_of: Callable[[list[ToolSchema]], Iterable[FieldRule]] | None = None,
    stand_in: Mask | None = None,
) -> HidingReader | None:
    """Have ``store`` give what it reads as it is shown; return what hides; None: nothing is hidden.

    For commands that show, never for what runs: that needs the values as they are. ``rules_of``,
    ``stand_in``: as `hidden_places` takes them.
    """
    places = store.record_reader(
        lambda reader: hidden_places(reader, paths, rules_of=rules_of, stand_in=stand_in)
    )
    if not places:
        return None
    made: list[HidingReader] = []

    def make(connection: sqlite3.Connection, contents: ContentReader) -> RecordReader:
        made[:] = [HidingReader(connection, contents, places)]
        return made[0]

    store.read_with(make)
    return made[0]
