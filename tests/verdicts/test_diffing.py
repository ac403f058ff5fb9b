from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.records import Change
from replay.verdicts import diff_values, paths
from replay.verdicts.canonical import canonical_bytes


def diff(recorded: Any, replayed: Any) -> list[tuple[Any, ...]]:
    return [
        (change.change, change.path, change.recorded, change.replayed)
        for change in diff_values(recorded, replayed)
    ]


def test_equal_values_have_no_differences() -> None:
    assert diff({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}) == []


def test_the_order_of_keys_is_no_difference() -> None:
    assert diff({"a": 1, "b": 2}, {"b": 2, "a": 1}) == []


def test_a_renamed_field_is_one_removed_and_one_added() -> None:
    assert diff({"address": {"province": "TX"}}, {"address": {"state": "TX"}}) == [
        ("removed", "address.province", "TX", None),
        ("added", "address.state", None, "TX"),
    ]


def test_one_and_one_point_nought_and_true_stay_apart() -> None:
    assert diff({"a": 1, "b": 1, "c": 1.0}, {"a": 1.0, "b": True, "c": True}) == [
        ("changed", "a", 1, 1.0),
        ("type_changed", "b", 1, True),
        ("type_changed", "c", 1.0, True),
    ]


def test_nan_equals_nan() -> None:
    assert diff({"x": float("nan")}, {"x": float("nan")}) == []


def test_null_for_a_value_is_another_type() -> None:
    assert diff({"x": None}, {"x": "y"}) == [("type_changed", "x", None, "y")]


def test_keys_that_are_no_plain_names_are_quoted() -> None:
    assert diff({"2024-05-20": {"it's": 1}}, {"2024-05-20": {"it's": 2}}) == [
        ("changed", "['2024-05-20']['it\\'s']", 1, 2)
    ]


def test_a_reordered_list_is_one_difference_that_says_the_new_order() -> None:
    flights = [{"number": "A1", "price": 5}, {"number": "B2", "price": 5}, {"number": "C3"}]

    assert diff({"flights": flights}, {"flights": [flights[2], flights[0], flights[1]]}) == [
        ("moved", "flights", [0, 1, 2], [2, 0, 1])
    ]


def test_elements_are_known_by_their_id_wherever_they_stand() -> None:
    recorded = [{"id": 1, "price": 5}, {"id": 2, "price": 6}]
    replayed = [{"id": 2, "price": 7}, {"id": 1, "price": 5}]

    assert diff(recorded, replayed) == [
        ("moved", "", [0, 1], [1, 0]),
        ("changed", "[1].price", 6, 7),
    ]


def test_many_elements_that_all_moved_and_changed_are_still_known_by_their_id() -> None:
    recorded = [{"id": n, "price": n, "text": "old" * n} for n in range(12)]
    replayed = [{"id": n, "price": -1, "text": "new"} for n in reversed(range(12))]

    changes = diff(recorded, replayed)

    assert {change for change, *_ in changes} == {"moved", "changed"}
    assert len(changes) == 1 + 2 * 12


def test_an_inserted_element_does_not_change_those_after_it() -> None:
    assert diff(["a", "b", "c"], ["a", "x", "b", "c"]) == [("added", "[1]", None, "x")]


def test_a_window_that_slides_is_one_removed_and_one_added() -> None:
    assert diff(["a", "b", "c"], ["b", "c", "d"]) == [
        ("removed", "[0]", "a", None),
        ("added", "[2]", None, "d"),
    ]


def test_a_changed_element_is_changed_in_place() -> None:
    assert diff([1, 2, 3], [1, 5, 3]) == [("changed", "[1]", 2, 5)]


def test_elements_without_an_id_are_paired_by_how_alike_they_are() -> None:
    recorded = [{"a": "x", "b": "y", "c": 3}, {"p": "q", "r": "s", "t": 4}]
    replayed = [{"zz": 0}, {"p": "q", "r": "s", "t": 5}, {"a": "x", "b": "y", "c": 4}]

    assert diff(recorded, replayed) == [
        ("moved", "", [0, 1], [1, 0]),
        ("changed", "[0].c", 3, 4),
        ("changed", "[1].t", 4, 5),
        ("added", "[0]", None, {"zz": 0}),
    ]


