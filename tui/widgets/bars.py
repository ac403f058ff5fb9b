"""The lines around the panes: what this is, where one stands, which keys, what to type."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.actions import ALWAYS, Action, key_word
from tui.views.parts import Part, parts_text
from tui.widgets.typed import Typed

_STYLES = {
    "dim": "$words-dim",
    "strong": "bold",
    "good": "$words-good",
    "warn": "$words-warn",
    "bad": "$words-bad",
    "unsure": "$words-unsure",
    "accent": "$words-accent",
    "key": "$json-key",
    "chosen": "bold $tab-foreground on $tab-background",
}


def content_of(parts: Sequence[Part]) -> Content:
    """Return words with roles for a Static: never as markup, recorded text may look like it."""
    return Content.assemble(
        *(
            (text, " ".join(_STYLES.get(role, "") for role in roles.split()).strip())
            if roles
            else text
            for text, roles in parts
        )
    )


class Bar(Static):
    """One line of words."""

    def say(self, parts: Sequence[Part]) -> None:
        """Show other words."""
        self.update(
            content_of(parts), layout=self.styles.height is None or self.styles.height.is_auto
        )


class ClickBar(Bar):
    """Words of which each does something when it is clicked."""

    def __init__(self, *, id: str) -> None:
        """Starts empty."""
        super().__init__(id=id, markup=False)
        self._spans: list[tuple[int, str]] = []

    def say_words(self, words: Sequence[tuple[Sequence[Part], str]], gap: str = "") -> None:
        """Show words, each with the action that a click on it runs."""
        parts: list[Part] = []
        self._spans = []
        end = 0
        for word, action in words:
            parts += [*((gap, "") for _ in self._spans[:1]), *word]
            end += cell_len(parts_text(list(word)) + gap)
            self._spans.append((end, action))
        self.say(parts)

    async def on_click(self, event: events.Click) -> None:
        """Do what the word under the mouse stands for."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        for end, action in self._spans:
            if offset.x < end and action:
                await self.app.run_action(action, default_namespace=self.screen)
                return


class KeyBar(ClickBar):
    """The most useful keys of this screen, as many as fit."""

    def __init__(self, actions: Sequence[Action]) -> None:
        """``actions`` come with their ranks."""
        super().__init__(id="keys")
        self.actions = sorted((one for one in actions if one.footer), key=lambda one: one.footer)
        self._width = 0
        """Of the terminal, when this was mounted."""
        self._back = "back"
        self._first: Sequence[str] = ()
        self._idle: Sequence[str] = ()
        self._asked: Sequence[tuple[str, str]] = ()
        """The keys of a question, and what they do, while it is open."""

    def on_mount(self) -> None:
        """Be there with the first picture, before the size is known."""
        self._width = self.app.size.width
        self._fill()

    def on_resize(self) -> None:
        """Show as many as fit."""
        self._fill()

    def name_back(self, word: str) -> None:
        """Say what going back does here and now: ``back``, ``quit``, ``clear filter``."""
        if word != self._back:
            self._back = word
            self.actions = [
                replace(one, name=word) if one.id == "everywhere.back" else one
                for one in self.actions
            ]
            self._fill()

    def suit(self, first: Sequence[str] = (), *, idle: Sequence[str] = ()) -> None:
        """Name these actions before all others, by their ids, and ``idle`` ones not at all.

        What is named stays what it is as long as these do: nothing is painted anew.
        """
        if (first, idle) == (self._first, self._idle):
            return
        self._first, self._idle = first, idle
        places = {name: place for place, name in enumerate(first)}
        self.actions.sort(key=lambda one: (places.get(one.id, len(places)), one.footer))
        self._fill()

    def show_asked(self, keys: Sequence[tuple[str, str]]) -> None:
        """Show the keys of a question instead; none: it is answered."""
        self._asked = keys
        self._fill()

    def _fill(self) -> None:
        if self._asked:
            asked = [[(key, "accent strong"), (f" {does}", "dim")] for key, does in self._asked]
            self.say_words([(words, "") for words in asked], "  ")
            return
        shown = self.shown(self.size.width or self._width)
        words: list[tuple[list[Part], str]] = [
            (
                [(key_word(action.keys[0]), "accent strong"), (f" {action.name}", "dim")],
                f"by_id({action.id!r})",
            )
            for action in shown
        ]
        if len(shown) < sum(one.id not in self._idle for one in self.actions):
            named = sum(one.footer < ALWAYS for one in shown)
            parts, does = words[named]
            words[named] = ([("… ", "dim"), *parts], does)
        self.say_words(words, "  ")

    def shown(self, width: int) -> list[Action]:
        """Return the actions that fit; help and back are always among them.

        Where some do not, there is room for a mark that says so.
        """
        last = [one for one in self.actions if one.footer >= ALWAYS]
        room = width + 2 - sum(_columns(one) for one in last)
        wanted = [one for one in self.actions if one.footer < ALWAYS and one.id not in self._idle]
        if sum(map(_columns, wanted)) <= room:
            return wanted + last
        room -= _MARK_COLUMNS
        first: list[Action] = []
        for action in wanted:
            if _columns(action) <= room:
                first.append(action)
                room -= _columns(action)
        return first + last


