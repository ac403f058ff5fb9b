"""The filter line of the list of traces: words and ``name:value`` pairs.

``tool:book_* `` is not a glob, model is: the pairs mean what the options of ``replay list`` mean.
Plain words are looked for in ids, in what the user asked, and in the calls.
"""

from __future__ import annotations

import difflib
import shlex
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from replay.errors import SelectionError
from replay.records import Outcome, Selection, Verdict
from replay.store.judging import judging_run_sql
from replay.store.selecting import Conditions, selected_traces
from replay.verdicts.counts import APPROVED
from tui.rows.approvals import IS_APPROVED
from tui.rows.filter_words import outcomes_of, verdicts_of

NAMES: Final = (
    "tool",
    "model",
    "outcome",
    "verdict",
    "app",
    "source",
    "label",
    "version",
    "since",
    "until",
)
_FEW_VERDICTS: Final = 2_000
"""Up to so many fitting verdicts, their traces are looked at; else the newest traces are."""
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """Which traces a list shows."""

    text: str = ""
    """As it was typed."""
    selection: Selection = field(default_factory=Selection)
    verdicts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text.strip())

    def conditions(self, connection: sqlite3.Connection, approved: str | None = None) -> Conditions:
        """Return the conditions on a row ``r`` of trace_rows; ``approved``: of `approved_pairs`."""
        found = selected_traces(connection, self.selection)
        if self.verdicts:
            _add_verdicts(connection, found, self.verdicts, approved)
        for word in self.words:
            like = like_pattern(word)
            found.add(
                "(r.id LIKE ? ESCAPE '\\' OR (r.first_user_text LIKE ? ESCAPE '\\' AND "
                "shows_asked(r.id, r.first_user_text, ?)) OR EXISTS (SELECT 1 FROM "
                "tool_call_rows c WHERE c.trace = +r.key AND (c.tool LIKE ? ESCAPE '\\' OR "
                "shows_text(c.key, c.arguments, c.response, ?))))",
                like,
                like,
                word,
                like,
                word,
            )
        return found


def like_pattern(text: str) -> str:
    """Return the LIKE pattern (with a backslash to escape) of what holds ``text``."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _wanted_verdicts(
    verdicts: tuple[str, ...], approved: str | None
) -> tuple[str, tuple[str, ...]]:
    """Return the condition on a verdict ``v`` and its values; what is approved is nothing else."""
    said = tuple(one for one in verdicts if one != APPROVED)
    wanted = f"v.verdict IN ({', '.join('?' * len(said))})"
    if approved is None:
        return wanted, said
    is_approved = IS_APPROVED.replace(":approved", "?")
    if len(said) == len(verdicts):
        return f"({wanted} AND NOT {is_approved})", (*said, approved)
    return f"({wanted} OR {is_approved})", (*said, approved)


def _add_verdicts(
    connection: sqlite3.Connection,
    found: Conditions,
    verdicts: tuple[str, ...],
    approved: str | None,
) -> None:
    """A trace fits by the verdicts of the newest replay run that judged it."""
    wanted, values = _wanted_verdicts(verdicts, approved)
    if Verdict.SAME not in verdicts:
        wanted += " AND v.verdict <> 'same'"  # allows the partial index of the others
    runs = "v.run IN (SELECT +u.key FROM replay_run_rows u)"
    count = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM call_verdict_rows v WHERE {runs} AND {wanted} "
        "LIMIT ?)",
        (*values, _FEW_VERDICTS + 1),
    ).fetchone()[0]
    if count <= _FEW_VERDICTS:
        found.is_rare = True
        found.add(
            f"r.key IN (SELECT v.trace FROM call_verdict_rows v WHERE {runs} AND {wanted})",
            *values,
        )
    judged_by = judging_run_sql("+r.key")
    found.add(
        "EXISTS (SELECT 1 FROM call_verdict_rows v INDEXED BY call_verdicts_by_step "
        f"WHERE v.run = +({judged_by}) AND v.trace = +r.key AND {wanted})",
        *values,
    )


def parse_filter(text: str) -> TraceFilter:
    """Return the filter that ``text`` says.

    Raises:
        SelectionError: a name or a value that does not exist; the message has the nearest.
    """
    pairs: dict[str, list[str]] = {}
    words: list[str] = []
    for word in _split(text):
        name, colon, value = word.partition(":")
        if colon and name.isidentifier() and value:
            if name not in NAMES:
                near = _nearest(name, NAMES)
                raise SelectionError(
                    f"There is no filter {name!r}.",
                    nearest=None if near is None else f"{near}:",
                    hint=None if near else f"There are {' '.join(f'{one}:' for one in NAMES)}",
                )
            pairs.setdefault(name, []).append(value)
        else:
            words.append(word)
    return TraceFilter(
        text=text,
        selection=_selection(pairs),
        verdicts=tuple(one for word in pairs.get("verdict", []) for one in verdicts_of(word)),
        words=tuple(words),
    )


def _selection(pairs: dict[str, list[str]]) -> Selection:
    labels = {}
    for label in pairs.get("label", []):
        key, equals, value = label.partition("=")
        if not equals:
            raise SelectionError(f"{label!r} is no label.", hint="Write label:KEY=VALUE.")
        labels[key] = value
    return Selection(
        tools=pairs.get("tool", []),
        models=pairs.get("model", []),
        tool_versions=pairs.get("version", []),
        outcomes=[Outcome(one) for word in pairs.get("outcome", []) for one in outcomes_of(word)],
        apps=pairs.get("app", []),
        sources=pairs.get("source", []),
        labels=labels,
        since=_moment(pairs.get("since")),
        until=_moment(pairs.get("until")),
    )


def _moment(values: list[str] | None) -> str | None:
    if not values:
        return None
    value = values[-1]
    unit = _UNITS.get(value[-1:])
    try:
        if unit is not None and value[:-1].isdecimal():
            moment = datetime.now(UTC) - timedelta(**{unit: int(value[:-1])})
        else:
            moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError) as error:
        raise SelectionError(
            f"{value!r} is no moment.", hint="Write 2026-11-21, or how long ago: 30m 12h 7d 2w."
        ) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that is not closed yet: somebody is typing
        return text.replace('"', " ").replace("'", " ").split()


def _nearest(word: str, words: tuple[str, ...] | list[str]) -> str | None:
    found = difflib.get_close_matches(word, list(words), n=1)
    return found[0] if found else None