def test_elements_with_a_fresh_id_each_are_still_one_element() -> None:
    recorded = [{"id": f"r{n}", "name": "x", "total": n, "paid": True} for n in range(3)]
    replayed = [{"id": f"s{n}", "name": "x", "total": n, "paid": True} for n in range(3)]

    assert [path for _, path, _, _ in diff(recorded, replayed)] == ["[0].id", "[1].id", "[2].id"]


def test_values_that_nest_too_deeply_to_walk_are_compared_as_one() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]

    assert diff(deep, deep) == []
    assert diff(deep, [deep]) == [("changed", "", deep, [deep])]


def test_long_lists_are_compared_in_reasonable_time() -> None:
    recorded = [{"id": n, "v": n} for n in range(5000)]
    replayed = [{"id": n, "v": n + (n == 17)} for n in reversed(range(5000))]

    changes = diff(recorded, replayed)

    assert changes[0][:2] == ("moved", "")
    assert changes[1:] == [("changed", "[17].v", 17, 18)]


KEYS = st.sampled_from(["id", "name", "a", "b", "it's", "x.y", "", "*", "back\\slash", "ключ"])
SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 0.5, "", "a", "é"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.slow
@given(VALUES, VALUES)
@settings(max_examples=300, deadline=None)
def test_applying_the_differences_to_the_recorded_value_gives_the_replayed_one(
    recorded: Any, replayed: Any
) -> None:
    changes = diff_values(recorded, replayed)

    assert canonical_bytes(apply(recorded, changes)) == canonical_bytes(replayed)
    assert (changes == []) == (canonical_bytes(recorded) == canonical_bytes(replayed))


@pytest.mark.slow
@given(st.lists(VALUES, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_a_shuffled_list_differs_by_its_order_alone(values: list[Any], random: Any) -> None:
    shuffled = copy.deepcopy(values)
    random.shuffle(shuffled)

    assert {change.change for change in diff_values(values, shuffled)} <= {"moved"}


@pytest.mark.parametrize("path", ["", "a", "a.b", "[0]", "a[0].b", "['it\\'s'].x", "['']"])
def test_a_path_is_written_as_it_was_split(path: str) -> None:
    assert paths.written(paths.split(path)) == path


def apply(recorded: Any, changes: list[Change]) -> Any:
    """Apply changes as ``diffing`` says a reader may: an independent reading of that promise."""
    return _apply(recorded, [(paths.split(change.path), change) for change in changes])


def _apply(recorded: Any, changes: list[tuple[tuple[Any, ...], Change]]) -> Any:
    for at, change in changes:
        if not at and change.change != "moved":
            return change.replayed
    if isinstance(recorded, dict):
        return _apply_to_object(recorded, changes)
    return _apply_to_list(recorded, changes) if isinstance(recorded, list) else recorded


def _apply_to_object(recorded: Any, changes: list[Any]) -> Any:
    applied = {}
    for key in [*recorded, *(at[0] for at, change in changes if at[0] not in recorded)]:
        own = [(at[1:], change) for at, change in changes if at[0] == key]
        here = next((change for at, change in own if not at), None)
        if here is not None and here.change == "removed":
            continue
        applied[key] = (
            here.replayed
            if here is not None and here.change == "added"
            else _apply(recorded[key], own)
        )
    return applied


def _apply_to_list(recorded: Any, changes: list[Any]) -> Any:
    removed = {at[0] for at, c in changes if len(at) == 1 and c.change == "removed"}
    order = next((c.replayed for at, c in changes if not at), None)
    if order is None:
        order = [index for index in range(len(recorded)) if index not in removed]
    inner = [
        (at, c)
        for at, c in changes
        if at and not (len(at) == 1 and c.change in ("added", "removed"))
    ]
    applied = [
        _apply(recorded[index], [(at[1:], c) for at, c in inner if at[0] == index])
        for index in order
    ]
    added = [(at[0], c.replayed) for at, c in changes if len(at) == 1 and c.change == "added"]
    for index, value in sorted(added, key=lambda pair: pair[0]):
        applied.insert(index, value)
    return applied