_MARK_COLUMNS: Final = 2
"""Of the mark before the help, which has the keys that are left out."""


def _columns(action: Action) -> int:
    return len(key_word(action.keys[0])) + len(action.name) + 3


class TabBar(ClickBar):
    """The tabs of a step; those with nothing to tell are dim."""

    def __init__(self, names: Sequence[str]) -> None:
        """``names`` in the order of their number keys."""
        super().__init__(id="tabs")
        self.names = names
        self.active = names[0]
        self.applying: set[str] = set(names)

    def show(self, active: str, applying: set[str]) -> None:
        """Show which tab is open and which say something."""
        self.active, self.applying = active, applying
        self._fill()

    def on_resize(self) -> None:
        """Leave out what does not fit."""
        self._fill()

    def labels(self, width: int) -> list[str]:
        """Return the tabs as they fit: with their keys, as long as there is room for these."""
        numbered = list(enumerate(self.names, 1))
        close = [f"{at}{name} " for at, name in numbered]
        for labels in (
            [f" {at} {name} " for at, name in numbered],
            [f"{at} {name} " for at, name in numbered],
            [*close[:-1], close[-1].rstrip()],
            [f"{name} " for name in self.names],
        ):
            if sum(map(len, labels)) <= width:
                return labels
        return [f" {at} {name} " if name == self.active else f" {at} " for at, name in numbered]

    def _fill(self) -> None:
        words = []
        for index, label in enumerate(self.labels(self.size.width)):
            name = self.names[index]
            role = "chosen" if name == self.active else "" if name in self.applying else "dim"
            words.append(([(label, role)], f"tab({index})"))
        self.say_words(words)


_PROMPT_KEYS: Final = (("enter", "done"), ("esc", "never mind"))
_NEVER_MIND: Final = ("escape", "ctrl+c")
_YES_NO: Final = "y or n"
_RESTS: Final = {"y": ("e", "s", "enter"), "n": ("o", "enter")}
_REST_S: Final = 1.0
_EARLIER: Final = (("↑ ↓", "what was typed before"),)


class YesNo(Static, can_focus=True):
    """What has the keys while a question waits for a yes or a no."""


