"""Places in payloads: what is put there, and what stays as it was."""

from __future__ import annotations

from typing import Any

from replay.fuzzing.places import at, put, without


def _nested(depth: int) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = {"a": value}
    return value


def test_a_payload_nested_deeper_than_python_recurses_can_be_changed() -> None:
    deep = {"deep": _nested(5_000), "size": 1}

    changed = put(deep, ("size",), 2)

    assert (changed["size"], deep["size"]) == (2, 1)
    assert without(changed, ("deep",)) == {"size": 2}


def test_what_was_there_stays_as_it_was() -> None:
    before = {"a": [{"b": 1}, {"c": 2}]}

    after = put(before, ("a", 0, "b"), [3])
    rest = without(before, ("a", 1))

    assert before == {"a": [{"b": 1}, {"c": 2}]}
    assert after == {"a": [{"b": [3]}, {"c": 2}]}
    assert rest == {"a": [{"b": 1}]}
    assert at(after, ("a", 5), "nothing") == "nothing"
