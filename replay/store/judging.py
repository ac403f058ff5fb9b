"""Which replay run a trace's verdicts are of: the newest that judged any call of it.

A run that could not, for its toolbox has none of the trace's tools, hides no run that did; where
none could, the newest says why.
"""

from __future__ import annotations

from typing import Final

from replay.records.codes import UNJUDGED

SAYS_NOTHING: Final = str(tuple(str(one) for one in sorted(UNJUDGED)))
"""SQL for the verdicts of calls that nobody judged."""

# Neither run nor trace has an affinity: the sign takes that of a key away, which would keep SQLite
# from the index.
_NEWEST: Final = (
    "(SELECT u.key FROM replay_run_rows u WHERE EXISTS (SELECT 1 FROM call_verdict_rows w "
    "WHERE w.run = +u.key AND w.trace = {trace}{judged}) "
    "ORDER BY u.started_us DESC, u.key DESC LIMIT 1)"
)


def judging_run_sql(trace: str) -> str:
    """Return SQL for the row of the run whose verdicts the trace ``trace`` has; NULL: none."""
    judged = f" AND w.verdict NOT IN {SAYS_NOTHING}"
    return (
        f"coalesce({_NEWEST.format(trace=trace, judged=judged)}, "
        f"{_NEWEST.format(trace=trace, judged='')})"
    )
