"""A sample: the same traces each time, and every kind of call among them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.records import ModelCall, Outcome, Sample, Selection, ToolCall, Trace
from replay.store import Store, sampling

MODELS = ["small", "large"]
FAILING = {("refund", 157), ("legacy", 3)}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """200 traces: most only call `search`; one in 50 calls `refund`, whose last call failed; one
    calls `legacy`, which fails."""
    path: Path = tmp_path_factory.mktemp("sampling") / "traces.db"
    with Store.open(path, "create") as opened:
        for number in range(200):
            opened.append_all(trace(number))
        yield opened


def trace(number: int) -> list[Trace | ModelCall | ToolCall]:
    name, at = f"t{number:03}", f"2026-11-20T10:{number // 60:02}:{number % 60:02}.000000Z"
    tools = ["search"] + (["refund"] if number % 50 == 7 else [])
    tools = ["legacy"] if number == 3 else tools
    return [
        Trace(id=name, started_at=at),
        ModelCall(
            id=f"{name}/m",
            trace_id=name,
            step_number=1,
            api="chat.completions",
            model=MODELS[number % 10 == 0],
            started_at=at,
        ),
        *(
            ToolCall(
                id=f"{name}/{step}",
                trace_id=name,
                step_number=step,
                model_call_id=f"{name}/m",
                tool=tool,
                arguments="{}",
                response="x",
                outcome=Outcome.FAILED if (tool, number) in FAILING else Outcome.OK,
                started_at=at,
            )
            for step, tool in enumerate(tools, start=2)
        ),
    ]


def sampled(store: Store, **fields: object) -> list[str]:
    return store.trace_ids(Selection(sample=Sample.model_validate(fields)))


def test_a_sample_is_the_same_each_time_and_another_for_another_seed(store: Store) -> None:
    first = sampled(store, count=20)

    assert first == sampled(store, count=20) == sorted(first)
    assert len(set(first)) == 20
    assert first != sampled(store, count=20, seed=1)


def test_a_smaller_sample_is_part_of_a_larger_one(store: Store) -> None:
    assert set(sampled(store, count=20)) < set(sampled(store, count=30))


def test_a_trace_more_changes_at_most_one_of_a_sample(store: Store) -> None:
    before = set(sampled(store, count=20))
    without = store.trace_ids(Selection(until="2026-11-20T10:03:19.000000Z", sample=sample(20)))

    assert len(before - set(without)) <= 1


def sample(count: int) -> Sample:
    return Sample(count=count)


def test_the_newest_are_the_newest(store: Store) -> None:
    assert sampled(store, count=3, newest=True) == ["t197", "t198", "t199"]


def test_every_kind_of_call_is_in_a_stratified_sample(store: Store) -> None:
    ids = sampled(store, count=5, newest=True, stratify=["tool", "model", "outcome"])

    # The refund that failed, the newest other one, the newest search of each model.
    assert ids == ["t003", "t107", "t157", "t190", "t199"]


def test_a_sample_that_is_too_small_says_which_kinds_are_missing(store: Store) -> None:
    selection = Selection(
        sample=Sample(count=2, newest=True, stratify=["tool", "model", "outcome"])
    )

    told = store.chosen(selection).told

    assert told["of"] == 200
    assert (told["kinds"], told["reached"]) == (5, 3)
    assert told["missed"] == ["refund small ok", "search large ok"]


def test_only_tools_that_are_asked_for_are_kinds(store: Store) -> None:
    selection = Selection(tools=["refund"], sample=Sample(count=2, stratify=["tool"]))

    chosen = store.chosen(selection)

    assert set(chosen.trace_ids) <= {"t007", "t057", "t107", "t157"}
    assert chosen.told["of"] == 4
    assert (chosen.told["kinds"], chosen.told["reached"]) == (1, 1)


def test_a_sample_of_more_than_there_is_is_everything(store: Store) -> None:
    assert len(sampled(store, count=500, stratify=["tool"])) == 200
    assert sampled(store, count=500) == store.trace_ids()


@pytest.mark.parametrize(
    "stratify", [["tool"], ["outcome"], ["tool", "outcome"], ["model", "outcome"], ["model"]]
)
def test_many_traces_are_sampled_as_few_are(
    stratify: list[str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    selection = Selection(sample=Sample.model_validate({"count": 7, "stratify": stratify}))
    few = store.chosen(selection)

    monkeypatch.setattr(sampling, "_FEW", 0)

    assert store.chosen(selection) == few


def test_a_trace_stands_for_every_kind_of_its_calls() -> None:
    ranks_of = {("a",): [0, 3], ("b",): [0, 4], ("c",): [5, 6, 7]}

    assert sorted(sampling._of_every_kind(ranks_of, 8, 2)) == [0, 5]


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abcdefg")), st.sets(st.integers(0, 40), min_size=1).map(sorted)
    ),
    st.integers(1, 45),
)
def test_a_sample_is_as_large_as_asked_and_reaches_what_it_can(
    ranks_of: dict[tuple[str, ...], list[int]], wanted: int
) -> None:
    ranks = sampling._of_every_kind(ranks_of, 41, wanted)

    assert len(ranks) == len(set(ranks)) == min(wanted, 41)
    reached = [kind for kind, ones in ranks_of.items() if set(ones) & set(ranks)]
    assert len(reached) >= min(wanted, len(ranks_of))
