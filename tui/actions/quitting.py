"""What keys do where somebody quits while a command is under way."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import QUITTING

QUITTING_ACTIONS: Final[tuple[Action, ...]] = (
    action(
        QUITTING,
        "stop_it",
        "s",
        "stop it, quit",
        "stop what is under way and quit; what is judged is kept",
        group="Program",
        footer=1,
    ),
    action(
        QUITTING,
        "leave_it",
        "l",
        "let it go on, quit",
        "quit, and let it go on without the screen",
        group="Program",
        footer=2,
    ),
)
