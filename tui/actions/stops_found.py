"""What keys do where traces were looked through for a breakpoint or a watch."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import STOPS_FOUND

STOPS_FOUND_ACTIONS: Final[tuple[Action, ...]] = (
    action(
        STOPS_FOUND,
        "open",
        "enter l right",
        "open",
        "this step in its transcript",
        group="Move",
        footer=1,
    ),
    action(STOPS_FOUND, "search", "slash", "search", "find a text in the list", footer=2),
    action(STOPS_FOUND, "step(1)", "n", "next match", "next match of the search"),
    action(STOPS_FOUND, "step(-1)", "N", "match back", "previous match"),
    action(STOPS_FOUND, "copy", "y", "copy", "copy the list as JSON", group="Act", footer=3),
)
