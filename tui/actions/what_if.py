"""What keys do in an edited branch."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import WHAT_IF

WHAT_IF_ACTIONS: Final[tuple[Action, ...]] = (
    action(
        WHAT_IF,
        "difference(1)",
        "n",
        "next ≠",
        "next call that the edit changes",
        group="Step",
        footer=1,
    ),
    action(
        WHAT_IF,
        "difference(-1)",
        "p N",
        "back ≠",
        "previous call that the edit changes",
        group="Step",
        footer=2,
    ),
    action(
        WHAT_IF,
        "edit_again",
        "i",
        "edit again",
        "edit what was edited once more, and run on from there",
        group="Act",
        footer=3,
    ),
    action(
        WHAT_IF,
        "compare",
        "v",
        "compare",
        "this call, recorded against the edited branch",
        footer=4,
    ),
    action(WHAT_IF, "search", "slash", "search", "find a text in this pane"),
    action(WHAT_IF, "zoom", "z", "zoom", "only this pane, and back", footer=21),
    action(
        WHAT_IF, "copy", "y", "copy", "copy what the cursor is on, as JSON", group="Act", footer=6
    ),
)
