"""The forms in which a step can be copied: only its own."""

from __future__ import annotations

from pathlib import Path

from tui.rows.database import Database
from tui.rows.steps import read_detail, read_steps
from tui.views.copies import forms_of


def test_a_model_call_offers_no_outside_call_whatever_tool_call_has_its_row_number(
    database: Path,
) -> None:
    opened = Database.open(database)
    offered: dict[str, list[str]] = {}
    for trace in ("a-trip", "b-trip", "c-trip"):
        steps = read_steps(opened, trace)
        for row in steps.steps:
            detail = read_detail(opened, steps, row)
            forms = forms_of(detail, pane=None, tab="Output", database="traces.db", options=())
            offered[row.id] = [name for name, _ in forms if "outside" in name]
    opened.close()

    assert {step: names for step, names in offered.items() if names} == {
        "b-trip-c2": ["curl: outside call"]
    }
