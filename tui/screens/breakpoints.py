"""The breakpoints of a database: on what, which hits, and whether they count."""

from __future__ import annotations

from typing import Any, ClassVar

from replay.errors import ReplayError
from replay.stepping.breakpoints import Breakpoint, checked_hits
from tui.actions import BREAKPOINTS
from tui.screens.asking import ask_condition, short_error
from tui.screens.edited_list import EditedListScreen
from tui.views.parts import Part, printable
from tui.views.stop_words import breakpoint_parts
from tui.widgets.keys import bindings


class BreakpointsScreen(EditedListScreen):
    """What `B` shows."""

    BINDINGS = bindings(BREAKPOINTS)
    PLACES: ClassVar[tuple[str, ...]] = (BREAKPOINTS,)
    TITLE_WORDS = "Breakpoints"
    NOUN = "breakpoint"
    EMPTY = "No breakpoints: a adds one; in a transcript b stops at calls of a tool."
    EXAMPLE = "payload.total > 1000 and tool like 'book_*'"

    def items(self) -> list[Any]:
        """Return the breakpoints."""
        return self.stops.breakpoints

    def text_of(self, item: Breakpoint) -> str:
        """Return its condition."""
        return item.condition.text

    def made_of(self, text: str, old: Breakpoint | None) -> Breakpoint:
        """Return the breakpoint on ``text``."""
        new = Breakpoint.of(text)
        return new if old is None else new.changed(is_enabled=old.is_enabled, hits=old.hits)

    def parts_of(self, item: Breakpoint, number: int, width: int) -> list[Part]:
        """Return its line."""
        return breakpoint_parts(item, number, width)

    def status_of(self, item: Breakpoint) -> list[Part]:
        """Return which hits it stops at."""
        return [
            ("stops at ", "dim"),
            (hits_words(item.hits), ""),
            (" of a trace" if item.is_enabled else " of a trace, when it is on", "dim"),
        ]

    def action_switch(self) -> None:
        """Let this one count, or not."""
        item = self.item
        if item is not None:
            self.replace_item(item.changed(is_enabled=not item.is_enabled))

    def action_hits(self) -> None:
        """Ask which of its hits it stops at."""
        item = self.item
        if item is None:
            self.app.bell()
            return

        def take(text: str) -> None:
            self.replace_item(
                item.changed(hits="" if text.strip() == "each" else checked_hits(text))
            )

        def readable(text: str) -> list[Part]:
            try:
                said = hits_words("" if text.strip() in ("", "each") else checked_hits(text))
            except ReplayError as error:
                return [("× ", "bad"), (printable(short_error(error)), "")]
            return [("✓ ", "good"), (f"stops at {said}", "dim")]

        ask_condition(
            self,
            "hits",
            item.hits or "each",
            "each   3   >=3   %10",
            take,
            never_mind=lambda: self.show_items(),
            readable=readable,
        )


def hits_words(hits: str) -> str:
    """Return in words which hits are meant."""
    if not hits:
        return "each hit"
    if hits.startswith(">="):
        return f"each hit from number {hits[2:]} on"
    return f"every {_ordinal(int(hits[1:]))} hit" if hits.startswith("%") else f"hit number {hits}"


def _ordinal(number: int) -> str:
    is_teen = number % 100 in (11, 12, 13)
    end = "th" if is_teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{end}"
