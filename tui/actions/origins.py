"""What keys do in the list of places that a value came from."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import ORIGINS

ORIGINS_ACTIONS: Final[tuple[Action, ...]] = (
    action(
        ORIGINS,
        "open",
        "enter l right",
        "go there",
        "this place in the transcript",
        group="Move",
        footer=1,
    ),
    action(ORIGINS, "copy", "y", "copy", "copy the places as JSON", group="Act", footer=3),
)
