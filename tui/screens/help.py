"""The help: every key that works here, from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui.actions import GROUPS, LINES, Action, actions_of, key_words
from tui.views.entries import Entry
from tui.widgets.outline import Outline

_SIGNS = (
    ("◆", "assistant", "a model call: the tools it asked for, or its answer"),
    ("✓", "good", "ended well; the same today"),
    ("≠", "warn", "something else today: a person must judge"),
    ("×", "bad", "failed; rejected or failing today"),
    ("∅", "bad", "turned away before the tool ran"),
    ("?", "unsure", "cannot be judged: unanswered, not deterministic, not run"),
    ("≈", "accent", "a difference that was approved"),
    ("·", "dim", "no replay run looked at it"),
    ("┌└", "accent", "calls that one model output asked for together"),
    ("●", "bad", "a trace: it has not ended; a step: a breakpoint stops there"),
    ("~", "accent", "a watched value changes there"),
)


def help_entries(actions: Sequence[Action]) -> list[Entry]:
    """Return the help for a screen where these can be done."""
    entries: list[Entry] = []
    for group in GROUPS:
        held = [action for action in actions if action.group == group]
        if held:
            entries.append(Entry(((group, "strong"),)))
            entries += [_entry(action) for action in held]
            entries.append(Entry((("", ""),)))
    entries.append(Entry((("Signs", "strong"),)))
    entries += [Entry(((f"  {sign:<19}", role), (words, "")), 0) for sign, role, words in _SIGNS]
    return entries


def _entry(action: Action) -> Entry:
    return Entry(((f"  {key_words(action):<19}", "accent"), (action.help, "")))


class HelpScreen(ModalScreen[None]):
    """A box over the screen it is about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss", "close", show=False)
    ]

    def __init__(self, actions: Sequence[Action], *, has_lines: bool) -> None:
        """``actions`` of the screen beneath; ``has_lines``: it has a list or a pane, too."""
        super().__init__()
        moving = actions_of(LINES) if has_lines else []
        self.actions = [*actions, *moving]

    def compose(self) -> ComposeResult:
        """The list of keys."""
        outline = Outline(id="help")
        outline.border_title = "Keys"
        outline.border_subtitle = "G: the signs   esc closes"
        yield outline

    def on_mount(self) -> None:
        """Fill it."""
        self.query_one(Outline).show(help_entries(self.actions))
