"""What keys do in the versions of a tool's schema."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import SCHEMAS

SCHEMAS_ACTIONS: Final[tuple[Action, ...]] = (
    action(
        SCHEMAS,
        "open",
        "enter",
        "payload",
        "the first recorded call that this hits",
        group="Move",
        footer=1,
    ),
    action(SCHEMAS, "tool(1)", "right_square_bracket", "next tool", "next tool", footer=2),
    action(SCHEMAS, "tool(-1)", "left_square_bracket", "tool back", "previous tool"),
    action(SCHEMAS, "older(-1)", "less_than_sign", "older", "older version on the left", footer=3),
    action(
        SCHEMAS, "older(1)", "greater_than_sign", "newer", "newer version on the left", footer=4
    ),
    action(SCHEMAS, "newer(-1)", "left_parenthesis", "older right", "older version on the right"),
    action(SCHEMAS, "newer(1)", "right_parenthesis", "newer right", "newer version on the right"),
    action(
        SCHEMAS, "form", "t", "which schema", "what models were shown, or what validates", footer=5
    ),
    action(SCHEMAS, "change(1)", "n", "next change", "next change in the definition"),
    action(SCHEMAS, "change(-1)", "p N", "change back", "previous change in the definition"),
    action(
        SCHEMAS, "beside", "D", "side by side", "side by side, or one below the other", footer=6
    ),
    action(SCHEMAS, "more(1)", "right_curly_bracket", "more", "more of what is equal", footer=7),
    action(SCHEMAS, "more(-1)", "left_curly_bracket", "less", "less of what is equal"),
    action(SCHEMAS, "search", "slash", "search", "find a text in this pane"),
    action(SCHEMAS, "zoom", "z", "zoom", "only this pane, and back"),
    action(SCHEMAS, "copy", "y", "copy", "copy the differences as JSON", group="Act", footer=8),
)
