"""The lines of a screen that say something: its head, and where one stands or what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.cells import cell_len
from textual.screen import Screen

from replay.errors import ReplayError
from tui.views.parts import Part, parts_text, printable
from tui.widgets.bars import Bar


class Saying(Screen[None]):
    """A screen with a head line and a status line."""

    @property
    def is_ready(self) -> bool:
        """Whether the widgets are there: not yet just after a push, no longer while it is left."""
        return self.is_mounted and self.is_running and self.is_attached

    def say_head(self, parts: Sequence[Part]) -> None:
        """Show what this is about."""
        self.query_one("#head", Bar).say(parts)

    def say(self, *parts: Part, is_whole: bool = False) -> None:
        """Show where one stands, or what just happened.

        ``is_whole``: what has no room on one line takes up to three; else its end is left out.
        """
        status = self.query_one("#status", Bar)
        is_long = is_whole and cell_len(parts_text(parts)) > self.size.width - 2
        if is_long != status.has_class("-whole"):
            status.set_class(is_long, "-whole")
        status.say(parts)

    def complain(self, error: ReplayError) -> None:
        """Tell a mistake in a sentence or two."""
        words = " ".join(str(error).split())
        self.say(("× ", "bad"), (printable(words), ""), is_whole=True)
        self.app.bell()

    @contextmanager
    def telling_errors(self) -> Iterator[None]:
        """Tell what the store cannot do in the status line; the screen stays as it is."""
        try:
            yield
        except ReplayError as error:
            self.complain(error)
