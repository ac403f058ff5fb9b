"""What a database holds of each trace, as one number: a trace that is whole has the one it had.

Hashed are the rows of its calls, prompts, feedback, pins and verdicts. A text that lies elsewhere
stands there by its own hash, for pruning and masking may number texts anew, not change them. The
numbers hold within one process: Python's hashes are salted.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from replay.store.contents import ContentReader
from replay.store.layout import LAYOUTS

_OF_A_TRACE: Final = ("model_call", "tool_call", "feedback", "pin", "call_verdict")
_CUSTOMER: Final = re.compile(rb'"to":\s*"[^"]*"')
"""Where an answer names its customer: what masking replaces."""


def wholes(path: Path) -> dict[str, int]:
    """Return what identifies all that there is of each trace, by its id."""
    with closing(sqlite3.connect(path)) as connection:
        hashes = dict(connection.execute("SELECT content, hash FROM content_hashes"))
        return _added(connection, hashes.get)


def but_for_the_masked(path: Path) -> dict[str, int]:
    """Return the same without whom the answers of calls are about, and without links."""
    with closing(sqlite3.connect(path)) as connection:
        contents = ContentReader(connection)
        rows = connection.execute(
            "SELECT t.id, c.id, c.step_number, c.tool, c.outcome, c.started_us, c.response "
            "FROM tool_call_rows c JOIN trace_rows t ON t.key = c.trace"
        )
        found: defaultdict[str, int] = defaultdict(int)
        for trace, *cells, response in rows:
            body = contents.body(response)[1] if isinstance(response, int) else response
            plain = _CUSTOMER.sub(b"", body if isinstance(body, bytes) else str(body).encode())
            found[trace] += hash((*cells, plain))
        return dict(found)


def customers_left(path: Path, name: str) -> int:
    """Return how often a name that was to be masked stands in the answers of calls."""
    with closing(sqlite3.connect(path)) as connection:
        contents = ContentReader(connection)
        keys = connection.execute(
            "SELECT response FROM tool_call_rows WHERE typeof(response) = 'integer'"
        )
        return sum(name.encode() in contents.body(key)[1] for (key,) in keys)


def _added(connection: sqlite3.Connection, hashed: Callable[[int], Any]) -> dict[str, int]:
    traces = dict(connection.execute("SELECT key, id FROM trace_rows"))
    found: defaultdict[str, int] = defaultdict(int)
    for trace, row in _rows(connection, hashed):
        found[traces.get(trace, f"of no trace: {trace}")] += hash(row)
    return dict(found)


def _rows(
    connection: sqlite3.Connection, hashed: Callable[[int], Any]
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield each row that a trace has, after the trace's own key."""
    for kind, trace in (("trace", "key"), *((kind, "trace") for kind in _OF_A_TRACE)):
        layout = LAYOUTS[kind]
        columns = [one for one in layout.columns if not one.shared]
        named = ", ".join(one.name for one in columns)
        far = [one.form in ("text", "json") for one in columns]
        for key, *cells in connection.execute(f"SELECT {trace}, {named} FROM {layout.table}"):
            yield (
                key,
                (
                    kind,
                    *(
                        hashed(cell) if is_far and isinstance(cell, int) and cell > 0 else cell
                        for cell, is_far in zip(cells, far, strict=True)
                    ),
                ),
            )
    for key, position, content in connection.execute("SELECT * FROM prompt_messages"):
        yield key, ("prompt", position, hashed(content))
