"""What people said the right call would have been, against what the model called.

A label is a piece of feedback on a step: a correction names the tool and the arguments that should
have been, a score of 1 says that the call is right and one of 0 that it is wrong. Of several on one
step the newest counts. On a model call, a correction is of what it should have asked for.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from replay.metrics.scope import Scope
from replay.records.corrections import corrected_call
from replay.store.contents import ContentReader

NO_CALL: Final = "no call"
"""In a confusion: the model called nothing, or should have called nothing."""


@dataclass(frozen=True, slots=True)
class Label:
    """What was said of one call."""

    tool: str
    """What the model called; `NO_CALL` where it called nothing."""
    right_tool: str | None
    """What it should have called; None: it is only known that the call is wrong."""
    right_arguments: bool | None
    """None: nobody said."""

    @property
    def is_right(self) -> bool:
        """Whether tool and arguments are as they should have been."""
        return self.right_tool == self.tool and self.right_arguments is not False


@dataclass(slots=True)
class Accuracy:
    """How often the labelled calls of one tool were right."""

    tool: str
    labelled_count: int = 0
    right_tool_count: int = 0
    right_count: int = 0
    """The right tool with the right arguments, as far as they were labelled."""
    instead: Counter[str] = field(default_factory=Counter)
    """What it should have been where it was another tool."""


def read_labels(
    connection: sqlite3.Connection, scope: Scope | None = None
) -> dict[tuple[int, int], Label]:
    """Return the newest label of each labelled step, by its trace's row and its number."""
    scope = scope or Scope()
    in_traces, values = scope.traces("f.trace")
    contents = ContentReader(connection)
    found: dict[tuple[int, int], Label] = {}
    for trace, step, score, correction in connection.execute(
        "SELECT f.trace, f.step_number, f.score, f.correction FROM feedback_rows f "
        "WHERE f.step_number IS NOT NULL AND (f.correction IS NOT NULL OR f.score IN (0, 1)) "
        f"AND {in_traces} ORDER BY f.created_us, f.id",
        values,
    ):
        step_of = _step(connection, contents, trace, step, scope)
        if step_of is None:
            continue
        said = contents.json(correction)
        found[trace, step] = _label(*step_of, score, said)
    return found


def accuracy(labels: Mapping[tuple[int, int], Label]) -> list[Accuracy]:
    """Return the accuracy of each tool that was called, most labels first."""
    found: dict[str, Accuracy] = {}
    for label in labels.values():
        one = found.setdefault(label.tool, Accuracy(label.tool))
        one.labelled_count += 1
        one.right_tool_count += label.right_tool == label.tool
        one.right_count += label.is_right
        if label.right_tool not in (None, label.tool):
            one.instead[str(label.right_tool)] += 1
    return sorted(found.values(), key=lambda one: (-one.labelled_count, one.tool))


def _step(
    connection: sqlite3.Connection, contents: ContentReader, trace: int, step: int, scope: Scope
) -> tuple[str, Any] | None:
    """Return tool and arguments of a step; None: it is none, or not in the scope."""
    in_window, moments = scope.moments("c.started_us")
    row = connection.execute(
        "SELECT c.tool, c.arguments, c.tool_version, coalesce(s.response_model, s.model), "
        "coalesce(c.actor, 'assistant') FROM tool_call_rows c "
        "LEFT JOIN model_call_rows m ON m.key = c.model_call AND typeof(c.model_call) = 'integer' "
        "LEFT JOIN model_settings s ON s.key = m.settings "
        f"WHERE c.trace = ? AND c.step_number = ? AND {in_window}",
        [trace, step, *moments],
    ).fetchone()
    if row is not None:
        covered = scope.covers(row[0], row[2], row[3], row[4])
        return (row[0], _parsed(contents.text(row[1]))) if covered else None
    asked = connection.execute(
        "SELECT m.key FROM model_call_rows m WHERE m.trace = ? AND m.step_number = ?",
        (trace, step),
    ).fetchone()
    if asked is None:
        return None
    called = connection.execute(
        "SELECT tool, arguments FROM tool_call_rows WHERE trace = ? AND model_call = ? "
        "ORDER BY call_index LIMIT 1",
        (trace, asked[0]),
    ).fetchone()
    return (NO_CALL, None) if called is None else (called[0], _parsed(contents.text(called[1])))


def _label(tool: str, arguments: Any, score: float | None, correction: Any) -> Label:
    call = corrected_call(correction, tool)
    if call is not None:
        right, wanted = call
        is_same = None if wanted is None else _written(wanted) == _written(arguments)
        return Label(tool, right or NO_CALL, is_same)
    if score == 1 and correction is None:
        return Label(tool, tool, True)
    return Label(tool, None, None)


def _written(value: Any) -> str:
    """Return JSON in one form: true is not 1, though Python takes them for equal."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _parsed(text: str | None) -> Any:
    try:
        return orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return None
