"""Real histories of real tools: every pair gets a verdict, and every probe the reference's."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from replay.compatibility.changes import OnPayloads, SchemaChange
from replay.compatibility.comparing import compare_schemas
from replay.compatibility.rules import RULES, WORDS_ONLY
from replay.compatibility.tools import ToolVersion, compare_tool, tool_of
from replay.compatibility.type_names import as_json_schema
from replay.records.schema_check import schema_errors

PAIRS = Path(__file__).parents[3] / "shared" / "corpora" / "schema_pairs" / "pairs.jsonl"

pytestmark = pytest.mark.corpora

CAREFUL = {
    "OPTIONAL_PROPERTY_ADDED_TO_OPEN": "no probe carries a name before its schema has it",
    "CLOSED": "no probe carries a name that its schema does not have",
    "NULL_REMOVED": "no probe is null: probes are made of the first type that there is",
    "TYPE_NARROWED": "no probe has the type that is gone: they are made of the first that there is",
    "NUMBER_LIMIT_TIGHTENED": "the probes' numbers are within the new limits",
    "LENGTH_LIMIT_TIGHTENED": "the probes' texts are within the new limits",
    "FORMAT_ADDED": "the reference does not look at formats unless it is told to",
    "RENAME_SUSPECTED": "where the schema is open, the old name is taken, and ignored",
    "PROPERTY_REMOVED_FROM_CLOSED": "no probe carries the property",
    "ENUM_VALUE_REMOVED": "the probes have other values",
}
"""Rules that say "may break" of a pair whose probes all pass, and why both are right."""


@cache
def pairs() -> list[dict[str, Any]]:
    if not PAIRS.exists():
        pytest.skip(f"The recorded corpora are not at {PAIRS.parent.parent}.")
    return [json.loads(line) for line in PAIRS.read_text().splitlines()]


def both(pair: dict[str, Any]) -> tuple[ToolVersion | None, ToolVersion | None]:
    old, new = pair["old"], pair["new"]
    return tool_of(old) if old else None, tool_of(new) if new else None


def payload_changes(pair: dict[str, Any]) -> list[SchemaChange]:
    old, new = both(pair)
    if old is None or new is None:
        return []
    return compare_schemas(old.parameters, new.parameters, tool=pair["tool"])


def verdicts(changes: list[SchemaChange]) -> set[OnPayloads]:
    return {change.on_payloads for change in changes}


def test_every_pair_gets_a_verdict_with_its_rules_named() -> None:
    without = []
    order = []
    for pair in pairs():
        changes = compare_tool(*both(pair))
        for change in changes:
            assert change.on_payloads in RULES[change.rule].on_payloads, (pair["id"], change)
            assert change.said
        if not changes:
            without.append(pair["id"])
        if [change.rule for change in changes] == ["PROPERTY_ORDER_CHANGED"]:
            order.append(pair["id"])

    assert len(pairs()) == 405
    assert without == []
    assert "pair-0052" in order  # its history calls it cosmetic; a model writes in that order


def test_every_probe_is_judged_as_the_reference_validator_judges_it() -> None:
    count = 0
    for pair in pairs():
        for probe in pair["probes"]:
            old, new = both(pair)
            assert old is not None
            assert new is not None
            for tool, said in ((old, probe["valid_old"]), (new, probe["valid_new"])):
                schema = as_json_schema(tool.parameters)
                reference = Draft202012Validator(schema).is_valid(probe["payload"])
                ours = not schema_errors(schema, probe["payload"])
                assert ours == reference == said, (pair["id"], probe)
                count += 1

    assert count == 666


def test_no_probe_is_rejected_where_the_rules_say_safe() -> None:
    for pair in pairs():
        rejected = [one for one in pair["probes"] if one["valid_old"] and not one["valid_new"]]
        if rejected:
            assert verdicts(payload_changes(pair)) & {OnPayloads.MAY_BREAK, OnPayloads.BREAKS}


def test_where_rules_and_probes_disagree_it_is_explained() -> None:
    unexplained = []
    for pair in pairs():
        passes = all(probe["valid_new"] for probe in pair["probes"] if probe["valid_old"])
        if pair["probes"] and passes:
            unexplained += [
                (pair["id"], change)
                for change in payload_changes(pair)
                if change.on_payloads is OnPayloads.BREAKS
                or (change.on_payloads is OnPayloads.MAY_BREAK and change.rule not in CAREFUL)
            ]

    assert unexplained == []


def test_what_breaks_by_the_rules_breaks_every_probe_that_goes_through_there() -> None:
    for pair in pairs():
        at_root = [
            change
            for change in payload_changes(pair)
            if change.rule == "REQUIRED_PROPERTY_ADDED" and "." not in change.path
        ]
        if at_root:
            assert not any(probe["valid_new"] for probe in pair["probes"]), pair["id"]


def test_pairs_that_changed_only_words_get_only_rules_for_words() -> None:
    for pair in pairs():
        if pair["class"] == "cosmetic":
            rules = {change.rule for change in payload_changes(pair)}
            assert rules <= WORDS_ONLY | {"DEFAULT_ADDED", "DEFAULT_CHANGED"}, (pair["id"], rules)


def test_pairs_that_are_labelled_breaking_are_never_called_safe() -> None:
    quiet = [
        pair["id"]
        for pair in pairs()
        if pair["class"] == "potentially_breaking"
        and not verdicts(payload_changes(pair)) - {OnPayloads.SAFE}
    ]

    # A text became "a text or null", written as a union: labelled as a change of composition.
    assert quiet == ["pair-1578", "pair-1583"]
