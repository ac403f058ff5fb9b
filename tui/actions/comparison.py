"""What keys do where one call, recorded, stands against today."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import COMPARISON

COMPARISON_ACTIONS: Final[tuple[Action, ...]] = (
    action(COMPARISON, "change(1)", "n", "next", "next change", group="Step", footer=1),
    action(COMPARISON, "change(-1)", "p N", "back", "previous change", group="Step", footer=2),
    action(
        COMPARISON, "call(1)", "c f5", "next ≠", "next call that differs", group="Step", footer=3
    ),
    action(COMPARISON, "call(-1)", "C", "back ≠", "previous call that differs", group="Step"),
    action(
        COMPARISON, "beside", "D", "side by side", "side by side, or one below the other", footer=4
    ),
    action(
        COMPARISON,
        "more(1)",
        "right_curly_bracket",
        "more",
        "more of what is equal around each change",
        footer=5,
    ),
    action(
        COMPARISON,
        "more(-1)",
        "left_curly_bracket",
        "less",
        "less of what is equal",
        footer=6,
    ),
    action(COMPARISON, "search", "slash", "search", "find a text", footer=7),
    action(
        COMPARISON,
        "copy",
        "y",
        "copy",
        "copy what the cursor is on, as JSON",
        group="Act",
        footer=8,
    ),
    action(COMPARISON, "copy_all", "Y", "copy all", "copy the call and its verdict", group="Act"),
)
