"""What keys do in the findings of a replay run."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import FINDINGS

FINDINGS_ACTIONS: Final[tuple[Action, ...]] = (
    action(
        FINDINGS,
        "open",
        "enter",
        "transcript",
        "this call in its transcript",
        group="Move",
        footer=1,
    ),
    action(
        FINDINGS,
        "approve",
        "a",
        "approve",
        "approve this finding: it is meant; again: take that back",
        group="Act",
        footer=2,
    ),
    action(
        FINDINGS, "call(1)", "n", "next call", "next call with this cause", group="Step", footer=3
    ),
    action(
        FINDINGS,
        "call(-1)",
        "p N",
        "back",
        "previous call with this cause",
        group="Step",
        footer=4,
    ),
    action(
        FINDINGS,
        "compare",
        "v",
        "compare",
        "this call, recorded against today, side by side too",
        footer=5,
    ),
    action(
        FINDINGS,
        "edit_source",
        "O",
        "source",
        "the tool's source in $EDITOR",
        group="Act",
        footer=8,
    ),
    action(FINDINGS, "search", "slash", "search", "find a text in this pane"),
    action(FINDINGS, "zoom", "z", "zoom", "only this pane, and back", footer=7),
    action(
        FINDINGS, "copy", "y", "copy", "copy what the cursor is on, as JSON", group="Act", footer=6
    ),
)
