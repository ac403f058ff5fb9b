"""`check_contracts` over tools that promise: each broken promise is found, each kept one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.contracts import ContractResult, Kind, Status
from replay.contracts.checking import check_contracts
from replay.contracts.reads import Reads
from replay.contracts.results import Kind as K
from replay.contracts.terms import Terms
from replay.contracts.verdicts import Evidence, judged
from replay.errors import SelectionError
from replay.records import Selection
from replay.replayer.environment import Place, place_of
from replay.replayer.questions.asking import Asking
from replay.replayer.shaking.finding import Field
from replay.store import Store

Found = dict[tuple[str, Kind], ContractResult]
WITHOUT_SHAKING = [
    "pay_once",
    "pay",
    "count_calls",
    "notify",
    "notify_with_key",
    "slow",
    "quick",
    "get_order",
    "find_customer",
    "sizes",
]


@pytest.fixture(scope="module")
def found(store: Store, place: Place) -> Found:
    """Every promise but determinism, which takes six runs."""
    results = check_contracts(store, Selection(tools=WITHOUT_SHAKING), place)
    return {(one.tool, one.kind): one for one in results}


@pytest.mark.slow
def test_a_second_call_that_answers_the_same_and_writes_nothing_is_kept(found: Found) -> None:
    assert found["pay_once", K.IDEMPOTENT].status is Status.KEPT


@pytest.mark.slow
def test_a_second_call_that_changes_the_state_is_found_by_the_state_alone(found: Found) -> None:
    result = found["pay", K.IDEMPOTENT]

    assert (result.status, result.said) == (
        Status.BROKEN,
        "the second call changes the state again",
    )
    assert (result.call_count, result.broken_count) == (1, 1)
    assert (result.trace_id, result.step_number) == ("t1", 3)
    assert result.file is not None
    assert result.file.endswith("promising_tools.py")


def test_a_second_call_that_answers_otherwise_is_told_with_both_values(found: Found) -> None:
    result = found["count_calls", K.IDEMPOTENT]

    assert result.said == "the response is 3 the second time, not 2"
    assert result.details == ["the second call changes the state again (1)"]


def test_what_one_call_breaks_is_not_blamed_on_the_calls_after_it(found: Found) -> None:
    # count_calls comes after pay, whose second run wrote to the log: run once, it leaves one entry.
    assert "not 2" in found["count_calls", K.IDEMPOTENT].said


def test_a_second_write_to_the_outside_is_found_unless_it_carries_the_same_key(
    found: Found,
) -> None:
    assert found["notify", K.IDEMPOTENT].said == (
        "the second call sends POST http://127.0.0.1:9/notes again"
    )
    assert found["notify_with_key", K.IDEMPOTENT].status is Status.KEPT


def test_virtual_sleeps_count_against_a_budget(found: Found) -> None:
    slow, quick = found["slow", K.BUDGET], found["quick", K.BUDGET]

    assert (slow.status, quick.status) == (Status.BROKEN, Status.KEPT)
    assert 200 <= slow.measured["p95_ms"] < 10_000
    assert slow.said.endswith("of 50 ms")


def test_a_declared_path_that_is_gone_is_told_and_one_never_seen_is_noted(found: Found) -> None:
    result = found["get_order", K.KEEPS]

    assert (result.status, result.said) == (Status.BROKEN, "items[*].id is gone")
    assert result.details == ["no captured response has total"]


def test_what_later_steps_have_read_must_stay(found: Found) -> None:
    result = found["find_customer", K.KEEPS]

    assert result.said == (
        "customer.id is gone, which later steps read 1 time: promises_nothing(customer_id)"
    )
    assert result.measured["reads"]["city"]["reader"] == "the model's words"
    assert result.broken_count == 1


def test_a_result_that_does_not_fit_its_annotation_is_told_with_its_place(found: Found) -> None:
    result = found["sizes", K.RESULT]

    assert (result.status, result.said) == (Status.BROKEN, "[0]: Should be an integer")


@pytest.mark.slow  # six runs of the trace, in pools of their own
def test_reading_the_clock_breaks_determinism(store: Store, place: Place) -> None:
    chosen = Selection(tools=["moment", "steady", "never_called"])

    results = check_contracts(store, chosen, place)
    found = {one.tool: one for one in results if one.kind is Kind.DETERMINISTIC}

    moment, never = found["moment"], found["never_called"]
    assert moment.status is Status.BROKEN
    assert moment.said.startswith("at is ")
    assert any("promising_tools.py" in line for line in moment.details)
    assert found["steady"].status is Status.KEPT
    assert (never.status, never.said) == (
        Status.NOT_JUDGED,
        "no call of it was captured",
    )


def test_a_field_that_differed_breaks_determinism(place: Place) -> None:
    with Asking(place) as asking:
        tool = asking.toolbox.find("moment")
    assert tool is not None
    field = Field("moment", "at", 1, 2, "c1", ["again"], {"c1"}, ["tools.py:3 in moment (clock)"])
    evidence = Evidence(Reads(), shaken={"c1": "moment", "c2": "moment"})
    evidence.steps = {"c1": ("t1", 4), "c2": ("t1", 5)}
    terms = Terms(tool, frozenset({Kind.DETERMINISTIC}))

    (kept,) = judged(terms, evidence)
    evidence.unstable = [field]
    (broken,) = judged(terms, evidence)

    assert (kept.status, kept.call_count) == (Status.KEPT, 2)
    assert (broken.status, broken.said) == (Status.BROKEN, "at is 1, then 2")
    assert broken.details == ["at: tools.py:3 in moment (clock)"]
    assert (broken.trace_id, broken.step_number) == ("t1", 4)


def test_calls_that_never_ran_show_nothing(place: Place) -> None:
    with Asking(place) as asking:
        tool = asking.toolbox.find("moment")
    assert tool is not None
    evidence = Evidence(Reads(), steps={"c1": ("t1", 4)}, captured=frozenset(["moment"]))
    terms = Terms(tool, frozenset({Kind.DETERMINISTIC}))

    (unknown,) = judged(terms, evidence)
    evidence.is_interrupted = True
    (stopped,) = judged(terms, evidence)

    assert (unknown.status, unknown.said) == (
        Status.NOT_JUDGED,
        "today's code answers no captured call of it",
    )
    assert (stopped.status, stopped.said) == (
        Status.NOT_JUDGED,
        "stopped before a call could show it",
    )


WITHOUT_A_WORLD = """
from replay.tools import Contract, Toolbox

toolbox = Toolbox("broken")


@toolbox.world
def world():
    raise RuntimeError("no database")


@toolbox.tool(contract=Contract(deterministic=True))
def steady(number: int, world) -> int:
    return number
"""


@pytest.mark.slow  # six runs of the trace, in pools of their own
def test_a_world_that_cannot_be_made_keeps_no_promise(store: Store, tmp_path: Path) -> None:
    (tmp_path / "without_a_world.py").write_text(WITHOUT_A_WORLD)
    place = place_of("without_a_world:toolbox", folder=tmp_path)

    results = check_contracts(store, Selection(), place)

    found = {one.kind: one.status for one in results}
    assert found[Kind.DETERMINISTIC] is Status.NOT_JUDGED


def test_no_promise_at_all_is_an_empty_list(store: Store, place: Place) -> None:
    assert check_contracts(store, Selection(tools=["promises_nothing"]), place) == []


def test_a_selection_without_traces_is_refused(store: Store, place: Place) -> None:
    with pytest.raises(SelectionError, match="No trace is selected"):
        check_contracts(store, Selection(apps=["none"]), place)
