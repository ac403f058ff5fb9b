"""What there is to choose from: tools, models, outcomes, verdicts, apps and labels, with counts.

A count says how many traces the list would have. Each facet is one question, answered in a thread:
one that goes through a million rows keeps nobody waiting, and can be ended.
"""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from replay.store.database import store_error
from replay.store.judging import judging_run_sql
from replay.verdicts.counts import APPROVED
from tui.rows.approvals import IS_APPROVED, approved_pairs
from tui.rows.database import Database
from tui.rows.filters import NAMES, TraceFilter

VALUES_MAX: Final = 200
"""Values of one facet; those with most traces."""

# Traces of the list, where it is filtered; the sign keeps their order out of the plan.
_AMONG: Final = "AND {trace} IN (SELECT value FROM json_each(:chosen))"

_QUESTIONS: Final = {
    "tool": (
        "SELECT tool, count(*) FROM (SELECT DISTINCT c.tool, c.trace FROM tool_call_rows c "
        "WHERE 1 {c.trace}) GROUP BY 1"
    ),
    "model": "SELECT m.model, count(*) FROM trace_models m WHERE 1 {m.trace} GROUP BY 1",
    "outcome": (
        "SELECT outcome, count(*) FROM (SELECT DISTINCT c.outcome, c.trace FROM tool_call_rows c "
        "WHERE c.outcome <> 'ok' {c.trace}) GROUP BY 1"
    ),
    # As the filter: of the newest run that judged a trace.
    "verdict": (
        "SELECT {v.verdict}, count(DISTINCT v.trace) FROM replay_run_rows u "
        "CROSS JOIN call_verdict_rows v WHERE v.run = +u.key AND v.verdict <> 'same' "
        f"AND u.key = {judging_run_sql('+v.trace')} "
        "{v.trace} GROUP BY 1"
    ),
    "app": ("SELECT r.app, count(*) FROM trace_rows r WHERE r.app IS NOT NULL {r.key} GROUP BY 1"),
    "source": (
        "SELECT coalesce(r.source, 'recorded'), count(*) FROM trace_rows r "
        "WHERE 1 {r.key} GROUP BY 1"
    ),
    "label": (
        "SELECT l.key || '=' || l.value, sum(held.times) FROM (SELECT r.labels, count(*) times "
        "FROM trace_rows r WHERE r.labels IS NOT NULL {r.key} GROUP BY 1) held, "
        "json_each(content_text(held.labels)) l GROUP BY 1"
    ),
}


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing to tell traces by."""

    name: str
    """As the filter calls it: ``tool``."""
    values: Sequence[tuple[str, int]]
    """With the number of traces, most first."""
    more: int = 0
    """Values that are left out."""


class Facets:
    """The facets of the traces in a list; `read` gives one after the other."""

    def __init__(self, database: Database, chosen: Sequence[int] | None) -> None:
        """``chosen``: the traces that count; None: all."""
        self._database = database
        self._chosen = None if chosen is None else json.dumps(list(chosen))
        self._connection: sqlite3.Connection | None = None
        self._is_stopped = False

    def read(self) -> Iterator[Facet]:
        """Give each facet that has values, as soon as it is counted. Meant for a thread.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._database.scanning() as connection:
            self._connection = connection
            try:
                for name, question in _QUESTIONS.items():
                    if self._is_stopped:
                        return
                    facet = self._counted(connection, name, question)
                    if facet.values:
                        yield facet
            except sqlite3.Error as error:
                if not self._is_stopped:
                    raise store_error(error, self._database.path) from error
            finally:
                self._connection = None

    def stop(self) -> None:
        """End a `read` that runs in another thread."""
        self._is_stopped = True
        connection = self._connection
        if connection is not None:
            connection.interrupt()

    def _counted(self, connection: sqlite3.Connection, name: str, question: str) -> Facet:
        values: dict[str, str] = {} if self._chosen is None else {"chosen": self._chosen}
        verdict = "v.verdict"
        if name == "verdict" and (approved := approved_pairs(self._database)) is not None:
            verdict = f"CASE WHEN {IS_APPROVED} THEN '{APPROVED}' ELSE v.verdict END"
            values["approved"] = approved
        question = _limited(question, is_all=self._chosen is None)
        rows = connection.execute(question.replace("{v.verdict}", verdict), values)
        counts = [(str(value), int(count)) for value, count in rows if value is not None]
        counts.sort(key=lambda one: (-one[1], one[0]))
        return Facet(name, counts[:VALUES_MAX], max(0, len(counts) - VALUES_MAX))


def _limited(question: str, *, is_all: bool) -> str:
    for column in ("c.trace", "m.trace", "v.trace", "r.key"):
        among = "" if is_all else _AMONG.format(trace=column)
        question = question.replace("{" + column + "}", among)
    return question


def narrowed(wanted: TraceFilter, name: str, value: str) -> str:
    """Return the filter line ``wanted`` with ``name:value`` in it.

    Another value of the same name goes: of two tools a trace need have only one, which would show
    more, not less. Labels stay: all of them must hold.
    """
    pair = f"{name}:{value}"
    words = [
        word
        for word in _words(wanted.text)
        if word != pair and (name == "label" or not word.startswith(f"{name}:"))
    ]
    return " ".join(_quoted(word) for word in [*words, pair])


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.replace('"', " ").replace("'", " ").split()


def _quoted(word: str) -> str:
    name, colon, value = word.partition(":")
    if colon and name in NAMES:
        return f"{name}:{_quoted_text(value)}"
    return _quoted_text(word)


def _quoted_text(text: str) -> str:
    is_plain = text and not any(char.isspace() or char in "\"'\\" for char in text)
    return text if is_plain else shlex.quote(text)
