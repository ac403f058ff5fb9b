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


TOLD = (
    "Paid $1,234.50 on May 26th, 2024 for order #W1023 of 1 000 000 points, 3,400 miles; "
    "in full 1.234,50 EUR"
)


@pytest.mark.parametrize(
    ("value", "text", "written"),
    [
        (1234.5, TOLD, "1,234.50"),
        ("1234.50", TOLD, "1,234.50"),
        ("$1,234.5", "it is 1234.50 now", "1234.50"),
        (1234.5, "in full 1.234,50 EUR", "1.234,50"),
        (1_000_000, TOLD, "1 000 000"),
        (3400, TOLD, "3,400"),
        (-5.5, "at −5.50 degrees", "−5.50"),
        ("2024-05-26", TOLD, "May 26th, 2024"),
        ("2024-05-26T12:30:00Z", "am 26.05.2024 um 12", "26.05.2024"),
        ("26 May 2024", '{"at": "2024-05-26T15:00:00Z"}', "2024-05-26"),
        ("05/26/2024", "it is 20240526", "20240526"),
        ("2024-05-26", "the 26th of May", "26th of May"),
    ],
)
def test_numbers_and_days_are_found_however_they_are_written(
    value: Any, text: str, written: str
) -> None:
    (found,) = origins(value, [Source(1, "prompt", text)])

    assert (found.found, found.is_exact) == (written, False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (400, TOLD),
        (3, TOLD),
        (234.5, TOLD),
        (1234.5, "it is 1234.56"),
        ("007", "agent 7"),
        ("2024-05-26", "2024-05-27 and May 27"),
        ("2024-05-26", "202405261"),
    ],
)
def test_what_only_looks_alike_is_not_the_value(value: Any, text: str) -> None:
    assert origins(value, [Source(1, "prompt", text)]) == []


def test_of_what_stands_nowhere_whole_each_part_is_found_first_and_last() -> None:
    sources = [
        Source(1, "response", {"id": "W1023", "total": 1234.5}, "look"),
        Source(2, "response", {"id": "W1023"}, "look"),
        Source(3, "response", "order W1023 is sent", "move"),
    ]

    found = origins({"order": "W1023", "sum": 1234.5, "ok": True, "new": "zzz"}, sources)
    assert [(one.step_number, one.part) for one in found] == [
        (1, "order"),
        (1, "sum"),
        (3, "order"),
    ]
    told = origins("Your order W1023 costs 1234.50 today", sources)
    assert [(one.step_number, one.part) for one in told] == [
        (1, "W1023"),
        (1, "1234.50"),
        (3, "W1023"),
    ]
    (whole,) = origins({"id": "W1023"}, sources)
    assert (whole.step_number, whole.part) == (2, "")


def test_of_very_many_places_the_first_and_the_nearest_are_kept() -> None:
    found = origins("tea", [Source(number, "response", "tea") for number in range(1000)])

    assert [one.step_number for one in found] == [*range(150), *range(950, 1000)]
