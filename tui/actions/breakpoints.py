"""What keys do in the lists of breakpoints and of watches, and in what was found for one."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import BREAKPOINTS, WATCHES

BREAKPOINTS_ACTIONS: Final[tuple[Action, ...]] = (
    *(
        one
        for place, noun in ((BREAKPOINTS, "breakpoint"), (WATCHES, "watch"))
        for one in (
            action(place, "add", "a", "add", f"add a {noun}", group="Act", footer=1),
            action(place, "edit", "enter e", "edit", "change it", group="Act", footer=2),
            action(place, "remove", "x delete", "remove", "take it out", group="Act", footer=5),
            action(
                place,
                "find",
                "f",
                "find",
                f"the traces of the list, looked through for this {noun}",
                footer=4,
            ),
            action(place, "copy", "y", "copy", "copy the list as JSON", group="Act", footer=7),
        )
    ),
    action(BREAKPOINTS, "switch", "t", "on or off", "let it count, or not", group="Act", footer=3),
    action(
        BREAKPOINTS,
        "hits",
        "h",
        "hits",
        "which of its hits it stops at: 3, >=3, %10",
        group="Act",
        footer=6,
    ),
    action(
        WATCHES, "switch", "t", "stop or show", "stop at its changes, or not", group="Act", footer=3
    ),
)
