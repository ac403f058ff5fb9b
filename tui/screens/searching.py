"""Finding a text in the pane with the focus: the same on every screen that has panes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui.views.parts import Part, printable
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from tui.screens.base import BaseScreen

    _Screen = BaseScreen
else:
    _Screen = object

SEARCH_KEYS: Final = "n next   N previous   esc ends"


def found_words(pane: Lines) -> list[Part]:
    """Return what is searched for, which of the matches one is on, and the keys."""
    said = printable(pane.needle)
    at, many = pane.matches()
    if many == 0:
        return [(f"nothing here holds {said!r}", "warn"), ("   esc ends the search", "dim")]
    place = f"   {at:,} of {many:,}" if at else ""
    return [(f"/{said}", "accent"), (place, ""), (f"   {SEARCH_KEYS}", "dim")]


class Searching(_Screen):
    """What `/` does, for a screen that says which pane is searched when none has the focus."""

    def searched_pane(self) -> Lines:
        """Return the pane to look through."""
        focused = self.focused
        return focused if isinstance(focused, Lines) else self.query(Lines).last(Lines)

    def action_search(self) -> None:
        """Find a text in the pane with the focus."""
        pane = self.searched_pane()
        before, needle_before = pane.cursor, pane.needle

        def typed(text: str) -> None:
            pane.needle = text
            if text and not pane.find(1, start=before):
                pane.cursor = before
                self.say((f"nothing here holds {printable(text)!r}", "warn"))
            pane.refresh()

        def done(text: str | None) -> None:
            if text is None:  # never mind: as it was
                pane.needle, pane.cursor = needle_before, before
            else:
                pane.needle = text
            if text:
                self.say(*found_words(pane))
            pane.refresh()
            pane.focus()

        self.prompt.ask(
            "find",
            pane.needle,
            on_done=done,
            on_change=typed,
            typed=self.replay.typed["find"],
            is_selected=True,
        )

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
        self.say(*found_words(pane))
        return True

    def stop_search(self) -> None:
        """End the search."""
        for pane in self.query(Lines):
            if pane.needle:
                pane.needle = ""
                pane.refresh()
        self.say(("", ""))
