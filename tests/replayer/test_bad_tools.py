"""Tools that misbehave cost their own call only, and are named; nothing of the rest is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from replay.records import CallVerdict, Outcome
from replay.store import Store

HERE = Path(__file__).parent


def count(place: int) -> tuple[str, dict[str, Any], str]:
    return ("count", {}, str(place))


@pytest.fixture
def around(store: Store, record: Any, replay: Any) -> Any:
    """Replay a bad tool between two good calls; return its verdict."""

    def run(
        tool: str, *, isolation: str = "trace", deadline_ms: int = 20_000, **more: Any
    ) -> CallVerdict:
        record("t1", [count(1)], [(tool, {}, "?")], [count(2)])
        record("t2", [count(1)])
        ended = replay(
            "bad_tools:toolbox", isolation=isolation, deadline_ms=deadline_ms, folder=HERE, **more
        )
        first, bad, last, other = store.verdicts(ended.id)
        assert [first.verdict, last.verdict, other.verdict] == ["same", "same", "same"]
        return bad

    return run


@pytest.mark.parametrize(
    ("tool", "outcome", "said"),
    [
        ("call_sys_exit", Outcome.CRASHED, "sys.exit(3)"),
        ("call_os_exit", Outcome.CRASHED, "exit status 7"),
        ("segfault", Outcome.CRASHED, "signal SIGSEGV"),
        ("recurse", Outcome.FAILED, "maximum recursion depth exceeded"),
        ("return_a_set_of_objects", Outcome.FAILED, "JSON cannot hold"),
        ("return_nan", Outcome.FAILED, "nan, which JSON cannot hold"),
        ("close_everything", Outcome.CRASHED, "ended while it ran"),
        ("write_on_our_pipe", Outcome.CRASHED, "ended while it ran"),
        ("interrupt_itself", Outcome.CRASHED, "KeyboardInterrupt"),
    ],
)
def test_a_tool_that_breaks_costs_its_call_only(
    around: Any, tool: str, outcome: Outcome, said: str
) -> None:
    result = around(tool).replayed

    assert result.outcome == outcome
    assert said in result.error.message


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["hang", "hang_for_real"])
def test_a_tool_that_hangs_is_ended_at_its_deadline(around: Any, tool: str) -> None:
    result = around(tool, deadline_ms=1_500).replayed

    assert result.outcome == Outcome.TIMEOUT
    assert result.error.message == "No answer within 1.5 s; its process was ended."


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["call_os_exit", "write_on_our_pipe", "hang"])
def test_without_forks_a_tool_that_breaks_costs_its_call_only(around: Any, tool: str) -> None:
    result = around(tool, isolation="none", deadline_ms=3_000).replayed

    assert result.outcome in (Outcome.CRASHED, Outcome.TIMEOUT)


@pytest.mark.slow
def test_a_tool_that_sleeps_for_ever_has_slept_at_once(around: Any) -> None:
    assert around("sleep_for_ever").replayed.response == "rested"


def test_a_fork_inside_a_tool_that_is_allowed_answers_once(around: Any) -> None:
    assert around("fork", allow=["run:fork"]).replayed.response == "parent"


def test_a_thread_that_a_tool_leaves_behind_holds_nothing_up(around: Any) -> None:
    assert around("leave_a_thread").replayed.response == "left"


def test_text_that_utf_8_cannot_hold_comes_back_as_it_was(around: Any) -> None:
    assert around("return_surrogates").replayed.response == "half \ud83d and \x00"


@pytest.mark.slow
def test_fifty_megabytes_come_back_whole(around: Any) -> None:
    assert len(around("return_much").replayed.response) == 50_000_000


@pytest.mark.slow
def test_a_request_that_no_cassette_has_never_leaves(around: Any) -> None:
    bad = around("ask_the_world")

    assert bad.verdict == "unanswered"
    assert [one.request for one in bad.interaction_changes] == ["GET http://127.0.0.1:9/never"]


def test_of_calls_that_ran_together_only_the_one_to_blame_is_charged(
    store: Store, record: Any, replay: Any
) -> None:
    good: tuple[str, dict[str, Any], str] = ("wait_well", {}, "well")
    record("t1", [good, ("wait_and_exit", {}, "?"), good], [count(1)])

    ended = replay("bad_tools:toolbox", folder=HERE)

    found = [(one.tool, one.verdict) for one in store.verdicts(ended.id)]
    assert found == [
        ("wait_well", "same"),
        ("wait_and_exit", "now_failing"),
        ("wait_well", "same"),
        ("count", "same"),
    ]
