"""Going on with a trace that is in the database already, perhaps from another process."""

from __future__ import annotations

import json
from typing import Final

from replay.recorder.calls import LiveTrace
from replay.store import Store

_TRACE: Final = (
    'SELECT app, started_at, "start", labels, outcome, code_version, attributes '
    "FROM traces WHERE id = ?"
)
# Over the tables, not the views: only there the index by trace is used.
_STEP_COUNT: Final = """
SELECT max(step_number) FROM (
    SELECT step_number FROM model_call_rows WHERE trace = (SELECT key FROM trace_rows WHERE id = ?)
    UNION ALL
    SELECT step_number FROM tool_call_rows WHERE trace = (SELECT key FROM trace_rows WHERE id = ?)
)
"""


def stored_trace(store: Store, id: str) -> LiveTrace | None:
    """Return the trace with that id as it stands in the database, or None when there is none.

    Takes in what other processes have recorded of it by now; that costs some milliseconds.
    """
    store.flush()
    _, rows = store.query(_TRACE, (id,))
    if not rows:
        return None
    app, started_at, start, labels, outcome, code_version, attributes = rows[0]
    _, [(step_count,)] = store.query(_STEP_COUNT, (id, id))
    return LiveTrace(
        id=id,
        started_at=started_at,
        app=app,
        start=None if start is None else json.loads(start),
        labels=json.loads(labels or "{}"),
        outcome=outcome,
        code_version=code_version,
        attributes=json.loads(attributes or "{}"),
        step_count=step_count or 0,
    )
