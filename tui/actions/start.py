"""What keys do on the first screen, while there is nothing to show."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import EMPTY

START_ACTIONS: Final[tuple[Action, ...]] = (
    action(EMPTY, "demo", "t", "try the demo", "record and replay the demo", group="Act", footer=1),
    action(
        EMPTY, "import_file", "i", "import traces", "import a file of traces", group="Act", footer=2
    ),
    action(EMPTY, "retry", "r", "look again", "open the database again", group="Act", footer=3),
)
