"""What keys do on every screen."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import EVERYWHERE

EVERYWHERE_ACTIONS: Final[tuple[Action, ...]] = (
    action(
        EVERYWHERE, "other_pane(1)", "tab", "other pane", "the other pane", group="Move", footer=20
    ),
    action(EVERYWHERE, "other_pane(-1)", "shift+tab", "pane back", "the pane before", group="Move"),
    action(
        EVERYWHERE, "help", "question_mark f1", "help", "these keys", group="Program", footer=30
    ),
    action(EVERYWHERE, "job", "H", "under way", "the replay that is under way", group="Program"),
    action(EVERYWHERE, "theme", "f2", "light or dark", "light or dark", group="Program"),
    action(
        EVERYWHERE,
        "reveal",
        "f3",
        "hidden values",
        "show hidden values (the audit notes it), or hide them again",
        group="Program",
    ),
    action(
        EVERYWHERE,
        "back",
        "q",
        "back",
        "back: ends a search or a filter first; on the first screen: quit",
        group="Program",
        footer=31,
    ),
    action(
        EVERYWHERE,
        "cancel",
        "escape",
        "cancel",
        "the same, but for the first screen: it never quits",
        group="Program",
    ),
    action(
        EVERYWHERE,
        "stop",
        "ctrl+z",
        "to the shell",
        "to the shell; `fg` comes back",
        group="Program",
    ),
    action(
        EVERYWHERE,
        "quit",
        "Q ctrl+q ctrl+c",
        "quit",
        "quit; asks first while a replay is under way",
        group="Program",
    ),
)
