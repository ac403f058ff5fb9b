"""A list whose lines are added, edited, switched and removed: breakpoints, and watches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import on
from textual.app import ComposeResult

from tui.paths import shown_path
from tui.rows.stops import Stops
from tui.screens.asking import ask_condition
from tui.screens.base import BaseScreen
from tui.views.parts import Part, printable
from tui.widgets.lines import Lines
from tui.widgets.tables import PartsTable
from tui.widgets.typed import Typed


class EditedListScreen(BaseScreen):
    """The frame of both lists; a subclass says what is in it, and how its lines look."""

    TITLE_WORDS = ""
    NOUN = ""
    EMPTY = ""
    EXAMPLE = ""

    @property
    def stops(self) -> Stops:
        """The breakpoints and watches of this database."""
        return self.replay.stops

    def items(self) -> list[Any]:
        """Return the list itself: what is changed in it is kept."""
        raise NotImplementedError

    def text_of(self, item: Any) -> str:
        """Return what is typed to get ``item``."""
        raise NotImplementedError

    def made_of(self, text: str, old: Any | None) -> Any:
        """Return the item that ``text`` says, with the rest as ``old`` has it."""
        raise NotImplementedError

    def parts_of(self, item: Any, number: int, width: int) -> list[Part]:
        """Return the line of an item."""
        raise NotImplementedError

    def status_of(self, item: Any) -> list[Part]:
        """Return what is said of the item under the cursor."""
        raise NotImplementedError

    def compose_body(self) -> ComposeResult:
        """The list."""
        table = PartsTable(id="edited")
        table.add_class("pane")
        table.border_title = self.TITLE_WORDS
        table.noun, table.nouns, table.nothing = self.NOUN, self.TITLE_WORDS.lower(), self.EMPTY
        yield table

    @property
    def table(self) -> PartsTable:
        """The list."""
        return self.query_one(PartsTable)

    def on_mount(self) -> None:
        """Show what there is."""
        self.say_head([(self.TITLE_WORDS, "strong"), (f"  {shown_path(self.replay.path)}", "dim")])
        self.table.focus()
        self.show_items()

    def on_resize(self, event: Any) -> None:
        """Cut the lines anew."""
        super().on_resize(event)
        self.show_items(quiet=True)

    def show_items(self, *, quiet: bool = False) -> None:
        """Show the list as it is now."""
        table = self.table
        width = max(20, table.line_width)
        items = self.items()
        table.lines_shown = [self.parts_of(one, at, width) for at, one in enumerate(items, 1)]
        table.lines_changed()
        if not quiet:
            self._say_item()

    @property
    def item(self) -> Any | None:
        """The item under the cursor; None: the list is empty."""
        items = self.items()
        return items[self.table.cursor] if items else None

    def _say_item(self) -> None:
        item = self.item
        self.say(
            *(
                self.status_of(item)
                if item is not None
                else [(f"no {self.TITLE_WORDS.lower()} yet", "dim")]
            )
        )

    @on(Lines.Moved)
    def _moved(self) -> None:
        self._say_item()

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        self.action_edit()

    def changed(self, *said: Part) -> None:
        """Keep the list and show it."""
        self.show_items()
        if said:
            self.say(*said)
        with self.telling_errors():
            self.stops.save()

    def ask(self, value: str, take: Callable[[str], None]) -> None:
        """Ask for the text of an item."""
        ask_condition(
            self, self.NOUN, value, self.EXAMPLE, take, never_mind=lambda: self.show_items()
        )

    def action_add(self) -> None:
        """Ask for another one."""

        def take(text: str) -> None:
            self.items().append(self.made_of(text, None))
            self.table.set_reactive(PartsTable.cursor, len(self.items()) - 1)
            self.changed()

        self.ask("", take)

    def action_edit(self) -> None:
        """Change the text of this one."""
        item, at = self.item, self.table.cursor
        if item is None:
            self.action_add()
            return

        def take(text: str) -> None:
            self.items()[at] = self.made_of(text, item)
            self.changed()

        self.ask(self.text_of(item), take)

    def _say_none(self) -> None:
        self.app.bell()
        self.say((f"no {self.TITLE_WORDS.lower()} yet", "warn"), ("   a adds one", "dim"))

    def action_remove(self) -> None:
        """Take this one out of the list."""
        if self.item is None:
            self._say_none()
            return
        table = self.table
        removed = self.items().pop(table.cursor)
        table.set_reactive(PartsTable.cursor, max(0, min(table.cursor, len(self.items()) - 1)))
        text = self.text_of(removed)
        Typed(self.replay.typed["condition"]).add(text)
        self.changed(
            ("removed ", "warn"), (printable(text), "accent"), ("   a and ↑ bring it back", "dim")
        )

    def action_find(self) -> None:
        """Look for this one in the traces of the list."""
        from tui.screens.stops_found import StopsFoundScreen

        item, traces = self.item, self.replay.listed_traces
        if item is None or traces is None:
            self._say_none()
            return
        self.app.push_screen(StopsFoundScreen(item, traces))

    def action_copy(self) -> None:
        """Copy the list as JSON."""
        self.copy([one.to_json() for one in self.items()], self.TITLE_WORDS.lower())

    def replace_item(self, item: Any) -> None:
        """Put ``item`` in the place of the one under the cursor."""
        self.items()[self.table.cursor] = item
        self.changed()
