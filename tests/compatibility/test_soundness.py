"""What the rules promise, on schemas that nobody would write, against the reference validator.

Safe means: every payload that the old schema takes, the new one takes. Breaks, at the root, means:
none of them.
"""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from replay.compatibility.changes import OnPayloads
from replay.compatibility.comparing import compare_schemas
from replay.compatibility.rules import RULES
from replay.records import JsonObject
from tests.compatibility.random_schemas import PAYLOADS, Drawing


def drawn(seed: int) -> tuple[JsonObject, JsonObject]:
    drawing = Drawing(seed)
    old = drawing.whole()
    return old, drawing.changed(old) if seed % 5 < 3 else drawing.whole()


def takes(schema: JsonObject) -> list[bool]:
    """Return of each payload whether the reference validator takes it."""
    validator = Draft202012Validator(schema)
    return [validator.is_valid(payload) for payload in PAYLOADS]


def check(seed: int) -> None:
    old, new = drawn(seed)
    changes = compare_schemas(old, new)
    for change in changes:
        assert change.on_payloads in RULES[change.rule].on_payloads, change
    verdicts = {change.on_payloads for change in changes}
    may_break = verdicts & {OnPayloads.MAY_BREAK, OnPayloads.BREAKS}
    breaks = any(one.on_payloads is OnPayloads.BREAKS and one.path == "" for one in changes)
    for payload, was, now in zip(PAYLOADS, takes(old), takes(new), strict=True):
        if was:
            told = f"{payload!r}\n{old!r}\n{new!r}\n{changes!r}"
            assert now or may_break, f"called safe, and is rejected: {told}"
            assert not now or not breaks, f"called broken, and is taken: {told}"


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_what_is_called_safe_is_taken_by_the_reference_validator(first: int) -> None:
    for seed in range(first, first + 50):
        check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1_000, 11_000, 1_000))
def test_what_is_called_safe_is_taken_in_ten_thousand_pairs(first: int) -> None:
    for seed in range(first, first + 1_000):
        check(seed)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_a_schema_against_itself_is_no_change(first: int) -> None:
    for seed in range(first, first + 50):
        assert compare_schemas(Drawing(seed).whole(), Drawing(seed).whole()) == []
