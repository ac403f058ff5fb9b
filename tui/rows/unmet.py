"""What a filter that finds nothing names though no trace has it, and the nearest that there is."""

from __future__ import annotations

import difflib
import sqlite3
from collections.abc import Callable
from typing import Final

from replay.records import Selection
from replay.store.selecting import distinct_models

_OF_INDEX: Final = (
    "WITH RECURSIVE found(value) AS (SELECT min(tool) FROM tool_call_rows UNION ALL SELECT "
    "(SELECT min(c.tool) FROM tool_call_rows c WHERE c.tool > found.value) FROM found "
    "WHERE found.value IS NOT NULL) SELECT value FROM found WHERE value IS NOT NULL"
)
"""A seek for each tool, where DISTINCT would go through every call."""
_APPS: Final = "SELECT DISTINCT app FROM trace_rows WHERE app IS NOT NULL"


def unmet_words(connection: sqlite3.Connection, selection: Selection) -> str:
    """Return ``no tool 'calc': calculate?``; empty: all that is named is there."""
    asked: tuple[tuple[str, list[str], Callable[[], list[str]]], ...] = (
        ("tool", selection.tools, lambda: _texts(connection, _OF_INDEX)),
        ("app", selection.apps, lambda: _texts(connection, _APPS)),
        ("model", selection.models, lambda: distinct_models(connection)),
    )
    for noun, words, values in asked:
        for word in words:
            if noun == "model" and any(char in word for char in "*?["):
                continue
            known = values()
            if word not in known:
                near = _nearest(word, known)
                return f"no {noun} {word!r}" + (f": {near}?" if near else "")
    return ""


def _texts(connection: sqlite3.Connection, question: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(question)]


def _nearest(word: str, known: list[str]) -> str | None:
    """Return what holds the word, the shortest first; else what is spelled nearly so."""
    holding = sorted((one for one in known if word.casefold() in one.casefold()), key=len)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return next(iter([*holding, *near]), None)
