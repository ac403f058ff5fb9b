"""What keys do where traces are chosen by what they have."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import FACETS

FACETS_ACTIONS: Final[tuple[Action, ...]] = (
    action(
        FACETS,
        "choose",
        "enter l right",
        "only these",
        "show only the traces with this value",
        group="Move",
        footer=1,
    ),
    action(
        FACETS,
        "group(1)",
        "right_square_bracket",
        "next group",
        "next group",
        group="Move",
        footer=3,
    ),
    action(FACETS, "group(-1)", "left_square_bracket", "group back", "group before", group="Move"),
    action(FACETS, "search", "slash", "search", "find a text in the list", footer=2),
    action(FACETS, "step(1)", "n", "next match", "next match of the search"),
    action(FACETS, "step(-1)", "N", "match back", "previous match"),
)
