"""The rules on a table of changes: verdicts as the validators themselves establish them."""

from __future__ import annotations

import pytest

from replay.compatibility.changes import OnPayloads
from replay.compatibility.comparing import compare_schemas
from replay.compatibility.pairs import worst
from replay.compatibility.rules import RULES
from tests.compatibility.cases import CASES, DRAFT_7_NEW, DRAFT_7_OLD, Case, established, schema_of


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_verdict_is_the_validators(case: Case) -> None:
    changes = compare_schemas(schema_of(case.old), schema_of(case.new), reading=case.reading)

    verdict, expected = worst(changes), established(case)
    if not case.careful:
        assert verdict is expected, changes
    assert case.rule in {change.rule for change in changes}, changes
    if case.path is not None:
        assert case.path in {one.path for one in changes if one.rule == case.rule}
    if verdict is OnPayloads.SAFE:
        assert expected is OnPayloads.SAFE or case.careful


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_rule_says_what_it_does_not_document(case: Case) -> None:
    for change in compare_schemas(schema_of(case.old), schema_of(case.new), reading=case.reading):
        assert change.on_payloads in RULES[change.rule].on_payloads, change


def test_there_are_more_than_sixty_cases() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 90


def test_draft_7_ignores_what_stands_beside_a_reference() -> None:
    assert compare_schemas(DRAFT_7_OLD, DRAFT_7_NEW) == []
    both = [
        {key: value for key, value in schema.items() if key != "$schema"}
        for schema in (DRAFT_7_OLD, DRAFT_7_NEW)
    ]
    assert [one.rule for one in compare_schemas(*both)] == ["NUMBER_LIMIT_TIGHTENED"]
