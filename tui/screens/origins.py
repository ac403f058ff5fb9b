"""Where a value came from: the earlier parts of the trace that carried it, and the way there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult

from replay.verdicts.origins import Origin
from tui.actions import ORIGINS
from tui.screens.base import BaseScreen
from tui.views.origin_lines import origin_header
from tui.views.parts import cut, printable
from tui.widgets.bars import Bar
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines
from tui.widgets.tables import OriginTable

TABS: Final = {
    "prompt": "Prompt",
    "output": "Output",
    "payload": "Payload",
    "outside": "Outside",
    "response": "Response",
}
"""The tab of a step that shows each place."""


def _when(origin: Origin) -> tuple[int, int]:
    """Return what puts places into their order: the step, then the parts as they come in one."""
    return origin.step_number, list(TABS).index(origin.place)


class OriginsScreen(BaseScreen):
    """The places, oldest first; the last one is the nearest."""

    BINDINGS = bindings(ORIGINS)
    PLACES: ClassVar[tuple[str, ...]] = (ORIGINS,)

    def __init__(self, wanted: str, found: Sequence[Origin], go: Callable[[Origin], None]) -> None:
        """``wanted``: the value in words; ``go``: shows one of the places."""
        super().__init__()
        self.wanted = wanted
        self.found = sorted(found, key=_when)
        self.go = go

    def compose_body(self) -> ComposeResult:
        """Column names and the list."""
        yield Bar(id="columns", markup=False)
        table = OriginTable(id="origins")
        table.origins = self.found
        table.add_class("pane")
        table.border_title = "Where it came from"
        table.noun = "place"
        yield table

    def on_resize(self, event: events.Resize) -> None:
        """Name the columns that there is room for."""
        super().on_resize(event)
        self.query_one("#columns", Bar).say(origin_header(self.table.line_width))

    @property
    def table(self) -> OriginTable:
        """The list."""
        return self.query_one(OriginTable)

    def on_mount(self) -> None:
        """Stand on the nearest place."""
        self.say_head([(cut(printable(self.wanted), 60), "strong"), ("  came from", "dim")])
        self.table.focus()
        self.table.set_reactive(OriginTable.cursor, len(self.found) - 1)
        self.table.lines_changed()
        self._say_place()

    def _say_place(self) -> None:
        origin = self.found[self.table.cursor]
        where = f"step {origin.step_number}, {origin.place}"
        path = f"  {origin.path}" if origin.path else ""
        first = f"  {first_words(origin)}" if self.table.cursor == 0 else ""
        part = f"  carried only the part {cut(printable(origin.part), 40)}" if origin.part else ""
        how = "" if origin.is_exact else "  ∈ written otherwise, or within a text"
        self.say(
            (where, "strong"),
            (printable(path), "key"),
            (part, "accent"),
            (how, "dim"),
            (first, "dim"),
        )

    @on(Lines.Moved)
    def _moved(self) -> None:
        self._say_place()

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Go to this place in the transcript."""
        origin = self.found[self.table.cursor]
        self.app.pop_screen()
        self.go(origin)

    def action_copy(self) -> None:
        """Copy the places as JSON."""
        from dataclasses import asdict

        self.copy([asdict(origin) for origin in self.found], "the places")


def first_words(origin: Origin) -> str:
    """Return what the first place says of where the value comes from."""
    if origin.place in ("output", "payload"):
        return "the model wrote it first; nothing recorded before holds it"
    return "the first place"
