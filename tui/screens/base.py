"""What all screens share: the frame, help, copying, telling errors, and being too small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from replay.errors import ReplayError
from tui.actions import ACTIONS, EVERYWHERE, Action, actions_of, key_word
from tui.memory import reading_much
from tui.paths import shown_path
from tui.screens.clipboard import Clipboard
from tui.screens.searching import Searching
from tui.views.entries import Entry, lay_out
from tui.widgets.bars import Bar, KeyBar, PromptBar, TabBar
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines
from tui.widgets.outline import Outline

if TYPE_CHECKING:
    from tui.app import ReplayApp
    from tui.jobs import Job


def back_key() -> str:
    """Return the key that leaves a screen, as it is called."""
    (back,) = (one for one in actions_of(EVERYWHERE) if one.id == "everywhere.back")
    return key_word(back.keys[0])


_OF_PANES: Final = frozenset(("everywhere.other-pane", "everywhere.other-pane-back"))
OTHER_PANE: Final = ("everywhere.other-pane",)
WIDTH_MIN: Final = 50
HEIGHT_MIN: Final = 12
WIDE_MIN: Final = 110
"""From this width on two panes stand side by side, and each tab has its name."""


class BaseScreen(Clipboard):
    """A head line, a body, a status line and a line of keys."""

    BINDINGS = bindings(EVERYWHERE)
    AUTO_FOCUS = ""
    """None by itself: it would take the hidden line to type into."""
    PLACES: ClassVar[tuple[str, ...]] = ()
    """Whose actions the line of keys and the help show, besides those of everywhere."""
    HAS_PANES: ClassVar[bool] = False
    """Whether there is another pane to go to."""
    _focused_before: Widget | None = None
    """What had the focus when the terminal became too small."""

    def compose(self) -> ComposeResult:
        """The frame; a subclass gives the body."""
        yield Static(id="too-small", markup=False)
        yield Bar(id="head", markup=False)
        yield from self.compose_body()
        yield PromptBar()
        yield Bar(id="job", markup=False)
        yield Bar(id="status", markup=False)
        yield KeyBar(self.actions())

    def compose_body(self) -> ComposeResult:
        """Give the widgets between head and status."""
        raise NotImplementedError

    def actions(self) -> list[Action]:
        """Return what can be done here, for the line of keys and the help."""
        return [
            action
            for action in actions_of(*self.PLACES, EVERYWHERE)
            if self.HAS_PANES or action.id not in _OF_PANES
        ]

    @property
    def replay(self) -> ReplayApp:
        """The app, with what the screens share."""
        return cast("ReplayApp", self.app)

    @property
    def prompt(self) -> PromptBar:
        """The line to type into."""
        return self.query_one(PromptBar)

    @property
    def is_arriving(self) -> bool:
        """Whether what keys are about is still being read: they wait for that, for a moment."""
        return False

    def beside_words(self) -> str:
        """Return what this screen has under way that no screen of its own shows; empty: nothing."""
        return ""

    def say_unbound(self, key: str) -> None:
        """Say that a key does nothing on this screen."""
        (helping,) = (one for one in self.actions() if one.id == "everywhere.help")
        self.app.bell()
        self.say(
            (f"{key_word(key)} does nothing here", "warn"),
            (f"   {key_word(helping.keys[0])} lists the keys", "dim"),
        )

    def database_changed(self) -> None:
        """Another process wrote; a subclass shows what is new."""

    def by_id(self, action_id: str) -> str:
        """Return the call of an action."""
        return next(action.call for action in ACTIONS if action.id == action_id)

    async def action_by_id(self, action_id: str) -> None:
        """Do what a click on the line of keys asks for."""
        action = next(action for action in ACTIONS if action.id == action_id)
        target: Widget = self
        if action.place not in (*self.PLACES, EVERYWHERE) and self.focused is not None:
            target = self.focused
        await self.app.run_action(action.call, default_namespace=target)

    def action_back(self) -> None:
        """Leave this screen; the first one: the program."""
        if len(self.app.screen_stack) > 2:
            self.app.pop_screen()
        else:
            self.action_quit()

    def action_cancel(self) -> None:
        """End what is under way, or leave; the first screen stays, however often it is pressed."""
        if len(self.app.screen_stack) > 2:
            self.action_back()
        elif not self.end_something():
            self.say(("nothing to cancel   ", "dim"), (f"{back_key()} quits", ""))

    def end_something(self) -> bool:
        """End what a first screen has under way; say whether there was anything."""
        return False

    def action_quit(self) -> None:
        """End the program; while a command is under way: ask what becomes of it."""
        self.replay.quit()

    def action_stop(self) -> None:
        """Leave the screen to the shell; `fg` comes back."""
        self.app.action_suspend_process()

    def show_job_line(self, job: Job | None) -> None:
        """Show how far a command is that goes on beside this screen, on a line of its own."""
        self.set_class(job is not None, "-working")
        if job is not None:
            self.query_one("#job", Bar).say([*job.progress_parts(), ("   H shows it", "dim")])

    def action_job(self) -> None:
        """Show what is under way."""
        self.replay.show_job()

    def action_theme(self) -> None:
        """Change between light and dark."""
        self.replay.toggle_theme()

    def action_reveal(self) -> None:
        """Show what is hidden, or hide it again."""
        self.replay.revealing.toggle()

    def action_help(self) -> None:
        """Show the keys of this screen."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.actions(), has_lines=bool(self.query(Lines))))

    def can_write(self, what: str) -> bool:
        """Say whether the database can be written; where not, what that is in the way of."""
        from replay.store.database import is_writable

        path = self.replay.path
        if is_writable(path):
            return True
        shown = shown_path(path)
        self.complain(
            ReplayError(
                f"{what} writes into '{shown}', which is read-only for you.",
                hint="Make it and its folder writable, or copy it elsewhere: "
                f"`cp {quote(shown)} ~`.",
            )
        )
        return False

    def action_other_pane(self, direction: int) -> None:
        """Give the focus to the next pane."""
        if direction > 0:
            self.focus_next(Lines)
        else:
            self.focus_previous(Lines)

    def on_outline_cut(self) -> None:
        """Say that there is more to unfold."""
        self.say(("much is folded still: ", "warn"), ("+ unfolds the next 1,000 lines", ""))

    def on_resize(self, event: events.Resize) -> None:
        """Say when there is no room."""
        width, height = event.size
        is_small = width < WIDTH_MIN or height < HEIGHT_MIN
        if is_small and self.focused is not None:
            self._focused_before = self.focused  # what is hidden loses the focus
        elif not is_small and self.focused is None and self._focused_before is not None:
            self.call_after_refresh(self._focused_before.focus)
        self.set_class(is_small, "-too-small")
        if is_small:
            words = f"needs {WIDTH_MIN}x{HEIGHT_MIN}, this is {width}x{height}"
            self.query_one("#too-small", Static).update(words[: max(1, width)])


