"""The watches of a database: what is shown at each step, and whether its changes stop."""

from __future__ import annotations

from typing import Any, ClassVar

from replay.stepping.watches import Watch
from tui.actions import WATCHES
from tui.screens.edited_list import EditedListScreen
from tui.views.parts import Part
from tui.views.stop_words import watch_parts
from tui.widgets.keys import bindings


class WatchesScreen(EditedListScreen):
    """What `K` shows."""

    BINDINGS = bindings(WATCHES)
    PLACES: ClassVar[tuple[str, ...]] = (WATCHES,)
    TITLE_WORDS = "Watches"
    NOUN = "watch"
    EMPTY = "Nothing is watched: a adds an expression; in a transcript W does, on a value its own."
    EXAMPLE = "world.orders['W1'].status   response.total   count(payload.items[*])"

    def items(self) -> list[Any]:
        """Return the watches."""
        return self.stops.watches

    def text_of(self, item: Watch) -> str:
        """Return its expression."""
        return item.expression.text

    def made_of(self, text: str, old: Watch | None) -> Watch:
        """Return the watch on ``text``."""
        return Watch.of(text, stops=True if old is None else old.stops)

    def parts_of(self, item: Watch, number: int, width: int) -> list[Part]:
        """Return its line."""
        return watch_parts(item, number, width)

    def status_of(self, item: Watch) -> list[Part]:
        """Return what it does."""
        words = "c and C stop where it changes" if item.stops else "it is shown, and stops nothing"
        source = "   its values come from a replay of the trace" if item.is_of_world else ""
        return [(words, ""), (source, "dim")]

    def action_switch(self) -> None:
        """Stop at this one's changes, or only show it."""
        item = self.item
        if item is not None:
            self.replace_item(item.changed(stops=not item.stops))
