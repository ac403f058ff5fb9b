"""A list that draws only the lines that are seen: cursor, paging, search, mouse.

Textual's own lists build every row (ListView: 53 s for 10,000) or make a widget of each; this one
asks for a line when it is painted, whatever their number.
"""

from __future__ import annotations

import textwrap
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.actions import LINES
from tui.theme import role_style
from tui.views.parts import Part, count, fit, parts_text, within
from tui.widgets.keys import bindings

COUNTED_MAX: Final = 1000
"""Lines whose matches are counted at each step from one to the next: some milliseconds."""


class Lines(ScrollView, can_focus=True):
    """The base of every list and pane. A subclass says how many lines there are, and each one."""

    BINDINGS = bindings(LINES)
    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--cursor"}

    cursor: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class Moved(Message):
        """The cursor is on another line."""

        lines: Lines
        index: int

        @property
        def control(self) -> Lines:
            """The list it happened in."""
            return self.lines

    @dataclass
    class Chosen(Message):
        """A line was clicked twice."""

        lines: Lines
        index: int

        @property
        def control(self) -> Lines:
            """The list it happened in."""
            return self.lines

    def __init__(self, *, id: str | None = None) -> None:
        """Starts empty."""
        super().__init__(id=id)
        self.needle = ""
        """What `find` looks for; painted where it is seen."""
        self._painted_as: dict[str, Style] = {}
        self.noun = ""
        """What a line is; with it the frame says where one is: ``2 / 3 findings``."""
        self.nouns: str | None = None
        """What several are, where that is not ``noun`` with an s."""
        self.place_more = ""
        """What the frame says after it."""
        self.nothing = ""
        """What an empty list says."""
        self._clicked = -1
        """The line that was clicked last, as long as the cursor stays on it."""

    # -- what a subclass says ---------------------------------------------------------------------

    def line_count(self) -> int:
        """Return how many lines there are."""
        raise NotImplementedError

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one line; what is wider than ``width`` columns is cut with ``…``."""
        raise NotImplementedError

    def line_role(self, index: int) -> str:
        """Return the role of a whole line: its background."""
        return ""

    def line_text(self, index: int) -> str:
        """Return what `find` looks through."""
        return parts_text(list(self.line_parts(index, 400)))

    # -- painting ---------------------------------------------------------------------------------

    @property
    def line_width(self) -> int:
        """Columns that a line has."""
        return max(1, self.scrollable_content_region.width)

    @property
    def page_height(self) -> int:
        """Lines that are seen at once."""
        return max(1, self.scrollable_content_region.height)

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        width = self.line_width
        index = self._index_at(y)
        if index is None:
            passed = fit(f"… {count(self.passed_count, 'line')} above", width)
            return Strip([Segment(passed, self._painted("dim"))])
        if index >= self.line_count():
            said = textwrap.wrap(self.nothing, width) if not self.line_count() else []
            words = Segment(said[index] if index < len(said) else "", self._painted("dim"))
            return Strip([words]).crop_extend(0, width, self._painted(""))
        line = self.line_role(index)
        if index == self.cursor:
            line += " cursor"
        parts = within(self.line_parts(index, width), width)
        if self.needle:
            parts = _with_matches(parts, self.needle)
        segments = [Segment(text, self._painted(f"{line} {role}")) for text, role in parts if text]
        return Strip(segments).crop_extend(0, width, self._painted(line))

    @property
    def fixed_height(self) -> int:
        """Lines at the top that stay where they are when the others are scrolled.

        The last of them says then how many are passed.
        """
        return 0

    @property
    def passed_count(self) -> int:
        """How many lines are passed between those that stay and those that follow."""
        return int(self.scroll_offset.y)

    def _index_at(self, y: int) -> int | None:
        """Return the line at a row of the screen; None: what says how many are passed."""
        top, fixed = self.scroll_offset.y, self.fixed_height
        if not top or y >= fixed:
            return int(y + top)
        return y if y < fixed - 1 else None

    def _painted(self, roles: str) -> Style:
        """Return how words with these roles look here; the same few come again in each line."""
        style = self._painted_as.get(roles)
        if style is None:
            style = self.rich_style
            for role in roles.split():
                style += self._style(role)
            self._painted_as[roles] = style
        return style

    def _style(self, role: str) -> Style:
        if role == "cursor":  # another with the focus
            return self.get_component_rich_style("lines--cursor", partial=True)
        return role_style(self.app.theme, role)

    def notify_style_update(self) -> None:
        """Take the theme's colours anew."""
        super().notify_style_update()
        self._painted_as.clear()

    def on_focus(self) -> None:
        """The cursor looks otherwise with the focus."""
        self._painted_as.clear()
        self.refresh()

    def on_blur(self) -> None:
        """The cursor looks otherwise without the focus."""
        self._painted_as.clear()
        self.refresh()

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self.lines_changed()

    def lines_changed(self) -> None:
        """Take in that there are other lines, or more."""
        self.virtual_size = Size(self.line_width, self.line_count())
        self.cursor = self.validate_cursor(self.cursor)
        self.show_cursor()
        self._say_place()
        self.refresh()

    def _say_place(self) -> None:
        if self.noun:
            at, many = self.place()
            place = f"{at:,} / " if at else ""
            self.border_subtitle = f"{place}{count(many, self.noun, self.nouns)}{self.place_more}"

    def place(self) -> tuple[int, int]:
        """Return where one is, from 1, and of how many; 0: on none of them."""
        many = self.line_count()
        return (self.cursor + 1 if many else 0), many

    # -- moving -----------------------------------------------------------------------------------

    def validate_cursor(self, value: int) -> int:
        """Keep it on a line."""
        return max(0, min(value, self.line_count() - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Show the line and tell the screen."""
        self._clicked = -1
        if not self.is_mounted:
            return
        self.refresh_line(old - self.scroll_offset.y)
        self.refresh_line(new - self.scroll_offset.y)
        self.show_cursor()
        self._say_place()
        self.refresh()
        self.post_message(self.Moved(self, new))

    def show_cursor(self) -> None:
        """Scroll until the cursor is seen."""
        top, fixed = self.scroll_offset.y, self.fixed_height
        if self.cursor < top + fixed:
            self.scroll_to(y=max(0, self.cursor - fixed), animate=False, immediate=True)
        elif self.cursor >= top + self.page_height:
            self.scroll_to(y=self.cursor - self.page_height + 1, animate=False, immediate=True)

    def action_move(self, lines: int) -> None:
        """Go some lines down, or up."""
        self.cursor += lines

    def action_page(self, pages: float) -> None:
        """Go some pages down, or up; the view goes along."""
        lines = round((self.page_height - self.fixed_height) * pages)
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False, immediate=True)
        self.cursor += lines

    def action_edge(self, direction: int) -> None:
        """Go to the first or the last line."""
        self.cursor = 0 if direction < 0 else self.line_count() - 1

    def find(self, direction: int, *, start: int | None = None) -> bool:
        """Go to the next line that holds ``needle``, around the end; say whether there is one.

        ``start``: the first line to look at; None: the one beside the cursor.
        """
        wanted, lines = self.needle.casefold(), self.line_count()
        if not wanted:
            return False
        first = self.cursor + direction if start is None else start
        for step in range(lines):
            index = (first + direction * step) % lines
            if wanted in self.line_text(index).casefold():
                self.cursor = index
                return True
        return False

    def matches(self) -> tuple[int, int | None]:
        """Return which of the lines that hold ``needle`` the cursor is on, and how many there are.

        ``(0, None)``: there are too many lines to count them while a key is pressed.
        """
        wanted, lines = self.needle.casefold(), self.line_count()
        if lines > COUNTED_MAX:
            return 0, None
        found = [at for at in range(lines) if wanted in self.line_text(at).casefold()]
        return bisect_right(found, self.cursor), len(found)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked; a second click there, soon or later, chooses."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index = self._index_at(offset.y)
        if index is not None and index < self.line_count():
            is_second = event.chain > 1 or index == self._clicked
            self.cursor = index
            self._clicked = index
            if is_second:
                self._clicked = -1  # a third one is a first again
                self.post_message(self.Chosen(self, index))


def _with_matches(parts: Sequence[Part], needle: str) -> list[Part]:
    """Give what matches its own role."""
    wanted = needle.casefold()
    marked: list[Part] = []
    for text, role in parts:
        lower = text.casefold()
        if len(lower) != len(text):  # a letter that folds to two: not worth a wrong colour
            marked.append((text, role))
            continue
        start = 0
        while (at := lower.find(wanted, start)) >= 0:
            marked += [(text[start:at], role), (text[at : at + len(wanted)], f"{role} match")]
            start = at + len(wanted)
        marked.append((text[start:], role))
    return marked
