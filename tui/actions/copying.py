"""What keys do in the list of what can be copied of a step."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import COPYING

COPYING_ACTIONS: Final[tuple[Action, ...]] = (
    action(
        COPYING,
        "take",
        "enter l right y",
        "copy",
        "copy this form, and go back",
        group="Act",
        footer=1,
    ),
)
