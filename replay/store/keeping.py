"""What a recorder does about old traces: a little at a time, in the gaps of its background thread.

Traces whose time is over go, a handful per step, with a connection that waits for nobody. What they
referred to goes when a pass is done, if the file is small; in a large one that takes seconds of
work, which is `replay prune`'s.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path
from typing import Final

from replay.store import database
from replay.store.audit import Noting
from replay.store.freeing import free_contents
from replay.store.keep_rules import TRACE_COLUMNS, Judge, KeepRules
from replay.store.removing import remove_traces
from replay.store.shrinking import shrink

LOOKED_AT: Final = 500
"""Traces that one step looks at; a few milliseconds."""
REMOVED: Final = 10
"""Traces that one step removes at most; ten milliseconds, for those of usual length."""
CONTENTS_MAX: Final = 20_000
"""Contents up to which a recorder frees them itself: a tenth of a second."""
_PASS_S: Final = 3600.0
"""Seconds from the end of one pass to the next."""

_LOG: Final = logging.getLogger("replay.store")


class Keeping:
    """Goes through the traces of one database, oldest first, again and again. Not thread-safe."""

    def __init__(self, path: Path, rules: KeepRules) -> None:
        """``path``: a database of today's format."""
        self._path = path
        self._rules = rules
        self._after = (-1, "")
        self._removed = 0
        self._noting = Noting("recorder", "removed")
        """One entry for each pass: it may remove a million traces, some at a time."""
        self._next_s = 0.0

    def step(self) -> int:
        """Look at some traces, and remove those whose time is over; return how many went.

        Does nothing while another process writes, and between two passes.
        """
        if time.monotonic() < self._next_s:
            return 0
        try:
            connection = database.connect(self._path, busy_ms=0)
        except sqlite3.Error:
            return 0
        try:
            return self._step(connection)
        except sqlite3.OperationalError as error:
            _LOG.debug("Old traces of %s wait: %s", self._path, error)
            return 0
        finally:
            connection.close()

    def _step(self, connection: sqlite3.Connection) -> int:
        rows = connection.execute(
            f"SELECT {TRACE_COLUMNS} FROM trace_rows r WHERE (r.started_us, r.id) > (?, ?) "
            "AND r.id NOT IN (SELECT trace_id FROM holds) "
            "AND r.key NOT IN (SELECT trace FROM pin_rows) "
            "ORDER BY r.started_us, r.id LIMIT ?",
            (*self._after, LOOKED_AT),
        ).fetchall()
        if not rows:
            self._end_pass(connection)
            return 0
        judge = Judge(connection, self._rules, time.time_ns() // 1_000)
        going: list[tuple[int, str]] = []
        for row in rows:
            if judge.due(row) is not None:
                going.append((row[0], row[1]))
            self._after = (row[3], row[1])
            if len(going) >= REMOVED:
                break
        if going:
            connection.execute("PRAGMA secure_delete=FAST")
            database.transaction(connection, lambda: self._remove(connection, going))
        return len(going)

    def _remove(self, connection: sqlite3.Connection, going: list[tuple[int, str]]) -> None:
        removed = remove_traces(connection, going).trace_count
        if removed:
            count = self._removed + removed
            traces = "trace" if count == 1 else "traces"
            self._noting.say(connection, f"{count:,} {traces}: their time was over")
            self._removed = count

    def _end_pass(self, connection: sqlite3.Connection) -> None:
        removed, self._removed = self._removed, 0
        self._noting = Noting("recorder", "removed")
        self._after = (-1, "")
        self._next_s = time.monotonic() + _PASS_S
        if not removed:
            return
        contents = connection.execute("SELECT max(key) FROM contents").fetchone()[0] or 0
        if contents <= CONTENTS_MAX:
            connection.execute("PRAGMA secure_delete=FAST")
            free_contents(connection)
            if connection.execute("PRAGMA auto_vacuum").fetchone()[0]:
                shrink(connection)
            _LOG.info("%d traces of %s were removed: their time was over.", removed, self._path)
        else:
            _LOG.warning(
                "%d traces of %s were removed: their time was over. `replay prune` gives their "
                "room back.",
                removed,
                self._path,
            )
