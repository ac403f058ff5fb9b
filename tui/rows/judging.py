"""Which replay run a trace's verdicts are of: the newest that judged any call of it.

A run that could not, for its toolbox has none of the trace's tools, hides no run that did; where
none could, the newest says why.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from replay.records.codes import Verdict

UNJUDGED: Final = frozenset({Verdict.NOT_RUN, Verdict.SERVED})
"""Verdicts of calls that nobody judged."""

_SAYS_NOTHING: Final = str(tuple(str(one) for one in sorted(UNJUDGED)))
# Neither run nor trace has an affinity: the sign takes that of a key away, which would keep SQLite
# from the index.
_NEWEST: Final = (
    "(SELECT u.key FROM replay_run_rows u WHERE EXISTS (SELECT 1 FROM call_verdict_rows w "
    "WHERE w.run = +u.key AND w.trace = {trace}{judged}) "
    "ORDER BY u.started_us DESC, u.key DESC LIMIT 1)"
)


def judging_run(trace: str) -> str:
    """Return SQL for the row of the run whose verdicts the trace ``trace`` has; NULL: none."""
    judged = f" AND w.verdict NOT IN {_SAYS_NOTHING}"
    return (
        f"coalesce({_NEWEST.format(trace=trace, judged=judged)}, "
        f"{_NEWEST.format(trace=trace, judged='')})"
    )


def judged_none_of(connection: sqlite3.Connection, run: int) -> sqlite3.Cursor:
    """Return the rows of the traces of which a run judged no call."""
    return connection.execute(
        "SELECT v.trace FROM call_verdict_rows v WHERE v.run = :run AND v.verdict <> 'same' "
        f"AND v.verdict IN {_SAYS_NOTHING} GROUP BY v.trace HAVING count(*) = (SELECT count(*) "
        "FROM call_verdict_rows w WHERE w.run = :run AND w.trace = +v.trace)",
        {"run": run},
    )