BIG_SIZE: Final = 300_000
"""A pane of more bytes is made ready in a thread."""
_BIG_WAIT_S: Final = 0.03


@dataclass(slots=True, eq=False)
class _Showing:
    """A detail that is read in a thread."""

    make: Callable[[], list[Entry]]
    at_change: bool
    is_headed: bool
    entries: list[Entry] | None = None
    """None: not read yet."""


class PanesScreen(Searching, BaseScreen):
    """A list and what is known of its line, side by side or one above the other."""

    HAS_PANES = True
    TABS: ClassVar[bool] = False
    LIST_HEIGHT_MAX: ClassVar[int] = 9
    """Rows of the list above the detail: a shorter one leaves some to it; 0: as styled."""

    _showing: _Showing | None = None
    """What makes the detail that is read just now."""
    _is_making = False
    _list_height: int | None = None

    def compose_body(self) -> ComposeResult:
        """The list on the left, the detail on the right."""
        with Horizontal(id="body"):
            table = self.make_table()
            table.add_class("pane")
            yield table
            with Vertical(id="detail-pane", classes="pane"):
                if self.TABS:
                    from tui.views.step_views import TAB_NAMES

                    yield TabBar(TAB_NAMES)
                yield Outline(id="outline")

    def make_table(self) -> Lines:
        """Give the list; its id is ``list-pane``."""
        raise NotImplementedError

    @property
    def outline(self) -> Outline:
        """The detail."""
        return self.query_one("#outline", Outline)

    @property
    def detail_pane(self) -> Vertical:
        """The frame of the detail."""
        return self.query_one("#detail-pane", Vertical)

    def show_entries(
        self,
        make: Callable[[], list[Entry]],
        *,
        size: int,
        at_change: bool = False,
        is_headed: bool = False,
    ) -> None:
        """Show in the detail what ``make`` gives; of ``size`` megabytes when a thread made it.

        ``at_change``, ``is_headed``: as `Outline.show` has them.
        """
        self._showing = None
        if size <= BIG_SIZE:
            try:
                self.outline.show(make(), at_change=at_change, is_headed=is_headed)
            except ReplayError as error:
                self._could_not_make(error)
            return
        self.outline.show([Entry(((f"reading {size / 1e6:.1f} MB …", "dim"),))])
        self._showing = _Showing(make, at_change, is_headed)
        # Not before that is painted, nor for what is passed by: reading five megabytes takes the
        # interpreter for itself.
        self.set_timer(_BIG_WAIT_S, self._make_in_thread)

    def _make_in_thread(self) -> None:
        """Begin with what is to be shown now.

        Nothing is handed on: timers, workers and futures are rings, which would keep megabytes
        until the collector comes by.
        """
        if self._showing is None or self._showing.entries is not None:
            return
        if self._is_making:  # one at a time: each holds ten times what it reads
            self.set_timer(_BIG_WAIT_S, self._make_in_thread)
            return
        self._is_making = True
        self._make_entries()

    @work(thread=True, exclusive=True, description="a thread", group="entries")
    def _make_entries(self) -> None:
        try:
            with reading_much():
                self._make()
        except ReplayError as error:
            if self.app.is_running:
                self.app.call_from_thread(self._could_not_make, error)
            return
        finally:
            self._is_making = False
        if self.app.is_running:
            self.app.call_from_thread(self._show_made)

    def _make(self) -> None:
        """Make what is to be shown now; what nobody waits for any more is gone at the end of it."""
        showing = self._showing
        if showing is None:
            return
        entries = showing.make()
        if showing is self._showing:
            lay_out(entries, self.outline.line_width)  # makes what is open, too
            showing.entries = entries

    def _could_not_make(self, error: ReplayError) -> None:
        """Say why there is no detail, in its place: not what was there before, and not nothing."""
        if self.is_ready:
            self._showing = None
            self.outline.show([Entry((("× ", "bad"),), text=str(error))])
            self.complain(error)

    def _show_made(self) -> None:
        showing = self._showing
        if showing is not None and showing.entries is not None and self.is_ready:
            self._showing = None
            self.outline.show(
                showing.entries, at_change=showing.at_change, is_headed=showing.is_headed
            )

    def on_unmount(self) -> None:
        """Let go of what was to be shown."""
        self._showing = None

    def on_resize(self, event: events.Resize) -> None:
        """Arrange the panes for this size."""
        super().on_resize(event)
        width, height = event.size
        single = width < 80 or height < 20
        self.set_class(single, "-single")
        self.set_class(not single and width < WIDE_MIN, "-stacked")
        self.set_class(width >= 150, "-huge")
        self._show_focused(self.focused)
        self.fit_list()
        self.suit_keys()

    def suit_keys(self) -> None:
        """Name the keys that do something here first: with one pane, the one to the other."""
        if not self.query(KeyBar):
            return
        self.query_one(KeyBar).suit(OTHER_PANE if self.has_class("-single") else ())

    def fit_list(self) -> None:
        """Give the detail the rows that a short list above it does not need."""
        table = self.query_one("#list-pane", Lines)
        is_fitted = self.LIST_HEIGHT_MAX and self.has_class("-stacked") and not self.is_one_shown
        height = max(5, min(self.LIST_HEIGHT_MAX, table.line_count() + 2)) if is_fitted else None
        if height != self._list_height:
            self._list_height = height
            table.styles.height = height

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Know which pane is the one that is shown alone."""
        self._show_focused(event.widget)

    @property
    def is_one_shown(self) -> bool:
        """Whether only one pane is shown: for want of room, or because somebody wants it so."""
        return self.has_class("-single") or self.has_class("-zoomed")

    def _show_focused(self, pane: Widget | None) -> None:
        """Where one is shown, it is ``pane``. Elsewhere nothing: a class styles all anew, 10 ms."""
        self.set_class(self.is_one_shown and pane is self.outline, "-in-detail")

    def action_zoom(self) -> None:
        """Show only the pane with the focus, or both again."""
        is_zoomed = not self.has_class("-zoomed")
        is_detail = (is_zoomed or self.has_class("-single")) and self.focused is self.outline
        self.set_class(is_detail, "-in-detail", update=False)
        self.set_class(is_zoomed, "-zoomed")
        self.fit_list()

    def action_other_pane(self, direction: int) -> None:
        """Give the focus to the other pane, also while only one is shown."""
        table = self.query_one("#list-pane", Lines)
        target: Lines = table if self.focused is self.outline else self.outline
        self._show_focused(target)
        self.set_focus(target)  # at once: what is typed ahead is for this pane

    def action_back(self) -> None:
        """From a detail shown alone to its list; else leave."""
        if self.is_searching:
            self.stop_search()
        elif self.is_one_shown and self.focused is self.outline:
            self.action_other_pane(-1)
        else:
            super().action_back()
