"""What keys do where calls are labelled; each label has a key of its own."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import LABELLING

LABELLING_ACTIONS: Final[tuple[Action, ...]] = (
    action(LABELLING, "call(1)", "n", "next", "next call, without a label", group="Step", footer=1),
    action(LABELLING, "call(-1)", "p N", "back", "previous call", group="Step", footer=2),
    action(
        LABELLING,
        "undo",
        "u",
        "undo",
        "take back the label given last, or said here",
        group="Act",
        footer=3,
    ),
)
