"""Drafts for real renames, consolidations and changes of real tools, against what they became."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from replay.compatibility.suggesting import Draft, draft, written
from replay.records.schema_check import schema_errors
from replay.tools import Toolbox
from replay.tools.schemas import parameters_of
from replay.tools.translations import ToolVersion, TranslationFailed

CORPORA = Path(__file__).parents[3] / "shared" / "corpora" / "schema_pairs"
PYTHON_NAMES = {"dict": "object", "float": "number", "tuple": "array", "any": "x-any"}

pytestmark = pytest.mark.corpora


def rows(name: str) -> list[dict[str, Any]]:
    file = CORPORA / name
    if not file.exists():
        pytest.skip(f"The recorded corpora are not at {CORPORA}.")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def outcome(suggested: Draft, payload: dict[str, Any]) -> dict[str, Any] | str:
    """Return what the draft makes of ``payload``, or the TODO that it stops at."""
    toolbox = Toolbox()
    exec(written(suggested), {"toolbox": toolbox})
    chain = toolbox.translations.chain_between(suggested.old, suggested.new)
    assert chain is not None
    try:
        return chain.arguments(payload)
    except TranslationFailed as error:
        _, todo, said = str(error).partition("ValueError: TODO ")
        if not todo:
            raise
        return said


@pytest.mark.parametrize("has_traffic", [True, False])
def test_drafts_of_real_migrations_are_right_or_left_to_a_person_and_never_wrong(
    has_traffic: bool,
) -> None:
    counts: Counter[str] = Counter()
    table = []
    for row in rows("migrations.jsonl"):
        old, new = ToolVersion(row["old_tool"], "1"), ToolVersion(row["new_tool"], "2")
        payload = row["old_payload"]
        captured = [payload] if has_traffic else []
        suggested = draft(old, new, row["old_schema"], row["new_schema"], captured=captured)
        made = outcome(suggested, payload)
        verdict = "left" if isinstance(made, str) else "right"
        if verdict == "right" and made != row["new_payload"]:
            verdict = "WRONG"
        counts[verdict] += 1
        table.append(f"{verdict:<6} {row['kind']:<14} {old.tool} -> {new.tool}")
    print("\n" + "\n".join(table), counts, sep="\n")

    assert counts["WRONG"] == 0
    assert counts == {"right": 36, "left": 4}


def test_drafts_of_every_real_change_validate_or_stop_at_a_todo() -> None:
    counts: Counter[str] = Counter()
    for row in rows("pairs.jsonl"):
        if not row["old"] or not row["new"]:
            continue
        _, _, before = parameters_of(row["old"])
        _, _, after = parameters_of(row["new"])
        payloads = [probe["payload"] for probe in row["probes"] if probe.get("valid_old")]
        at = row["tool"]
        suggested = draft(
            ToolVersion(at, "1"), ToolVersion(at, "2"), before, after, captured=payloads
        )
        for payload in payloads:
            made = outcome(suggested, payload)
            is_left = isinstance(made, str)
            assert is_left or schema_errors(_in_json_words(after), made) == [], row["id"]
            counts["left" if is_left else "valid"] += 1
    print("\n", counts)

    assert counts == {"valid": 310, "left": 23}


def _in_json_words(schema: Any) -> Any:
    """Some of these tools name types as Python does."""
    if isinstance(schema, list):
        return [_in_json_words(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _in_json_words(part) for key, part in schema.items()}
    if isinstance(plain.get("type"), str):
        plain["type"] = PYTHON_NAMES.get(plain["type"], plain["type"])
    return {key: part for key, part in plain.items() if part != "x-any"}
