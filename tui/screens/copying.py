"""What of a step can be copied: each line is one form of it, enter copies it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult

from replay.errors import ReplayError
from tui.actions import COPYING
from tui.screens.base import BaseScreen
from tui.views.parts import Part, cut, printable
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines

_BIG: Final = "big: made when it is chosen"


@dataclass(slots=True)
class Copy:
    """One thing to copy."""

    name: str
    make: Callable[[], str]
    text: str | None = None
    """None: not made yet, or there is none."""
    why_not: str = ""
    """Why there is none of it; empty: there is."""

    def made(self) -> Copy:
        """Make the text, or find out why there is none."""
        if self.text is None and not self.why_not:
            try:
                self.text = self.make()
            except ReplayError as error:
                self.why_not = error.wanted
        return self


class CopyTable(Lines):
    """The forms of a step."""

    copies: Sequence[Copy] = ()

    def line_count(self) -> int:
        """Return how many there are."""
        return len(self.copies)

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one form: its name, and how it begins."""
        one = self.copies[index]
        head = f" {one.name:<28} "
        room = max(4, width - len(head))
        if one.why_not:
            return [(head, "dim"), (cut(printable(one.why_not), room), "dim")]
        if one.text is None:
            return [(head, "strong"), (cut(_BIG, room), "dim")]
        lines = [line for line in one.text.splitlines() if not line.startswith("#")]
        begins = printable(" ".join(" ".join(lines[:6]).split()))
        return [(head, "strong"), (cut(begins, room), "dim")]


class CopyingScreen(BaseScreen):
    """The forms of a step, to choose from."""

    BINDINGS = bindings(COPYING)
    PLACES: ClassVar[tuple[str, ...]] = (COPYING,)

    def __init__(self, about: str, copies: Sequence[Copy]) -> None:
        """``about``: the step, in words."""
        super().__init__()
        self.about = about
        self.copies = copies

    def compose_body(self) -> ComposeResult:
        """The list."""
        table = CopyTable(id="copies")
        table.copies = self.copies
        table.add_class("pane")
        table.border_title = "Copy"
        table.noun = "form"
        yield table

    @property
    def table(self) -> CopyTable:
        """The list."""
        return self.query_one(CopyTable)

    def on_mount(self) -> None:
        """Stand on the first."""
        self.say_head([("Copy ", "dim"), (printable(self.about), "strong")])
        self.table.focus()
        self.table.lines_changed()
        self._say()

    def on_unmount(self) -> None:
        """Let go of the texts: a screen is a ring that the collector may find much later."""
        for one in self.copies:
            one.text, one.make = None, str

    def _say(self) -> None:
        one = self.copies[self.table.cursor]
        if one.why_not:
            self.say((cut(printable(one.why_not), self.size.width - 4), "warn"))
            return
        if one.text is None:
            self.say((_BIG, "dim"))
            return
        notes = [line[2:] for line in one.text.splitlines() if line.startswith("# ")]
        words = " ".join(notes) or f"{len(one.text):,} characters"
        self.say((cut(printable(words), max(8, self.size.width - 4)), "dim"))

    @on(Lines.Moved)
    def _moved(self) -> None:
        self._say()

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        self.action_take()

    def action_take(self) -> None:
        """Copy this form, and go back."""
        one = self.copies[self.table.cursor]
        if one.text is None and not one.why_not:
            self.say(("◐ making it", "accent"), ("   esc leaves", "dim"))
            self._make(one)
        else:
            self._take(one)

    @work(thread=True, description="a thread", exclusive=True, group="make")
    def _make(self, one: Copy) -> None:
        """Five megabytes take a second or two to write as JSON."""
        one.made()
        if self.is_ready:
            self.app.call_from_thread(self._take, one)

    def _take(self, one: Copy) -> None:
        if not self.is_ready or self.app.screen is not self:
            return
        if one.text is None:
            self.app.bell()
            self.table.lines_changed()
            self._say()
            return
        self.app.pop_screen()
        screen = self.app.screen
        if isinstance(screen, BaseScreen):
            screen.put_text(one.text, one.name)
