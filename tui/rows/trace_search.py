"""Which traces of a list hold a text in their line. Meant for a thread."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from replay.store.database import store_error
from tui.rows.filters import like_pattern
from tui.rows.traces import TraceList

_CHUNK_SEARCHED: Final = 4_096


def next_with(
    traces: TraceList, text: str, start: int, direction: int, is_over: Callable[[], bool]
) -> int | None:
    """Return the index of the next trace whose line holds ``text``, around the end; or None.

    As `all_with` finds them.
    """
    spans = _slices(len(traces.keys), start, direction)
    return next(_holding(traces, text, spans, is_over), None)


def all_with(traces: TraceList, text: str, is_over: Callable[[], bool]) -> array[int]:
    """Return the indexes of all traces whose line holds ``text``.

    Looked for among ids, apps, models and what was asked, some thousand at a time on a
    connection of its own: meant for a thread, which asks ``is_over`` in between.

    Raises:
        StoreError: the database cannot be read.
    """
    return array("q", _holding(traces, text, _slices(len(traces.keys), 0, 1), is_over))


def _holding(
    traces: TraceList, text: str, spans: Iterable[Sequence[int]], is_over: Callable[[], bool]
) -> Iterator[int]:
    connection = traces.database.reading_connection()
    like = like_pattern(text)
    try:
        for indexes in spans:
            if is_over():
                return
            keys = [traces.keys[index] for index in indexes]
            rows = connection.execute(
                "SELECT r.key FROM json_each(?) k JOIN trace_rows r ON r.key = k.value "
                "WHERE r.id LIKE ? ESCAPE '\\' OR (r.first_user_text LIKE ? ESCAPE '\\' "
                "AND shows_asked(r.id, r.first_user_text, ?)) OR r.app LIKE ? ESCAPE '\\' "
                "OR r.model LIKE ? ESCAPE '\\'",
                (json.dumps(keys), like, like, text, like, like),
            )
            held = {row[0] for row in rows}
            if held:
                yield from (index for index in indexes if traces.keys[index] in held)
    except sqlite3.Error as error:
        raise store_error(error, traces.database.path) from error
    finally:
        connection.close()


def _slices(number: int, start: int, direction: int) -> Iterator[Sequence[int]]:
    """Give all indexes from ``start`` on, around the end, some thousand at a time."""
    if direction > 0:
        spans = (range(start, number), range(min(start, number)))
    else:
        spans = (range(min(start, number - 1), -1, -1), range(number - 1, max(start, -1), -1))
    for span in spans:
        for first in range(0, len(span), _CHUNK_SEARCHED):
            yield span[first : first + _CHUNK_SEARCHED]
