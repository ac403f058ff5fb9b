"""What keys do in the metrics."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import METRICS

METRICS_ACTIONS: Final[tuple[Action, ...]] = (
    action(
        METRICS, "open", "enter", "traces", "the traces with these calls", group="Move", footer=1
    ),
    action(METRICS, "group", "t", "group", "count by something else", footer=2),
    action(METRICS, "sort(1)", "s", "sort", "sort by something else", footer=3),
    action(METRICS, "sort(-1)", "S", "sort back", "sort by what was before"),
    action(METRICS, "period(1)", "right_square_bracket", "period", "shorter period", footer=4),
    action(METRICS, "period(-1)", "left_square_bracket", "period back", "longer period"),
    action(METRICS, "search", "slash", "search", "find a text in this pane"),
    action(METRICS, "zoom", "z", "zoom", "only this pane, and back", footer=6),
    action(METRICS, "copy", "y", "copy", "copy the row as JSON", group="Act", footer=5),
)
