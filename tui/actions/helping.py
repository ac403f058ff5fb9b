"""What keys do in the help, besides moving about."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import HELP

HELP_ACTIONS: Final[tuple[Action, ...]] = (
    action(HELP, "search", "slash", "search", "only the lines with a text; esc shows all again"),
)
