"""What counts as carried over by a translation, and what is lost."""

from __future__ import annotations

from typing import Any

import pytest

from replay.verdicts.carrying import not_carried


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"city": "Paris"}, {"town": "Paris"}),
        ({"city": "Paris"}, {"place": {"city": "Paris"}, "unit": "c"}),
        ({"order_id": "#7"}, {"number": 7}),
        ({"count": 7}, {"count": "7"}),
        ({"amount": 2}, {"amount": 2.0}),
        ({"at": "2026-05-01T09:00"}, {"day": "2026-05-01", "hour": "09:00"}),
        ({"first": "Ada", "last": "Lovelace"}, {"name": "Ada Lovelace"}),
        ({"tags": ["a", "b"]}, {"labels": ["b", "a"]}),
        ({"note": "", "guests": [], "unit": None}, {}),
        ({"a": True, "b": False}, {"b": True, "a": False}),
    ],
)
def test_a_value_is_carried_under_whatever_name_and_in_another_spelling(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert not_carried(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [
        ({"city": "Paris", "street": "Rue A"}, {"town": "Paris"}, [("street", "removed")]),
        ({"guest": "Maximilian"}, {"person": "Max"}, [("guest", "removed")]),
        ({"euros": 12.5}, {"cents": 1250}, [("euros", "removed")]),
        ({"unit": "c"}, {"unit": "f"}, [("unit", "changed")]),
        ({"items": [{"id": 1}, {"id": 2}]}, {"ids": [1]}, [("items[1].id", "removed")]),
        ({"urgent": True}, {"priority": "high"}, [("urgent", "removed")]),
        ({"zone": {"name": "CET", "hours": 1}}, {"room": 7}, [("zone", "removed")]),
        ({"zone": {"name": "CET", "hours": 1}}, {"hours": 1}, [("zone.name", "removed")]),
        ({"first": 3, "second": 3}, {"only": 3}, [("second", "removed")]),
    ],
)
def test_what_is_nowhere_in_the_new_arguments_is_lost(
    old: dict[str, Any], new: dict[str, Any], lost: list[tuple[str, str]]
) -> None:
    assert [(one.path, one.change) for one in not_carried(old, new)] == lost


def test_what_is_dropped_on_purpose_is_not_lost() -> None:
    old = {"city": "Paris", "items": [{"id": 1, "note": "x"}, {"id": 2, "note": "y"}]}

    assert not_carried(old, {"ids": [1, 2]}, dropped=["city", "items[*].note"]) == []
    assert [one.path for one in not_carried(old, {"ids": [1, 2]}, dropped=["ci"])] == [
        "city",
        "items[0].note",
        "items[1].note",
    ]
