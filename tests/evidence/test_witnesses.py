from __future__ import annotations

from typing import Any

import pytest

from replay.compatibility.changes import OnPayloads, SchemaChange
from replay.evidence import evidence_for
from replay.evidence.old_side import OldTools
from replay.evidence.witnesses import Search, Shows, add_witnesses, witness_for
from replay.records import Selection
from replay.replayer.questions.asking import Asking
from tests.evidence.conftest import Recorded, change

SILENT = OnPayloads.SILENT
BOOK = [
    change("REQUIRED_PROPERTY_ADDED", "currency", on=OnPayloads.BREAKS),
    change("ENUM_VALUE_REMOVED", "room", old="c"),
    change("FORMAT_ADDED", "patient.born"),
    change("TYPE_NARROWED", "day"),
]
FIND = [
    change("NUMBER_LIMIT_TIGHTENED", "limit", tool="find", new=50),
    change("DEFAULT_CHANGED", "limit", tool="find", on=SILENT, old=10, new=20),
]
NOTE = [
    change("NUMBER_LIMIT_TIGHTENED", "level", tool="note", new=3),
    change("REQUIRED_UNNAMED", "author", tool="note"),
]


def search(changes: list[SchemaChange], today: Asking, then: Asking) -> Search:
    tool = changes[0].tool
    described = today.toolbox.find(tool)
    assert described is not None
    return Search(tool, changes, today, OldTools(then), described)


@pytest.mark.parametrize(
    ("changes", "index", "witness"),
    [
        (BOOK, 0, {"day": "", "patient": {"born": "", "name": ""}}),
        (BOOK, 1, {"day": "", "patient": {"born": "", "name": ""}, "room": "c"}),
        (BOOK, 2, {"day": "", "patient": {"born": "", "name": ""}}),
        (FIND, 0, {"limit": 51, "name": ""}),
        (FIND, 1, {"name": ""}),
        (NOTE, 0, {"level": 4, "text": ""}),
        (NOTE, 1, {"text": ""}),
    ],
    ids=["required", "enum", "format", "limit", "default", "given limit", "given required"],
)
def test_a_witness_is_taken_before_shows_its_change_and_is_smallest(
    changes: list[SchemaChange],
    index: int,
    witness: dict[str, Any],
    today: Asking,
    then: Asking,
) -> None:
    asked = search(changes, today, then)

    assert witness_for(asked, index) == witness
    assert asked.shows(index, [witness])[0] >= Shows.IT
    assert asked.side.read(asked.tool, [witness])[0].accepted


def test_a_change_that_changes_nothing_has_no_witness(today: Asking, then: Asking) -> None:
    assert witness_for(search(BOOK, today, then), 3) is None


def test_what_captured_payloads_hold_is_only_edited_at_the_place(
    today: Asking, then: Asking
) -> None:
    asked = search(BOOK, today, then)
    asked.seeds = [{"patient": {"name": "Ada", "born": "1990-01-01"}, "day": "x", "room": "a"}]

    assert witness_for(asked, 1) == {
        "day": "",
        "patient": {"born": "", "name": ""},
        "room": "c",
    }


def test_only_changes_that_no_captured_call_shows_get_a_witness(
    recorded: Recorded, today: Asking, then: Asking
) -> None:
    recorded.call("find", {"name": "Ada", "limit": 500})
    side = OldTools(then)
    found = evidence_for(recorded.store, Selection(), [*FIND, *BOOK], today)

    add_witnesses(recorded.store, Selection(), found, today, side)

    told = {(one.tool, each.change.rule): each.witness for one in found for each in one.evidence}
    assert told == {
        ("find", "NUMBER_LIMIT_TIGHTENED"): None,
        ("find", "DEFAULT_CHANGED"): {"name": ""},
        ("book", "REQUIRED_PROPERTY_ADDED"): {"day": "", "patient": {"born": "", "name": ""}},
        ("book", "ENUM_VALUE_REMOVED"): {
            "day": "",
            "patient": {"born": "", "name": ""},
            "room": "c",
        },
        ("book", "FORMAT_ADDED"): {"day": "", "patient": {"born": "", "name": ""}},
        ("book", "TYPE_NARROWED"): None,
    }


def test_what_a_translation_mends_has_no_witness(
    recorded: Recorded, today: Asking, then: Asking
) -> None:
    recorded.call("remind", {"patient_id": "p1", "text": "come"})
    renamed = change("REQUIRED_PROPERTY_ADDED", "patient", tool="remind", on=OnPayloads.BREAKS)
    found = evidence_for(recorded.store, Selection(), [renamed], today)

    add_witnesses(recorded.store, Selection(), found, today, OldTools(then))

    ((told,),) = [one.evidence for one in found]
    assert (told.breaks, told.witness) == (0, None)


def test_the_same_search_finds_the_same(today: Asking, then: Asking) -> None:
    first = [witness_for(search(BOOK, today, then), index) for index in range(3)]
    second = [witness_for(search(BOOK, today, then), index) for index in range(3)]

    assert first == second