class PromptBar(Horizontal):
    """A line to type into, shown while something is asked."""

    def __init__(self) -> None:
        """Hidden until `ask`."""
        super().__init__(id="prompt")
        self._on_change: Callable[[str], None] | None = None
        self._on_done: Callable[[str | None], None] | None = None
        self._on_answer: Callable[[bool], None] | None = None
        self._had: events.Key | None = None
        """The last key that came by way of the input."""
        self._typed = Typed([])
        self._rest: tuple[str, ...] = ()
        """Keys that follow who writes the answer as a word."""
        self._rest_until = 0.0

    def compose(self) -> ComposeResult:
        """A label and an input."""
        yield Static(id="prompt-label", markup=False)
        field = Input(id="prompt-input", compact=True, select_on_focus=False)
        field.cursor_blink = False  # nothing flickers, and nothing is sent while nobody types
        yield field
        yield YesNo(id="prompt-yes-no", markup=False)

    @property
    def is_asking(self) -> bool:
        """Whether it is shown."""
        return self.has_class("-asking")

    def ask(
        self,
        label: str,
        value: str = "",
        *,
        on_done: Callable[[str | None], None],
        on_change: Callable[[str], None] | None = None,
        placeholder: str = "",
        typed: list[str] | None = None,
        is_selected: bool = False,
    ) -> None:
        """Ask; ``on_done`` gets the text, or None when it was left with Esc.

        ``typed``: what was typed at this question before, the oldest first: up and down bring it
        back, and the answer is added. ``is_selected``: what is typed takes the place of ``value``.
        """
        self._typed = Typed([] if typed is None else typed)
        self._on_done, self._on_change, self._on_answer = None, None, None
        self.query_one("#prompt-label", Static).update(f" {label} ")
        field = self.query_one("#prompt-input", Input)
        field.placeholder = placeholder
        field.value = value
        field.cursor_position = len(value)
        if is_selected:
            field.select_all()
        self._on_done, self._on_change = on_done, on_change
        self.remove_class("-yes-no")
        self._open([*_PROMPT_KEYS, *(_EARLIER if typed else ())])

    def ask_yes_no(
        self, question: str, *, on_answer: Callable[[bool], None], yes: str, no: str
    ) -> None:
        """Ask what one key answers: y or Enter, n or Esc; no other key does anything.

        ``yes``, ``no``: what each of the two does, for the line of keys.
        """
        self._on_done, self._on_change, self._on_answer = None, None, on_answer
        self.query_one("#prompt-label", Static).update(f" {question} ")
        self.query_one(YesNo).update(_YES_NO)
        self.add_class("-yes-no")
        self._open([("y enter", yes), ("n esc", no)])

    @property
    def _line(self) -> Widget:
        """What keys are for: the input, or what waits for a yes or a no."""
        return self.query_one(YesNo if self._on_answer is not None else Input)

    def _open(self, keys: Sequence[tuple[str, str]]) -> None:
        self.add_class("-asking")
        self._say_keys(keys)
        self.screen.set_focus(self._line)  # at once: what is typed next is for it
        self._line.focus()  # and after what else wants the focus by now

    def _say_keys(self, keys: Sequence[tuple[str, str]]) -> None:
        for bar in self.screen.query(KeyBar):
            bar.show_asked(keys)
        for status in self.screen.query("#status"):  # what is wrong is to be read whole
            status.styles.height = "auto" if keys else 1
            status.styles.max_height = 3
            status.styles.text_wrap = "wrap" if keys else "nowrap"

    def is_own(self, key: str) -> bool:
        """Say whether a key edits what is typed; all others wait until it is done."""
        own = self.query_one("#prompt-input", Input)._bindings.key_to_bindings
        return key in own or key == "ctrl+z"  # to the shell, and back to what was typed

    def take_from_elsewhere(self, event: events.Key) -> bool:
        """Say whether a key is for the input though something else had the focus, and hand it on.

        A mouse may have given the focus to another pane meanwhile.
        """
        if not self.is_asking:
            return self._is_rest(event)
        if event is self._had:
            return False
        self._line._forward_event(events.Key(event.key, event.character))
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell who asked."""
        event.stop()
        if self._on_change is not None and self.is_asking:
            self._on_change(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """It is done already, when the key was pressed: what follows is no longer for the line."""
        event.stop()

    def on_key(self, event: events.Key) -> None:
        """Enter: done; Esc and Ctrl-C: never mind; up and down: what was typed before."""
        self._had = event
        if self._on_answer is not None:
            event.stop()
            event.prevent_default()
            self._answer(event)
        elif event.key in ("enter", *_NEVER_MIND):
            event.stop()
            event.prevent_default()
            field = self.query_one("#prompt-input", Input)
            self._finish(field.value if event.key == "enter" else None)
        elif event.key in ("up", "down"):
            event.stop()
            field = self.query_one("#prompt-input", Input)
            text = self._typed.before(field.value) if event.key == "up" else self._typed.after()
            if text is not None:
                field.value = text
                field.cursor_position = len(text)

    def _is_rest(self, event: events.Key) -> bool:
        """Say whether a key only ends the word that answered: of ``no`` one letter is enough."""
        if not self._rest or event.key != self._rest[0] or time.monotonic() > self._rest_until:
            self._rest = ()
            return False
        self._rest = self._rest[1:]
        return True

    def _answer(self, event: events.Key) -> None:
        if event.key.lower() in ("y", "enter"):
            is_yes = True
        elif event.key.lower() in ("n", *_NEVER_MIND):
            is_yes = False
        else:
            self.app.bell()
            self.query_one(YesNo).update(f"{_YES_NO}   {key_word(event.key)} is neither")
            return
        rest = _RESTS.get(event.key.lower(), ())
        self._rest, self._rest_until = rest, time.monotonic() + _REST_S
        answered, self._on_answer = self._on_answer, None
        self._close()
        if answered is not None:
            answered(is_yes)

    def _finish(self, value: str | None) -> None:
        done, self._on_done, self._on_change = self._on_done, None, None
        self._close()
        if value is not None:
            self._typed.add(value)
        if done is not None:
            done(value)

    def _close(self) -> None:
        self.remove_class("-asking")
        self._say_keys(())
