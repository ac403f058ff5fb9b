"""A database with values of more characters than what is made while a key waits."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.screens_values import RUN, moment, value_records
from replay.records import Finding, ReplayRun, Verdict
from replay.records.codes import Cause
from replay.store import Store

SIZE: Final = 400_000
"""Characters."""


def write_big(path: Path) -> None:
    """Write two traces with a call whose answer is big and differs today, and its finding."""
    run = ReplayRun(id=RUN, started_at=moment(172_000), status="finished", toolbox="t:box")
    finding = Finding(
        run_id=RUN, signature="renamed-store_rows", tool="store_rows", title="it differs",
        verdict=Verdict.RESPONSE_CHANGED, cause=Cause.CODE, call_count=2, trace_count=2,
        first_divergence_count=2, tool_call_total=2, example_tool_call_id="big-payload-c2",
        example_trace_id="big-payload", example_step_number=2,
    )  # fmt: skip
    with Store.open(path, "create") as store:
        store.append_all([run, *value_records("big-payload", SIZE)])
        store.append_all([*value_records("big-lines", SIZE, second=95_000), finding])
