from __future__ import annotations

import pytest

from replay.compatibility.changes import OnPayloads
from replay.evidence.attribution import causes_of, explaining_error, explaining_read
from replay.records import Outcome
from replay.replayer.questions.compared import Compared, Misfit, ReadChange
from tests.evidence.conftest import change


def misfit(kind: str, path: str, value: object = "x") -> Misfit:
    return Misfit(kind, path, "wrong", value)


CHANGES = [
    change("REQUIRED_PROPERTY_ADDED", "currency"),
    change("CLOSED", ""),
    change("TYPE_CHANGED", "guests[*].age"),
    change("NULL_REMOVED", "note"),
    change("ENUM_VALUE_REMOVED", "room"),
    change("NUMBER_LIMIT_TIGHTENED", "minutes"),
    change("RENAME_SUSPECTED", "address.zip", old="zip", new="postcode"),
    change("TYPE_CHANGED", "note"),
    change("OPTIONAL_PROPERTY_ADDED", "colour", on=OnPayloads.SAFE),
    change("UNION_VARIANT_REMOVED", "payment"),
]


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (misfit("missing", "currency", None), "REQUIRED_PROPERTY_ADDED"),
        (misfit("extra_forbidden", "nonsense"), "CLOSED"),
        (misfit("int_parsing", "guests[3].age"), "TYPE_CHANGED"),
        (misfit("string_type", "note", None), "NULL_REMOVED"),
        (misfit("string_type", "note", 5), "TYPE_CHANGED"),
        (misfit("literal_error", "room"), "ENUM_VALUE_REMOVED"),
        (misfit("enum", "room"), "ENUM_VALUE_REMOVED"),
        (misfit("less_than_equal", "minutes", 99), "NUMBER_LIMIT_TIGHTENED"),
        (misfit("missing", "address.postcode", None), "RENAME_SUSPECTED"),
        (misfit("extra_forbidden", "address.zip"), "RENAME_SUSPECTED"),
        (misfit("any_of", "payment", {}), "UNION_VARIANT_REMOVED"),
        (misfit("int_type", "payment.cents"), "UNION_VARIANT_REMOVED"),
    ],
)
def test_an_error_is_put_to_the_change_of_its_place_and_kind(error: Misfit, rule: str) -> None:
    found = explaining_error(CHANGES, error)

    assert found is not None
    assert CHANGES[found].rule == rule


OF_THE_TOOL = [
    change("COERCION_REMOVED", ""),
    change("DEFAULT_CHANGED", "limit", on=OnPayloads.SILENT),
    change("LENGTH_LIMIT_TIGHTENED", "title"),
]


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (misfit("int_type", "limit", "3"), "COERCION_REMOVED"),
        (misfit("missing", "title", None), "GATE_ADDED"),
        (misfit("string_too_long", "title"), "LENGTH_LIMIT_TIGHTENED"),
    ],
)
def test_what_no_place_explains_is_put_to_how_the_whole_tool_reads(
    error: Misfit, rule: str
) -> None:
    found = explaining_error([*OF_THE_TOOL, change("GATE_ADDED", "")], error)

    assert found is not None
    assert [*OF_THE_TOOL, change("GATE_ADDED", "")][found].rule == rule


def test_a_default_or_a_limit_explains_no_argument_that_is_missing_or_of_another_type() -> None:
    changes = OF_THE_TOOL[1:]

    assert explaining_error(changes, misfit("int_type", "limit", "3")) is None
    assert explaining_error(changes, misfit("missing", "title", None)) is None


@pytest.mark.parametrize(
    "error",
    [
        misfit("value_error", "title"),
        misfit("missing", "title", None),
        misfit("extra_forbidden", "address.street"),
        misfit("string_type", "colour", 1),
    ],
    ids=["no change there", "another field", "CLOSED is about its own object", "a safe change"],
)
def test_an_error_that_no_change_speaks_of_is_explained_by_none(error: Misfit) -> None:
    assert explaining_error(CHANGES, error) is None


def test_a_payload_that_differs_is_put_to_the_change_of_that_place() -> None:
    changes = [
        change("PROPERTY_REMOVED_FROM_OPEN", "patient.nickname", on=OnPayloads.SILENT),
        change("DEFAULT_CHANGED", "patient.title", on=OnPayloads.SILENT),
    ]

    dropped = ReadChange("patient.nickname", "removed", "A", None)
    filled = ReadChange("patient.title", "changed", "none", "Dr")
    other = ReadChange("patient.name", "changed", "a", "A")

    assert [explaining_read(changes, one) for one in (dropped, filled, other)] == [0, 1, None]


def test_what_a_validator_raises_or_dies_of_is_explained_by_no_change() -> None:
    died = Compared(Outcome.CRASHED, message="The worker ended (exit status 3).")

    assert causes_of(CHANGES, died) == [None]


@pytest.mark.parametrize(("message", "at"), [("greater than 0", 0), ("at most 100", 1)])
def test_of_two_limits_of_one_place_an_error_is_about_the_one_that_it_names(
    message: str, at: int
) -> None:
    changes = [change("NUMBER_LIMIT_TIGHTENED", "minutes", new=limit) for limit in (0.0, 100.0)]
    error = Misfit("less_than_equal", "minutes", f"Input should be {message}", 150)

    assert explaining_error(changes, error) == at
    assert explaining_error(changes[::-1], error) == 1 - at
