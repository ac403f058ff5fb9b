"""What is approved while a run goes on is approved at its end."""

from __future__ import annotations

from typing import Any

from replay.errors import ExitCode
from replay.records import Approval, Verdict
from replay.store import Store
from tests.replayer.test_replayer import ORDER

LOOK_UP = ("look_up", {"item": "tea"}, '{"item":"tea","left":11}')


def test_an_approval_given_meanwhile_counts_at_the_end_of_the_run(
    store: Store, record: Any, replay: Any
) -> None:
    record("t1", [LOOK_UP], [ORDER])
    record("t2", [LOOK_UP], [ORDER])
    before = replay("shop_v1:toolbox")
    found = store.findings(before.id)

    def approve(progress: Any) -> None:
        if progress.trace_done_count == 1:
            at = "2026-11-26T10:00:00.000000Z"
            with Store.open(store.path, "w") as elsewhere:
                elsewhere.append_all(
                    Approval(signature=one.signature, title="meant", approved_at=at)
                    for one in found
                )

    run = replay("shop_v1:toolbox", on_progress=approve)
    after = replay("shop_v1:toolbox")

    assert found
    assert before.exit_code not in (0, None)
    assert [one.approved for one in store.findings(run.id)] == [True] * len(found)
    verdicts = [(one.verdict, bool(one.approved)) for one in store.verdicts(run.id)]
    assert verdicts == [(one.verdict, bool(one.approved)) for one in store.verdicts(after.id)]
    assert any(verdict is not Verdict.SAME and approved for verdict, approved in verdicts)
    assert run.exit_code == after.exit_code == ExitCode.OK
