"""What keys do where a replay is started, and while it runs."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import REPLAYING

REPLAYING_ACTIONS: Final[tuple[Action, ...]] = (
    action(REPLAYING, "start", "enter", "start", "start the replay", group="Act", footer=1),
    action(REPLAYING, "scope", "s space", "traces", "other traces", group="Act", footer=2),
    action(REPLAYING, "tools", "t", "tools", "name the tools", group="Act", footer=3),
    action(
        REPLAYING,
        "baseline",
        "b",
        "baseline",
        "name the old tools, which tell causes apart: git:main",
        group="Act",
        footer=4,
    ),
    action(
        REPLAYING,
        "parser",
        "v",
        "parser",
        "how arguments are read: strict, flexible",
        group="Act",
        footer=5,
    ),
    action(
        REPLAYING, "hide", "h", "hide", "go on meanwhile; H shows it again", group="Act", footer=6
    ),
)
