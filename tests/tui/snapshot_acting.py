"""An edited branch, made of records: what `replay what-if` would have found."""

from __future__ import annotations

from replay.records import Branch, BranchStep, Change, Edit, ReplayRun, Verdict
from tests.tui.records import changed, moment, verdict

RUN = "what_if_20261120T101500_abc123"


def branch_run() -> ReplayRun:
    """A branch of ``b-trip`` in which step 3 was asked for another city."""
    today = changed(RUN, "b-trip", 3)
    told = today.replayed
    assert told is not None
    other = told.model_copy(update={"response": '{"degrees": 9, "city": "Rome", "sky": "blue"}'})
    edited = today.model_copy(update={"replayed": other, "cause": None, "signature": None})
    same = verdict(RUN, "b-trip", 2, Verdict.SAME)
    edit = Edit(step_number=3, part="arguments", recorded={"city": "Oslo"}, edited={"city": "Rome"})
    steps = [
        BranchStep(today=same, edited=same, differs=False),
        BranchStep(
            today=today,
            edited=edited,
            differs=True,
            changes=[Change(path="city", change="changed", recorded="Oslo", replayed="Rome")],
        ),
    ]
    return ReplayRun(
        id=RUN,
        started_at=moment(900),
        ended_at=moment(901),
        status="finished",
        toolbox="travel_v2:toolbox",
        trace_count=1,
        call_count=2,
        exit_code=2,
        branch=Branch(trace_id="b-trip", edits=[edit], steps=steps),
    )
