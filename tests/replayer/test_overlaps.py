"""Calls that ran at the same time when they were recorded, and calls that were too slow."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from replay import Recorder
from replay.demo.model_server import Call, ModelServer
from replay.records import Cause, Outcome, ReplayRun, ToolCall
from replay.replayer import Replayer
from replay.store import Store
from replay.tools import state_hash
from replay.tools.call import run_call_sync
from tests.replayer.parallel_tools import toolbox

ROOT = Path(__file__).parents[2]
TOOLBOX = "tests.replayer.parallel_tools:toolbox"

# The first to be asked is the last to be done, on a busy machine as well.
WRITES = [
    ("write", {"line": line, "wait_ms": ms}) for line, ms in [("a", 600), ("b", 300), ("c", 0)]
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recorded.db"


@pytest.fixture
def again(path: Path) -> Callable[..., tuple[ReplayRun, list[Any]]]:
    """Replay what was recorded; return the run and its verdicts."""

    def run(change: str = "", **options: Any) -> tuple[ReplayRun, list[Any]]:
        options = {"jobs": 1, "environment": {"CHANGE": change}, **options}
        with Store.open(path, "w") as store:
            ended = Replayer(store, toolbox=TOOLBOX, folder=ROOT, **options).run()
            return ended, list(store.verdicts(ended.id))

    return run


def recorded(path: Path) -> list[ToolCall]:
    with Store.open(path, "r") as store:
        (trace_id,) = store.trace_ids()
        return [one for one in store.transcript(trace_id).steps if isinstance(one, ToolCall)]


def converse(path: Path, *turns: list[tuple[str, dict[str, Any]]]) -> None:
    """Record an agent whose model asks for ``turns``."""
    script = [[Call(tool, given) for tool, given in turn] for turn in turns]
    with (
        ModelServer([*script, "done"]) as server,
        Recorder(path) as recorder,
        OpenAI(base_url=server.base_url, api_key="none") as client,
    ):
        recorder.wrap(client)
        with recorder.trace(), toolbox.session():
            messages: list[Any] = [{"role": "user", "content": "go"}]
            while True:
                said = client.chat.completions.create(model="m", messages=messages)
                messages.append(said.choices[0].message.model_dump(exclude_none=True))
                if not said.choices[0].message.tool_calls:
                    break
                messages += toolbox.dispatch_sync(said)


def asked(*calls: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "tool_use", "id": tool, "name": tool, "input": given} for tool, given in calls]


def test_plain_functions_that_overlapped_answer_in_their_order(path: Path, again: Any) -> None:
    converse(path, WRITES, [("show", {})])
    assert [call.response for call in recorded(path)] == ["3", "2", "1", '["c","b","a"]']

    run, _ = again()

    assert run.verdict_counts == {"same": 4}


@pytest.mark.slow
def test_overlapping_calls_have_one_digest_whatever_runs_them(path: Path, again: Any) -> None:
    converse(path, WRITES, [("show", {})])

    runs = [again()[0], again(jobs=2)[0], again(isolation="call")[0], again(isolation="none")[0]]

    assert [one.verdict_counts for one in runs] == [{"same": 4}] * 4
    assert len({one.digest for one in runs}) == 1


@pytest.mark.slow
def test_what_overlapping_calls_leave_is_told_once_of_the_last_to_end(
    path: Path, again: Any
) -> None:
    converse(path, WRITES)

    _, verdicts = again("last first")

    assert [one.verdict for one in verdicts] == ["response_changed", "same", "response_changed"]
    assert [one.effect_changed for one in verdicts] == [True, False, False]
    states = [one.replayed.state_hash for one in verdicts]
    assert states == [state_hash(["a", "b", "c"]), None, None]
    assert not any(one.conditional for one in verdicts)


@pytest.mark.slow
def test_with_a_baseline_each_overlapping_call_is_run_alone_to_see_whose_doing_it_is(
    path: Path, again: Any
) -> None:
    converse(path, WRITES)

    _, verdicts = again("twice c", baseline=TOOLBOX, baseline_environment={"CHANGE": ""})

    assert [one.effect_changed for one in verdicts] == [False, False, True]
    assert verdicts[2].verdict == "effect_changed"
    assert [(one.change, one.replayed) for one in verdicts[2].state_changes] == [("added", "c")]


@pytest.mark.slow
def test_with_a_baseline_overlapping_calls_are_tried_together_on_the_old_state(
    path: Path, again: Any
) -> None:
    converse(path, [("write", {"line": "z", "wait_ms": 0})], WRITES)
    old = {"baseline": TOOLBOX, "baseline_environment": {"CHANGE": ""}}

    _, verdicts = again("twice z", **old)

    assert [one.verdict for one in verdicts] == ["effect_changed", *["response_changed"] * 3]
    assert [one.cause for one in verdicts] == [Cause.CODE, *[Cause.CARRIED] * 3]


@pytest.mark.slow
def test_a_dispatch_whose_model_was_not_seen_is_one_group(path: Path, again: Any) -> None:
    with Recorder(path) as recorder, recorder.trace(), toolbox.session():
        toolbox.dispatch_sync(asked(*WRITES))
        toolbox.dispatch_sync(asked(("show", {})))
    calls = recorded(path)
    assert [(call.model_call_id, call.call_index) for call in calls] == [
        *((None, index) for index in range(3)),
        (None, 0),
    ]

    run, _ = again()
    _, verdicts = again("twice b")

    assert run.verdict_counts == {"same": 4}
    assert [one.conditional for one in verdicts] == [False, False, False, True]


def test_calls_of_a_loop_of_ones_own_stay_one_after_the_other(path: Path, again: Any) -> None:
    given = [{"line": line, "wait_ms": wait_ms} for line, wait_ms in [("a", 20), ("b", 0)]]
    with Recorder(path) as recorder, recorder.trace(), toolbox.session() as session:
        for index, arguments in enumerate(given):
            run_call_sync(
                toolbox,
                tool="write",
                arguments=arguments,
                world=session.world,
                call_index=index,
            )

    run, _ = again("slow a")

    assert run.verdict_counts == {"same": 2}


@pytest.mark.slow
def test_a_plain_function_passes_its_deadline_in_virtual_time(path: Path, again: Any) -> None:
    # Of half a second's deadline: who does not wait is in time on a busy machine as well.
    late = ("tarry", {"line": "late", "wait_ms": 2_000})
    with Recorder(path) as recorder, recorder.trace(), toolbox.session() as session:
        toolbox.dispatch_sync(asked(late))
        toolbox.dispatch_sync(asked(("show", {})))
        while not session.world.lines:
            time.sleep(0.01)
        toolbox.dispatch_sync(asked(("show", {})))
        toolbox.dispatch_sync(asked(late, ("tarry", {"line": "soon", "wait_ms": 0})))
    calls = recorded(path)
    assert [call.outcome for call in calls] == ["timeout", "ok", "ok", "timeout", "ok"]
    assert [call.response for call in calls[1:3]] == ["[]", '["late"]']

    run, _ = again()

    assert run.verdict_counts == {"same": 5}


def test_a_plain_function_that_is_too_slow_today_times_out_in_productions_words(
    path: Path, again: Any
) -> None:
    soon = ("tarry", {"line": "soon", "wait_ms": 0})
    with Recorder(path) as recorder, recorder.trace(), toolbox.session():
        toolbox.dispatch_sync(asked(soon))
        toolbox.dispatch_sync(asked(soon, ("show", {})))

    began_s = time.monotonic()
    _, verdicts = again("hangs")

    assert [one.verdict for one in verdicts[:2]] == ["now_failing"] * 2
    for one in verdicts[:2]:
        assert one.replayed.outcome is Outcome.TIMEOUT
        assert one.replayed.response == (
            "Error: tarry did not answer in time. The deadline of 500 ms passed."
        )
    assert time.monotonic() - began_s < 55  # had one of them really waited, it were sixty


@pytest.mark.slow
def test_a_longer_deadline_lets_a_recorded_timeout_pass(path: Path, again: Any) -> None:
    with Recorder(path) as recorder, recorder.trace(), toolbox.session():
        toolbox.dispatch_sync(asked(("tarry", {"line": "late", "wait_ms": 2_000})))

    _, verdicts = again("patient")

    assert [one.verdict for one in verdicts] == ["now_passing"]


def test_a_question_that_nobody_waited_for_is_not_answered_in_time_again(
    path: Path, again: Any
) -> None:
    with Recorder(path) as recorder, recorder.trace(), toolbox.session():
        toolbox.dispatch_sync(asked(("exchange", {"currency": "SEK"})))
    assert [call.outcome for call in recorded(path)] == ["timeout"]

    run, _ = again()

    assert run.verdict_counts == {"same": 1}
