"""The help: every key that works here, from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.actions import GROUPS, HELP, LINES, Action, actions_of, key_words
from tui.views.entries import Entry
from tui.views.help_words import SIGNS, words_of
from tui.views.parts import Parts, parts_text, printable
from tui.widgets.bars import PromptBar
from tui.widgets.keys import bindings
from tui.widgets.outline import Outline

_SUBTITLE: Final = "G: signs and words   / finds   esc closes"


def help_entries(actions: Sequence[Action], wanted: str = "") -> list[Entry]:
    """Return the help for a screen where these can be done: the lines that hold ``wanted``."""
    places = {one.place for one in actions}
    groups = [(group, [_line(one) for one in actions if one.group == group]) for group in GROUPS]
    groups.append(("Signs", [((f"  {sign:<19}", role), (said, "")) for sign, role, said in SIGNS]))
    groups.append(
        ("Words", [((f"  {word:<19}", "key"), (said, "")) for word, said in words_of(places)])
    )
    entries: list[Entry] = []
    for group, lines in groups:
        held = [one for one in lines if wanted.casefold() in parts_text(one).casefold()]
        if held:
            entries += [Entry((("", ""),))] if entries else []
            entries += [Entry(((group, "strong"),)), *(Entry(one, 0) for one in held)]
    return entries or [Entry(((f"Nothing here holds {printable(wanted)!r}.", "dim"),))]


def _line(action: Action) -> Parts:
    return ((f"  {key_words(action):<19}", "accent"), (action.help, ""))


class HelpScreen(ModalScreen[None]):
    """A box over the screen it is about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(HELP),
        Binding("escape", "back", "close", show=False),
        Binding("q,question_mark,f1", "dismiss", "close", show=False),
    ]

    def __init__(self, actions: Sequence[Action], *, has_lines: bool) -> None:
        """``actions`` of the screen beneath; ``has_lines``: it has a list or a pane, too."""
        super().__init__()
        moving = actions_of(LINES) if has_lines else []
        self.actions = [*actions, *moving]
        self._typed: list[str] = []

    def compose(self) -> ComposeResult:
        """The list of keys, and a line to look for one."""
        with Vertical(id="help") as box:
            box.border_title = "Keys"
            box.border_subtitle = _SUBTITLE
            yield Outline(id="help-lines")
            yield PromptBar()

    @property
    def outline(self) -> Outline:
        """The list of keys."""
        return self.query_one(Outline)

    def on_mount(self) -> None:
        """Fill it."""
        self._show("")
        self.outline.focus()

    def _show(self, wanted: str) -> None:
        self.outline.needle = wanted
        self.outline.show(help_entries(self.actions, wanted))
        more = f"/{printable(wanted)}   esc shows all" if wanted else _SUBTITLE
        self.query_one("#help", Vertical).border_subtitle = more

    def action_search(self) -> None:
        """Show only the lines that hold what is typed."""

        def done(text: str | None) -> None:
            self.outline.focus()
            self._show(text or "")

        self.query_one(PromptBar).ask(
            "find", on_done=done, on_change=self._show, typed=self._typed, placeholder="key or word"
        )

    def action_back(self) -> None:
        """Show all lines again; else close."""
        if self.outline.needle:
            self._show("")
        else:
            self.dismiss()
