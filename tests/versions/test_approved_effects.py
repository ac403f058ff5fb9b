"""Approved effects, from the tools to the exit code: an approval never covers another one."""

from __future__ import annotations

import pytest

from replay.cli.approvals import approvals_of
from replay.cli.bisect import _finding
from replay.records import Approval
from tests.versions.conftest import Change, changed

TOOLS = """
@toolbox.world
def shop() -> dict:
    return {"refunds": []}

@toolbox.state
def state(world: dict) -> dict:
    return world

@toolbox.tool
def refund(amount: float, world: dict) -> str:
    world["refunds"].append({"amount": amount, "reason": None})
    return "refunded"
"""
ROUNDED = TOOLS.replace('"amount": amount,', '"amount": round(amount, 1),')
LOST = ROUNDED.replace('    world["refunds"]', '    amount == 40.0 or world["refunds"]')
BESIDE, ALONE = "old:toolbox", None


@pytest.fixture(scope="module")
def refunds(tmp_path_factory: pytest.TempPathFactory) -> Change:
    asked = [("refund", {"amount": amount}) for amount in (12.345, 40.0)]
    return changed(tmp_path_factory.mktemp("refunds"), TOOLS, ROUNDED, asked)


def approved(
    refunds: Change, source: str, baseline: str | None
) -> tuple[int | None, list[Approval]]:
    refunds.write("new", source)
    run = refunds.replay(baseline=baseline)
    with refunds.store() as store:
        return run.exit_code, approvals_of(store.findings(run.id))


@pytest.mark.parametrize("before", [BESIDE, pytest.param(ALONE, marks=pytest.mark.slow)])
def test_an_approved_effect_stays_green_and_lost_refunds_do_not(
    refunds: Change, before: str | None
) -> None:
    code, approvals = approved(refunds, ROUNDED, before)
    assert code == 2

    try:
        with refunds.store() as store:
            store.append_all(approvals)
        assert approved(refunds, ROUNDED, BESIDE)[0] == 0
        assert approved(refunds, ROUNDED, ALONE)[0] == 0
        assert approved(refunds, LOST, BESIDE)[0] == 2
    finally:
        with refunds.store() as store:
            store.remove_approvals([one.signature for one in approvals])


def test_what_differs_in_the_state_names_the_finding(refunds: Change) -> None:
    _, (rounded, lost) = approved(refunds, LOST, BESIDE)

    assert rounded.title == (
        "refund: the same response, but another state of the world afterwards: "
        "`refunds[*].amount` differs (12.345 → 12.3)"
    )
    assert lost.title == (
        "refund: the same response, but another state of the world afterwards: fewer in `refunds`"
    )


def test_a_bisection_searches_an_effect_as_runs_without_a_baseline_name_it(
    refunds: Change,
) -> None:
    _, (placed,) = approved(refunds, ROUNDED, BESIDE)
    _, (placeless,) = approved(refunds, ROUNDED, ALONE)

    with refunds.store() as store:
        assert _finding(store, placed.signature)[0] == placeless.signature != placed.signature
