"""What `replay schema diff` and `check` would answer of the snapshots' tool, by their own code:
in this process, so that a picture does not wait for two others.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from replay.compatibility.changes import Evidence
from replay.compatibility.sides import compare_pair, shown_side
from replay.report.schema_changes import changes_json
from tests.tui.snapshot_database import NEW

_PROPERTIES: dict[str, Any] = NEW["parameters"]["properties"]  # type: ignore[index]  # a dict of dicts
_TODAY = {
    **NEW,
    "description": "Tell the weather of a day.",
    "parameters": {
        **NEW["parameters"],  # type: ignore[dict-item]  # a dict
        "properties": {
            **_PROPERTIES,
            "unit": {"type": "string", "enum": ["celsius"], "default": "celsius"},
            "place": {"type": "string", "default": "outdoors"},
        },
    },
}


def _side(definition: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": definition}


_CHANGES = compare_pair(*(shown_side(_side(one), "openai") for one in (NEW, _TODAY)))

DIFFERENCE: dict[str, Any] = {
    "old": {"definition": _side(NEW)},
    "new": {"definition": _side(_TODAY)},
    "changes": [asdict(one) for one in _CHANGES],
    "diff": [],
}

CHECK: dict[str, Any] = changes_json(
    _CHANGES,
    against="the traces",
    places={},
    ignored_count=0,
    evidence=[
        Evidence(
            change=one,
            call_count=3,
            breaks=2 if one.path == "unit" else 0,
            silent=0,
            same=1,
            by_model={"small-1": (1, 2), "large-1": (1, 1)},
            first=("b-trip", 3) if one.path == "unit" else None,
            witness=None,
        )
        for one in _CHANGES
    ],
)
