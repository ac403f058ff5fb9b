"""Finding a text in the pane with the focus: the same on every screen that has panes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.views.parts import printable
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from tui.screens.base import BaseScreen

    _Screen = BaseScreen
else:
    _Screen = object


class Searching(_Screen):
    """What `/` does, for a screen that says which pane is searched when none has the focus."""

    def searched_pane(self) -> Lines:
        """Return the pane to look through."""
        focused = self.focused
        return focused if isinstance(focused, Lines) else self.query(Lines).last(Lines)

    def action_search(self) -> None:
        """Find a text in the pane with the focus."""
        pane = self.searched_pane()

        def typed(text: str) -> None:
            pane.needle = text
            if text and not pane.find(1, here=True):
                self.say((f"nothing here holds {printable(text)!r}", "warn"))
            pane.refresh()

        def done(text: str | None) -> None:
            if not text:
                pane.needle = ""
            else:
                self.say(
                    (f"/{printable(text)}", "accent"), ("   n next   N last   esc ends", "dim")
                )
            pane.refresh()
            pane.focus()

        self.prompt.ask("find", pane.needle, on_done=done, on_change=typed)

    @property
    def is_searching(self) -> bool:
        """Whether a search is on."""
        return any(pane.needle for pane in self.query(Lines))

    def search_step(self, direction: int) -> bool:
        """Go to the next match while a search is on; say whether one is."""
        pane = self.focused
        if not isinstance(pane, Lines) or not pane.needle:
            return False
        if not pane.find(direction):
            self.app.bell()
        return True

    def stop_search(self) -> None:
        """End the search."""
        for pane in self.query(Lines):
            if pane.needle:
                pane.needle = ""
                pane.refresh()
        self.say(("", ""))
