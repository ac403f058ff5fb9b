"""The world at every step: going back is as exact as going on."""

from __future__ import annotations

import copy
import json
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.errors import ToolboxError
from replay.records import JsonValue
from replay.replayer.environment import place_of
from replay.replayer.job_runner import JobRunner
from replay.replayer.jobs import TODAY
from replay.replayer.plan import job_of, tool_calls
from replay.replayer.worlds import world_of
from replay.stepping.watches import Series, Watch, series_of
from replay.stepping.worlds import (
    NOTHING,
    WorldChange,
    WorldHistory,
    WorldStep,
    changes_between,
)
from replay.store import Store
from tests.stepping.order_traces import orders_trace, write_orders

PLAIN = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text("ab", max_size=2)
)
JSON = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=4)
    ),
    max_leaves=12,
)


def exact(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@given(st.lists(JSON, min_size=2, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_every_state_is_had_from_either_side(states: list[JsonValue], random: Random) -> None:
    steps = [
        WorldStep(number, "tool", tuple(changes_between(before, after)))
        for number, (before, after) in enumerate(pairwise(states), 1)
    ]
    told = [WorldStep.from_json(json.loads(json.dumps(one.to_json()))) for one in steps]
    history = WorldHistory(copy.deepcopy(states[0]), told)

    for _ in range(20):
        number = random.randrange(len(states))
        assert exact(history.at(number)) == exact(states[number])


def test_only_what_changed_is_told() -> None:
    before = {"a": {"b": 1, "c": [1, 2, 3]}, "gone": None, "same": [{"x": 1}] * 5}
    after = {"a": {"b": True, "c": [1, 5, 3, 4]}, "new": {"y": 1}, "same": [{"x": 1}] * 5}

    assert [(one.path, one.before, one.after) for one in changes_between(before, after)] == [
        ("gone", None, NOTHING),
        ("a.b", 1, True),
        ("a.c[1]", 2, 5),
        ("a.c[3]", NOTHING, 4),
        ("new", NOTHING, {"y": 1}),
    ]


def test_a_list_that_lost_its_head_is_told_whole() -> None:
    before, after = list(range(100)), list(range(1, 100))

    assert changes_between(before, after) == [WorldChange((), before, after)]


def test_calls_that_ended_out_of_order_are_in_the_state_of_the_first() -> None:
    late = WorldStep(2, "a", tuple(changes_between({"n": 1}, {"n": 2})))
    early = WorldStep(3, "b", tuple(changes_between({"n": 0}, {"n": 1})))
    history = WorldHistory({"n": 0}, [early, late])

    assert [copy.deepcopy(history.at(number)) for number in (0, 2, 3, 1)] == [
        {"n": 0},
        {"n": 2},
        {"n": 2},
        {"n": 0},
    ]


@pytest.fixture(scope="module")
def runner() -> Any:
    place = place_of("tests.stepping.order_tools:toolbox", paths=[], environment={})
    with JobRunner(place) as runner:
        yield runner


def test_a_replay_tells_the_same_states_as_differences_as_it_does_whole(
    runner: JobRunner, tmp_path: Path
) -> None:
    random = Random(7)
    names = [f"W{number}" for number in range(1, 6)]
    calls: list[tuple[str, dict[str, Any], Any]] = []
    for _ in range(60):
        name = random.choice(names)
        tool = random.choice(["place", "move", "drop", "look"])
        more = {"place": {"items": [name, "x"]}, "move": {"status": random.choice("abc")}}
        calls.append((tool, {"order": name, **more.get(tool, {})}, "as it was"))
    with Store.open(tmp_path / "t.db", "create") as store:
        store.append_all(orders_trace("long", calls))
        transcript = store.transcript("long", prompts=False)
        told = world_of(transcript, store=store, runner=runner)
        again = world_of(transcript, store=store, runner=runner)
    job = job_of(transcript, TODAY)
    job.shows_state, job.states_of = True, tuple(call.id for call in tool_calls(transcript))
    (whole,) = runner.run([job])

    numbers = [call.step_number for call in tool_calls(transcript)]
    states = {call.step_number: whole.replayed[call.id].state for call in tool_calls(transcript)}
    forwards = [exact(told.history.at(number)) for number in numbers]
    backwards = [exact(told.history.at(number)) for number in reversed(numbers)]
    assert forwards == [exact(states[number]) for number in numbers]
    assert backwards == forwards[::-1]
    assert exact(told.history.at(0)) == exact(again.history.start)
    assert [one.to_json() for one in again.history.steps] == [
        one.to_json() for one in told.history.steps
    ]
    assert len(set(forwards)) > 20


def test_a_watch_changes_at_the_same_steps_from_either_side(
    runner: JobRunner, tmp_path: Path
) -> None:
    with Store.open(write_orders(tmp_path / "o.db"), "r") as store:
        transcript = store.transcript("orders-a", prompts=False)
        history = world_of(transcript, store=store, runner=runner).history
    watch = Watch.of("world.orders['W1'].status")

    def value(number: int) -> list[Any]:
        class Here:
            def values_of(self, name: str) -> list[Any]:
                return history.values_at(number)

        return watch.expression.values(Here())

    series = series_of(((number, value(number)) for number in range(16)), goes_away=True)

    assert list(zip(series.indexes, series.values, strict=True)) == [
        (0, ["open"]),
        (4, ["sent"]),
        (10, ["lost"]),
        (14, ["open"]),
    ]
    at, forwards = -1, []
    while (at := series.next_change(at, 1) or 99) != 99:
        forwards.append(at)
    at, backwards = 99, []
    while (at := series.next_change(at, -1) or -99) != -99:
        backwards.append(at)
    assert forwards == backwards[::-1] == [4, 10, 14]


def test_tools_without_a_world_say_what_is_missing(tmp_path: Path) -> None:
    tools = tmp_path / "plain_tools.py"
    tools.write_text(
        "from replay import Toolbox\ntoolbox = Toolbox('plain')\nhidden = Toolbox('hidden')\n"
        "@hidden.world\ndef world():\n    return {}\n"
    )
    with Store.open(write_orders(tmp_path / "o.db"), "r") as store:
        transcript = store.transcript("orders-a", prompts=False)
        for name, said in (("toolbox", "have no world"), ("hidden", "@toolbox.state")):
            place = place_of(f"plain_tools:{name}", paths=[tmp_path], environment={})
            with JobRunner(place) as other, pytest.raises(ToolboxError, match=said):
                world_of(transcript, store=store, runner=other)


def test_a_series_says_what_is_and_what_was() -> None:
    series = series_of([(1, [3]), (2, []), (3, [3]), (4, [4]), (6, [True]), (7, [1])])

    assert series == Series((1, 4, 6, 7), ([3], [4], [True], [1]))
    assert series.at(0) is None
    assert series.at(3) == [3]
    assert (series.changed_last(5), series.before_change(5)) == (4, [3])
    assert series.changed_last(3) is None
    assert [series.next_change(at, 1) for at in (0, 1, 4, 7)] == [4, 4, 6, None]
    assert [series.next_change(at, -1) for at in (9, 7, 5, 4)] == [7, 6, 4, None]


def test_what_goes_away_in_a_world_is_a_change() -> None:
    found = [(0, ["a"]), (1, []), (2, [])]

    assert series_of(found, goes_away=True).indexes == (0, 1)
    assert series_of(found).indexes == (0,)


def test_a_watch_is_kept_as_it_is() -> None:
    watch = Watch.of("len(response.items)", stops=False)

    assert Watch.from_json(watch.to_json()) == watch
    assert not watch.is_of_world
    assert Watch.of("world.a == payload.b").is_of_world
