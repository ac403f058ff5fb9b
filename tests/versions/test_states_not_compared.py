"""A recording without states: a lost write is seen with a baseline alone, and that is said."""

from __future__ import annotations

from pathlib import Path

from replay.report.terminal import render_run
from tests.versions.conftest import changed

TOOLS = """
@toolbox.world
def shop() -> dict:
    return {"refunds": []}

@toolbox.tool
def refund(amount: float, world: dict) -> str:
    world["refunds"].append(amount)
    return "refunded"
"""
LOST = """
@toolbox.state
def state(world: dict) -> dict:
    return world

""" + TOOLS.replace("    world[", "    amount == 40.0 or world[")
OLD = LOST.replace("amount == 40.0 or ", "")


def test_a_run_that_compares_no_states_says_so_and_a_baseline_does(tmp_path: Path) -> None:
    refunds = changed(tmp_path, TOOLS, LOST, [("refund", {"amount": 40.0})])
    refunds.write("kept", OLD)

    alone = refunds.replay(baseline=None)
    beside = refunds.replay(baseline="kept:toolbox")

    assert (alone.exit_code, beside.exit_code) == (0, 2)
    assert render_run(alone, []).splitlines()[1:] == [
        "Recorded without states: 1 trace. What its calls leave behind in the world was",
        "not compared; `--baseline git:REF` compares it with the old code's.",
    ]
    assert beside.coverage["states_not_compared"] == 0
