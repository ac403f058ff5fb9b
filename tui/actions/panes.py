"""What keys do in every list, and in every detail pane."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import LINES, OUTLINE

PANES_ACTIONS: Final[tuple[Action, ...]] = (
    action(LINES, "move(1)", "j down", "down", "next line", group="Move"),
    action(LINES, "move(-1)", "k up", "up", "previous line", group="Move"),
    action(LINES, "page(1)", "space pagedown ctrl+f", "page", "page down", group="Move"),
    action(LINES, "page(-1)", "pageup ctrl+b", "page up", "page up", group="Move"),
    action(LINES, "page(0.5)", "ctrl+d", "half page", "half a page down", group="Move"),
    action(LINES, "page(-0.5)", "ctrl+u", "half page up", "half a page up", group="Move"),
    action(LINES, "edge(-1)", "g home", "top", "first line", group="Move"),
    action(LINES, "edge(1)", "G end", "end", "last line", group="Move"),
    action(OUTLINE, "fold('toggle')", "enter", "fold", "fold or unfold; a long text: all of it"),
    action(OUTLINE, "fold('open')", "l right", "unfold", "unfold"),
    action(OUTLINE, "fold('close')", "h left", "fold", "fold, or go to what holds this"),
    action(OUTLINE, "fold_all(True)", "plus", "unfold all", "unfold everything"),
    action(OUTLINE, "fold_all(False)", "minus", "fold all", "fold everything"),
    action(
        OUTLINE, "change(1)", "full_stop", "next change", "next change in this pane", group="Step"
    ),
    action(
        OUTLINE, "change(-1)", "comma", "change back", "previous change in this pane", group="Step"
    ),
)
