"""What keys do in the list of replay runs."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import RUNS

RUNS_ACTIONS: Final[tuple[Action, ...]] = (
    action(RUNS, "open", "enter l right", "open", "what the run found", group="Move", footer=1),
    action(RUNS, "copy", "y", "copy", "copy the run as JSON", group="Act", footer=3),
)
