from __future__ import annotations

from typing import Any

import pytest

from replay.verdicts.origins import Origin, Source, TooCommonError, origins

SOURCES = [
    Source(1, "prompt", {"role": "user", "content": "Weather in Oslo, for 1,200 people?"}, "user"),
    Source(2, "payload", '{"city": "Oslo", "days": 3}', "get_weather"),
    Source(2, "response", '{"city": "OSLO", "at": {"lat": 59.9}, "ids": [7, 3.0]}', "get_weather"),
    Source(3, "response", "Booked room 3 at Oslofjord.", "book"),
    Source(3, "outside", {"response": {"body": '{"lat": 59.9}'}}, "book"),
]


def told(found: list[Origin]) -> list[tuple[int, str, str]]:
    return [(one.step_number, one.place, one.path) for one in found]


@pytest.mark.parametrize(
    ("value", "places"),
    [
        ("Oslo", [(1, "prompt", "content"), (2, "payload", "city"), (2, "response", "city")]),
        (3, [(2, "payload", "days"), (2, "response", "ids[1]"), (3, "response", "")]),
        (3.0, [(2, "payload", "days"), (2, "response", "ids[1]"), (3, "response", "")]),
        (1200, [(1, "prompt", "content")]),
        (59.9, [(2, "response", "at.lat"), (3, "outside", "response.body.lat")]),
        ({"lat": 59.9}, [(2, "response", "at"), (3, "outside", "response.body")]),
        ([7, 3], [(2, "response", "ids")]),
        ("Paris", []),
        ("slo", []),
    ],
)
def test_a_value_is_found_where_it_stands_in_the_traces_order(
    value: Any, places: list[tuple[int, str, str]]
) -> None:
    assert told(origins(value, SOURCES)) == places


def test_what_stands_whole_is_told_from_what_stands_within_a_text() -> None:
    found = origins("Oslo", SOURCES)
    assert [one.is_exact for one in found] == [False, True, False]
    assert found[0].excerpt == "Weather in Oslo, for 1,200 people?"
    assert found[0].label == "user"


@pytest.mark.parametrize("value", [True, None, "", "a", [], {}])
def test_a_value_that_is_everywhere_is_not_looked_for(value: Any) -> None:
    with pytest.raises(TooCommonError):
        origins(value, SOURCES)


def test_one_part_is_told_a_few_times_and_all_of_them_some_hundred() -> None:
    many = Source(1, "response", {"rows": ["tea"] * 50})
    assert len(origins("tea", [many])) == 3
    assert len(origins("tea", [many] * 1000)) == 200


def test_a_long_text_is_cut_around_the_value() -> None:
    text = "before " * 100 + "needle" + " after" * 100
    (found,) = origins("needle", [Source(1, "output", text)])
    assert found.excerpt.startswith("…")
    assert "needle" in found.excerpt
    assert len(found.excerpt) <= 91


def test_text_that_cannot_be_read_as_json_is_read_as_text() -> None:
    (found,) = origins("needle", [Source(1, "payload", '{"a": "needle"')])
    assert found.path == ""
    deep = "[" * 100_000
    assert origins("needle", [Source(1, "payload", deep)]) == []
