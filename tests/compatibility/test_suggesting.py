"""Drafts of translations: each is run on payloads, as it would be beside the tools."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.compatibility.suggesting import Draft, draft, written
from replay.records.schema_check import schema_errors
from replay.tools.translations import ToolVersion
from tests.compatibility.drafting import TEXT, WHOLE, drafted, run, schema


def kinds(suggested: Draft) -> list[tuple[str, str, bool]]:
    """Return (kind, path, whether it is sure) of each edit."""
    return [(edit.kind, edit.path, edit.is_sure) for edit in suggested.edits]


def test_a_field_that_is_only_spelled_otherwise_is_renamed() -> None:
    suggested = drafted(schema(per_page=WHOLE), schema(perPage=WHOLE))

    assert kinds(suggested) == [("rename", "perPage", True)]
    assert run(suggested, {"per_page": 5}) == {"perPage": 5}
    assert run(suggested, {}) == {}


def test_a_field_of_another_name_is_renamed_where_its_description_is_the_same() -> None:
    said = {"type": "string", "description": "The day of departure, ISO 8601"}
    suggested = drafted(schema("start", start=said), schema("leaves_on", leaves_on=said))

    assert run(suggested, {"start": "2026-01-01"}) == {"leaves_on": "2026-01-01"}
    (edit,) = suggested.edits
    assert edit.told()["confidence"] == 0.92


def test_a_likely_rename_is_asked_for_and_refuses() -> None:
    suggested = drafted(schema("city", city=TEXT), schema("place", place=TEXT))

    assert kinds(suggested) == [("drop", "city", False), ("missing", "place", False)]
    with pytest.raises(ValueError, match="TODO city"):
        run(suggested, {"city": "Bonn"})


def test_two_fields_that_may_both_be_the_old_one_are_a_question_with_both_named() -> None:
    suggested = drafted(
        schema(label=TEXT), schema(label_name=TEXT, label_text=TEXT), {"label": "x"}
    )

    (asked,) = suggested.questions
    assert (asked.kind, asked.path) == ("rename", "label")
    assert "label_name (" in asked.said
    assert "label_text (" in asked.said
    assert asked.hint == ['new["label_name"] = new.pop("label")']
    with pytest.raises(ValueError, match="TODO label"):
        run(suggested, {"label": "x"})


def test_two_new_fields_that_are_each_like_the_old_one_make_neither_certain() -> None:
    said = {"type": "string", "description": "What to remember of this order"}
    suggested = drafted(schema(note=said), schema(memo=said, remark=said), {"note": "x"})

    assert [(edit.kind, edit.path) for edit in suggested.questions] == [("rename", "note")]
    with pytest.raises(ValueError, match="TODO note"):
        run(suggested, {"note": "x"})


def test_fields_whose_captured_values_are_the_same_are_one() -> None:
    before = [{"user": f"u{number}"} for number in range(5)]
    after = [{"user_name": f"u{number}"} for number in range(1, 6)]

    def suggested(new: str) -> Draft:
        payloads = [{new: one["user_name"]} for one in after]
        return draft(
            ToolVersion("t", "1"),
            ToolVersion("t", "2"),
            schema("user", user=TEXT),
            schema(new, **{new: TEXT}),
            captured=before,
            captured_new=payloads,
        )

    assert run(suggested("user_name"), {"user": "u9"}) == {"user_name": "u9"}
    assert suggested("payer").questions  # that values are alike is not enough


@pytest.mark.parametrize(
    ("old", "new"), [("start_date", "end_date"), ("from_user", "to_user"), ("sender", "recipient")]
)
def test_the_two_ends_of_one_thing_are_never_taken_for_each_other(old: str, new: str) -> None:
    said = {"type": "string", "description": "A day of the range that is looked at"}
    suggested = drafted(schema(old, **{old: said}), schema(new, **{new: said}))

    assert [edit.kind for edit in suggested.edits] == ["drop", "missing"]
    assert suggested.edits == suggested.questions


def test_a_field_that_is_described_otherwise_is_pointed_at() -> None:
    suggested = drafted(
        schema(id={"type": "string", "description": "Number of the order to look up"}),
        schema(id={"type": "string", "description": "Customer whose orders are listed here"}),
    )

    assert kinds(suggested) == [("same", "id", True)]
    assert "# id: it is described in other words now" in written(suggested)


@pytest.mark.parametrize(
    ("before", "after"),
    [(TEXT, WHOLE), ({"enum": ["a", "b"]}, {"enum": ["a"]}), (TEXT, {"enum": ["a"]})],
)
def test_a_list_whose_elements_change_is_asked_for(before: Any, after: Any) -> None:
    suggested = drafted(
        schema(x={"type": "array", "items": before}), schema(x={"type": "array", "items": after})
    )

    with pytest.raises(ValueError, match="TODO x"):
        run(suggested, {"x": ["b"]})
    assert run(suggested, {"x": []}) == {"x": []}


def test_a_required_field_gets_the_schemas_default_or_its_only_value() -> None:
    new = schema(
        "calendar kind",
        calendar={"type": "string", "default": "main"},
        kind={"const": "event"},
    )

    assert run(drafted(schema(), new), {}) == {"calendar": "main", "kind": "event"}


def test_a_required_field_that_nothing_explains_refuses() -> None:
    suggested = drafted(schema(), schema("tenant", tenant=TEXT))

    with pytest.raises(ValueError, match="TODO tenant: it is required"):
        run(suggested, {})
    assert run(suggested, {"tenant": "x"}) == {"tenant": "x"}


def test_what_was_meant_by_leaving_a_field_out_is_written_down_where_the_default_changed() -> None:
    old = schema(unit={"enum": ["c", "f"], "default": "c"})
    new = schema(unit={"enum": ["c", "f"], "default": "f"})

    assert run(drafted(old, new), {}) == {"unit": "c"}
    assert run(drafted(old, new), {"unit": "f"}) == {"unit": "f"}
    assert drafted(old, old).edits == []
    assert drafted(old, schema(unit={"enum": ["c", "f"]})).edits == []
    with pytest.raises(ValueError, match="TODO unit: left out it meant 'c'"):
        run(drafted(old, schema(unit={"enum": ["f"], "default": "f"})), {})


def test_a_strict_schema_gets_null_for_what_was_left_out() -> None:
    new = schema("city unit", city=TEXT, unit={"type": ["string", "null"]})
    new["additionalProperties"] = False

    assert run(drafted(schema("city", city=TEXT), new), {"city": "x"}) == {
        "city": "x",
        "unit": None,
    }


def test_a_field_that_no_captured_call_sets_is_dropped_and_one_that_does_is_refused() -> None:
    suggested = drafted(schema(note=TEXT, city=TEXT), schema(city=TEXT), {"city": "x"})

    assert suggested.questions == []
    assert suggested.drops == ["note"]
    assert 'drops=["note"]' in written(suggested)
    assert run(suggested, {"city": "x", "note": None}) == {"city": "x"}
    with pytest.raises(ValueError, match="TODO note"):
        run(suggested, {"city": "x", "note": "hi"})


def test_a_field_that_calls_set_is_never_dropped_without_asking() -> None:
    suggested = drafted(schema(dry_run={"type": "boolean"}), schema(), {"dry_run": True})

    assert kinds(suggested) == [("drop", "dry_run", False)]
    assert suggested.drops == []
    with pytest.raises(ValueError, match="TODO dry_run"):
        run(suggested, {"dry_run": True})


@pytest.mark.parametrize(
    ("old", "new", "value", "expected"),
    [
        (WHOLE, TEXT, 7, "7"),
        (TEXT, {"type": "array", "items": TEXT}, "a", ["a"]),
        ({"type": "array", "items": TEXT}, TEXT, ["a"], "a"),
        (TEXT, WHOLE, "42", 42),
        (TEXT, {"type": "number"}, "4.5", 4.5),
        ({"type": "number"}, WHOLE, 3.0, 3),
        (TEXT, {"type": "boolean"}, "true", True),
        (WHOLE, {"type": "number"}, 3, 3),
        (TEXT, {"type": "string", "format": "date"}, "2026-03-01", "2026-03-01"),
        (TEXT, {"type": "string", "format": "date"}, "1 Mar 2026", "2026-03-01"),
        (TEXT, {"type": "string", "format": "date"}, "31/12/2026", "2026-12-31"),
    ],
)
def test_a_type_changes_where_nothing_is_lost(
    old: dict[str, Any], new: dict[str, Any], value: Any, expected: Any
) -> None:
    suggested = drafted(schema(x=old), schema(x=new), {"x": value})

    assert suggested.questions == []
    assert run(suggested, {"x": value}) == {"x": expected}
    assert run(suggested, {}) == {}


@pytest.mark.parametrize(
    ("old", "new", "captured", "other"),
    [
        (TEXT, WHOLE, "007", "007"),
        (TEXT, WHOLE, "seven", "seven"),
        (TEXT, WHOLE, "7", "seven"),
        ({"type": "number"}, WHOLE, 3.0, 3.5),
        (TEXT, {"type": "array", "items": TEXT}, "a, b", "a, b"),
        ({"type": "array", "items": TEXT}, TEXT, ["a"], ["a", "b"]),
        ({"type": "boolean"}, TEXT, True, True),
        (TEXT, {"type": "string", "format": "date"}, "01/02/2026", "01/02/2026"),
        (TEXT, {"type": "string", "format": "date"}, "2026-03-01", "1 Mar"),
        (TEXT, {"type": "string", "format": "date-time"}, "2026-03-01", "2026-03-01"),
        ({"type": "object"}, TEXT, {}, {}),
    ],
)
def test_a_type_that_cannot_change_without_loss_or_a_guess_refuses(
    old: dict[str, Any], new: dict[str, Any], captured: Any, other: Any
) -> None:
    suggested = drafted(schema(x=old), schema(x=new), {"x": captured})

    with pytest.raises(ValueError):  # noqa: PT011 -- a TODO, or Python's own refusal
        run(suggested, {"x": other})


def test_a_null_that_meant_nothing_is_left_out_and_one_that_may_mean_something_refuses() -> None:
    nullable = {"anyOf": [TEXT, {"type": "null"}], "default": None}
    assert run(drafted(schema(x=nullable), schema(x=TEXT)), {"x": None}) == {}

    suggested = drafted(schema("x", x={"type": ["string", "null"]}), schema("x", x=TEXT))
    with pytest.raises(ValueError, match="TODO x: it may be null no longer"):
        run(suggested, {"x": None})


def test_values_of_an_enum_change_their_spelling_and_no_more() -> None:
    old = schema(state={"enum": ["OPEN", "InProgress", "all"]})
    new = schema(state={"enum": ["open", "in-progress", "every"]})
    suggested = drafted(old, new)

    assert run(suggested, {"state": "OPEN"}) == {"state": "open"}
    assert run(suggested, {"state": "InProgress"}) == {"state": "in-progress"}
    with pytest.raises(ValueError, match="TODO state: the new version has no value for 'all'"):
        run(suggested, {"state": "all"})


@pytest.mark.parametrize("choices", [["c", "C++"], ["a-b", "ab"]])
def test_a_value_that_is_spelled_like_two_or_only_nearly_like_one_is_not_respelled(
    choices: list[str],
) -> None:
    suggested = drafted(schema(x={"enum": ["A_B", "c"]}), schema(x={"enum": choices}))

    with pytest.raises(ValueError, match="TODO x"):
        run(suggested, {"x": "A_B"})


def test_flat_fields_move_into_an_object_and_out_of_one() -> None:
    flat = schema("address_city", address_street=TEXT, address_city=TEXT, city=TEXT)
    address = schema("city", street=TEXT, city=TEXT)
    nested = schema("address", address=address, city=TEXT)
    payload = {"address_street": "s", "address_city": "c", "city": "else"}

    into = drafted(flat, nested)
    out = drafted(nested, flat)

    assert into.questions == out.questions == []
    assert run(into, payload) == {"address": {"street": "s", "city": "c"}, "city": "else"}
    assert run(out, run(into, payload)) == payload
    with pytest.raises(ValueError, match="TODO address: the rest of it"):
        run(out, {"address": {"city": "c", "zip": "1"}})


def test_what_an_object_requires_and_nobody_gave_is_asked_for() -> None:
    nested = schema("range", range=schema("start end", start=TEXT, end=TEXT))
    suggested = drafted(schema("start", start=TEXT), nested)

    assert [edit.path for edit in suggested.questions] == ["range.end"]
    with pytest.raises(ValueError, match=r"TODO range\.end"):
        run(suggested, {"start": "x"})


def test_objects_and_lists_of_objects_are_followed() -> None:
    old = schema(
        who=schema(firstName=TEXT),
        guests={"type": "array", "items": {"$ref": "#/$defs/G"}},
    )
    old["$defs"] = {"G": schema("age", age=WHOLE)}
    new = schema(
        who=schema(first_name=TEXT), guests={"type": "array", "items": schema("age", age=TEXT)}
    )
    suggested = drafted(old, new)

    payload = {"who": {"firstName": "a"}, "guests": [{"age": 3}, {"age": 4}]}
    assert [edit.path for edit in suggested.edits] == ["who.first_name", "guests[*].age"]
    assert run(suggested, payload) == {
        "who": {"first_name": "a"},
        "guests": [{"age": "3"}, {"age": "4"}],
    }


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("Length in minutes", "Length in seconds", 'new["x"] * 60'),
        ("Price in euros", "Price in cents", 'round(new["x"] * 100)'),
        ("Degrees Celsius", "Degrees Fahrenheit", 'new["x"] * 9 / 5 + 32'),
        ("Page, starting at 0", "Page, starting at 1", 'new["x"] + 1'),
    ],
)
def test_a_change_of_unit_is_flagged_and_never_guessed(old: str, new: str, hint: str) -> None:
    suggested = drafted(
        schema(x={"type": "number", "description": old}),
        schema(x={"type": "number", "description": new}),
    )

    (asked,) = suggested.questions
    assert (asked.kind, asked.hint) == ("unit", [f'new["x"] = {hint}'])
    with pytest.raises(ValueError, match="TODO x: it seems to go from"):
        run(suggested, {"x": 1})


def test_a_rename_that_names_a_unit_is_flagged_too() -> None:
    said = {"type": "integer", "description": "How long it takes at most"}
    suggested = drafted(schema(timeout=said), schema(timeout_ms=said), {"timeout": 3})

    assert [edit.kind for edit in suggested.questions] == ["unit"]


def test_a_date_that_is_written_otherwise_is_flagged() -> None:
    suggested = drafted(
        schema(x={"type": "string", "description": "as DD/MM/YYYY"}),
        schema(x={"type": "string", "description": "as YYYY-MM-DD"}),
    )

    assert [edit.kind for edit in suggested.questions] == ["unit"]


def test_a_draft_of_equal_schemas_hands_payloads_on() -> None:
    same = schema("a", a=TEXT, b={"type": "object", "properties": {"c": WHOLE}})
    suggested = drafted(same, same)

    assert suggested.edits == []
    assert run(suggested, {"a": "x", "more": 1}) == {"a": "x", "more": 1}


KINDS: list[dict[str, Any]] = [
    {},
    TEXT,
    WHOLE,
    {"type": "number"},
    {"type": "boolean"},
    {"type": "array", "items": TEXT},
    {"type": "array", "items": WHOLE},
    {"enum": ["A", "b"]},
    {"enum": ["a", "B"]},
    {"type": ["string", "null"]},
    {"type": "string", "default": "d"},
]


def parts() -> st.SearchStrategy[dict[str, Any]]:
    kinds = st.sampled_from(KINDS)
    names = st.sampled_from(["name", "full_name", "fullName", "names", "id", "user_id", "count"])
    flat = st.dictionaries(names, kinds, max_size=4)
    whole = st.dictionaries(
        names, st.one_of(kinds, flat.map(lambda one: schema(**one))), max_size=4
    )
    return st.tuples(whole, st.sets(names)).map(
        lambda both: schema(" ".join(sorted(both[1] & both[0].keys())), **both[0])
    )


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["A", "7", "x"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["id", "name"]), inner)
    ),
    max_leaves=4,
)
PAYLOADS = st.dictionaries(
    st.sampled_from(["name", "full_name", "fullName", "names", "id", "user_id", "count"]), VALUES
)


@given(parts(), parts(), PAYLOADS)
def test_a_draft_of_whatever_schemas_runs_and_refuses_rather_than_lose_a_value(
    old: dict[str, Any], new: dict[str, Any], payload: dict[str, Any]
) -> None:
    if schema_errors(old, payload):
        return
    suggested = drafted(old, new, payload)
    try:
        made = run(suggested, payload)
    except ValueError:
        return
    if not suggested.questions:
        assert leaves(payload) <= leaves(made) | {"None"}


def leaves(value: Any) -> set[str]:
    """Return the values in ``value``, by their words: what is spelled otherwise is the same."""
    if isinstance(value, dict):
        return {leaf for one in value.values() for leaf in leaves(one)}
    if isinstance(value, list):
        return {leaf for one in value for leaf in leaves(one)}
    if isinstance(value, float) and value.is_integer():
        return {str(int(value))}
    return {str(value).lower() if isinstance(value, str) else str(value)}
