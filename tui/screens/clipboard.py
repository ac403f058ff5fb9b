"""Copying: through the terminal (OSC 52), and to a file what is more than terminals take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from textual import work

from replay.errors import ReplayError
from tui.copies import is_big, save_copy, spelled
from tui.memory import reading_much
from tui.screens.saying import Saying
from tui.views.parts import Part, printable

CLIPBOARD_MAX: Final = 1_000_000
"""Characters that are asked of a terminal; most take less, and some hang over more."""


class Clipboard(Saying):
    """What ``y`` does, for a screen that says what is copied."""

    _copied: int | None = None
    """A hash of what was copied last."""
    _to_copy: Callable[[], Any] | None = None
    """Makes what is copied next. Not handed on: a worker is a ring, which would keep megabytes."""

    def copy(self, value: Any, what: str) -> None:
        """Put ``value`` as JSON on the clipboard, through the terminal."""
        if is_big(value):
            self.copy_made(lambda: value, what)
        else:
            self._put(spelled(value), what)

    def copy_made(self, make: Callable[[], Any], what: str) -> None:
        """Copy what ``make`` gives, made in a thread: five megabytes take a while to write."""
        self.say(("◐ copying ", "accent"), (what, ""))
        self._to_copy = make
        self._make_copy(what)

    @work(thread=True, exclusive=True, description="a thread", group="copy")
    def _make_copy(self, what: str) -> None:
        make, self._to_copy = self._to_copy, None
        if make is None:
            return
        try:
            with reading_much():
                text = spelled(make())
        except ReplayError as error:
            self.app.call_from_thread(self.complain, error)
            return
        if len(text) > CLIPBOARD_MAX:
            said = self._saved(text, what)
            self.app.call_from_thread(self.say, *said)
        elif self.is_ready:
            self.app.call_from_thread(self._put, text, what)

    def _put(self, text: str, what: str) -> None:
        mark = hash(text)
        if mark == self._copied:
            self.say(*self._saved(text, what))
            return
        self._copied = mark
        self.app.copy_to_clipboard(text)
        self.say(
            ("copied ", "good"),
            (f"{what} as JSON, {len(text):,} characters", ""),
            ("   not in your clipboard? once more writes a file", "dim"),
        )

    def put_text(self, text: str, what: str) -> None:
        """Copy a text as it is."""
        text = text.encode("utf-8", "backslashreplace").decode()
        if len(text) > CLIPBOARD_MAX:
            self.say(*self._saved(text, what, "copied.txt"))
            return
        self.app.copy_to_clipboard(text)
        self.say(
            ("copied ", "good"),
            (f"{what}, {len(text):,} characters", ""),
            ("   (no luck? shift + drag selects)", "dim"),
        )

    def _saved(self, text: str, what: str, name: str = "copied.json") -> list[Part]:
        """Write what was copied to a file: not every terminal takes it, and few take much."""
        try:
            place = save_copy(text, name)
        except OSError as error:
            return [("× ", "bad"), (f"{error.filename} cannot be written: {error.strerror}", "")]
        many = f"   {what}, {len(text):,} characters"
        return [("written to ", "good"), (printable(str(place)), "strong"), (many, "dim")]
