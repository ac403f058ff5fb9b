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
    with Store.open(path, "create"):
        append_big(path, "big-payload", "big-lines")


def append_big(path: Path, *traces: str, size: int = SIZE) -> None:
    """Append these of `VALUES`, judged by a replay run, and its finding: its example is the first.

    The last one is the newest.
    """
    run = ReplayRun(id=RUN, started_at=moment(172_000), status="finished", toolbox="t:box")
    finding = Finding(
        run_id=RUN, signature="renamed-store_rows", tool="store_rows", title="it differs",
        verdict=Verdict.RESPONSE_CHANGED, cause=Cause.CODE, call_count=len(traces),
        trace_count=len(traces), first_divergence_count=len(traces), tool_call_total=len(traces),
        example_tool_call_id=f"{traces[0]}-c2", example_trace_id=traces[0], example_step_number=2,
    )  # fmt: skip
    with Store.open(path, "w") as store:
        store.append_all([run])
        for at, trace in enumerate(traces):
            store.append_all(value_records(trace, size, second=90_000 + 5_000 * at))
        store.append_all([finding])
