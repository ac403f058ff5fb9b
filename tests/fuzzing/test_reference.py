"""The reference that says which payloads are valid: the published schema, and nothing else."""

from __future__ import annotations

import jsonschema
import pytest

from replay.fuzzing.cases import cases_of
from replay.fuzzing.reference import Says, fits_but_for_nulls, has_format, ruling
from replay.fuzzing.reference import ruling as ruled
from replay.records import JsonObject
from tests.fuzzing.test_cases import BOOKING, captured, described

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 1},
        "day": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "unit": {"type": "string", "default": "kg"},
    },
    "required": ["count"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ('{"count": 1}', Says.VALID),
        ('{"count": 1.0}', Says.VALID),
        ('{"count": 1, "count": 2}', Says.VALID),
        ('{"count": 0}', Says.INVALID),
        ('{"count": "1"}', Says.INVALID),
        ('{"count": true}', Says.INVALID),
        ("{}", Says.INVALID),
        ("", Says.INVALID),
        ('{"count": 1, "more": 1}', Says.INVALID),
        ('{"count": NaN}', Says.INVALID),
        ('{"count": 1', Says.INVALID),
        ("[]", Says.INVALID),
        ('{"count": 9223372036854775808}', Says.UNDECIDED),
        ('{"count": "1e400"}', Says.INVALID),
        ('{"count": ' + "9" * 5000 + "}", Says.UNDECIDED),
        ('{"count": ' + "[" * 100_000 + "}", Says.UNDECIDED),
    ],
)
def test_a_text_is_valid_invalid_or_left_open(arguments: str, says: Says) -> None:
    assert ruling(SCHEMA, arguments).says is says


@pytest.mark.parametrize(
    ("arguments", "fits"),
    [
        ('{"count": 1, "unit": null}', True),
        ('{"count": null}', False),
        ('{"count": 1, "unit": 2}', False),
        ('{"count": 1, "unit": null, "more": 1}', False),
    ],
)
def test_null_for_what_may_be_left_out_is_no_loophole(arguments: str, fits: bool) -> None:
    assert fits_but_for_nulls(SCHEMA, ruled(SCHEMA, arguments)) is fits


def test_a_format_is_found_through_unions_and_references() -> None:
    nested: JsonObject = {
        "properties": {"days": {"type": "array", "items": {"$ref": "#/$defs/day"}}},
        "$defs": {"day": {"allOf": [{"format": "date"}]}},
    }

    assert has_format(SCHEMA, ["day"])
    assert has_format(nested, ["days", 3])
    assert not has_format(SCHEMA, ["unit"])


def test_every_case_is_ruled_as_jsonschema_rules_it() -> None:
    validator = jsonschema.Draft202012Validator(BOOKING)
    cases = cases_of(described(BOOKING), captured(), 300, 0)
    said = [(case, ruling(BOOKING, case.arguments)) for case in cases]

    decided = [(case, one) for case, one in said if one.values is not None]
    assert len(decided) > 150
    for case, one in decided:
        if one.says is not Says.UNDECIDED:
            assert validator.is_valid(one.values) is (one.says is Says.VALID), case.arguments
