"""Labelling: one call after the other, one key for each label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult

from replay.config import load_config
from replay.errors import ReplayError
from tui.actions import EVERYWHERE, LABELLING, LINES, OUTLINE, actions_of, key_word
from tui.jobs import Ended
from tui.rows.steps import StepDetail, StepList, StepRow, read_detail, read_steps
from tui.screens.asking import LEAVES_IT, TAKES_BACK
from tui.screens.base import BaseScreen
from tui.views.feedback_view import feedback_word
from tui.views.labelling_view import call_entries
from tui.views.parts import Part, count, printable
from tui.widgets.bars import Bar
from tui.widgets.keys import bindings
from tui.widgets.outline import Outline

LABELS: Final[Mapping[str, str]] = {
    "1": "good",
    "2": "bad",
    "3": "wrong_tool",
    "4": "wrong_arguments",
    "5": "wrong_answer",
}
"""The keys and labels where `[tool.replay.labels]` names none."""

_RATINGS: Final = frozenset(("good", "bad"))


@dataclass(slots=True)
class Said:
    """A label that was given here."""

    trace_id: str
    number: int
    label: str
    feedback_id: str | None = None
    """None: it is not written yet."""
    is_taken_back: bool = False


def labels_of_config() -> Mapping[str, str]:
    """Return the labels by their keys.

    Raises:
        ReplayError: a key of `[tool.replay.labels]` does something else on this screen.
    """
    labels = load_config().labels or LABELS
    taken = {
        key_word(key): action.help
        for action in actions_of(LABELLING, LINES, OUTLINE, EVERYWHERE)
        for key in action.keys
    }
    for key, label in labels.items():
        if key in taken:
            raise ReplayError(
                f"The label {label!r} cannot have the key {key!r}: it is for {taken[key]!r}.",
                hint="Give it another in [tool.replay.labels]; digits are free.",
            )
    return labels


class LabellingScreen(BaseScreen):
    """A tool call, and the keys of the labels."""

    BINDINGS = bindings(LABELLING)
    PLACES: ClassVar[tuple[str, ...]] = (LABELLING, OUTLINE)

    def __init__(self, steps: StepList, number: int, labels: Mapping[str, str]) -> None:
        """``number``: the step to begin at."""
        super().__init__()
        self.steps = steps
        self.labels = labels
        self.index = next(
            (at for at, row in enumerate(self.calls) if row.number >= number), len(self.calls) - 1
        )
        self.said: list[Said] = []

    @property
    def calls(self) -> list[StepRow]:
        """The tool calls of this trace."""
        return [row for row in self.steps.steps if row.kind == "tool"]

    def compose_body(self) -> ComposeResult:
        """The call, and the labels under it."""
        outline = Outline(id="outline")
        outline.add_class("pane")
        outline.border_title = "Label"
        yield outline
        yield Bar(id="labels", markup=False)

    @property
    def outline(self) -> Outline:
        """What is known of the call."""
        return self.query_one("#outline", Outline)

    def on_mount(self) -> None:
        """Show the first call."""
        self.outline.focus()
        parts: list[Part] = []
        for key, label in self.labels.items():
            parts += [(f"{key} ", "accent strong"), (f"{printable(label)}   ", "")]
        self.query_one("#labels", Bar).say(parts)
        self.call_after_refresh(self._show)

    def database_changed(self) -> None:
        """Take in what was said, here or elsewhere."""
        with self.telling_errors():
            self.steps = read_steps(self.replay.the_database, self.steps.trace.id)
            self._show()

    def _show(self) -> None:
        calls = self.calls
        if not calls:
            self.say(("this trace has no tool calls", "warn"))
            return
        row = calls[self.index]
        with self.telling_errors():
            detail: StepDetail = read_detail(self.replay.the_database, self.steps, row)
            said = [one for one in self.steps.feedback if one.step_number == row.number]
            self.outline.show(call_entries(detail, said))
        self.outline.border_title = f"Label step {row.number}, {printable(row.name)}"
        self.outline.border_subtitle = f"call {self.index + 1} of {len(calls)}"
        self.say_head(
            [
                (printable(self.steps.trace.id), "strong"),
                (f"  labelling   {count(len(self.said), 'label')} given", "dim"),
            ]
        )

    def on_key(self, event: events.Key) -> None:
        """Give the label of the key."""
        label = self.labels.get(event.character or "")
        if label is not None and not self.prompt.is_asking:
            event.stop()
            event.prevent_default()
            self._give(label)

    def _give(self, label: str) -> None:
        if not self.calls:
            return
        row = self.calls[self.index]
        one = Said(self.steps.trace.id, row.number, label)
        self.said.append(one)
        option = "--rating" if label in _RATINGS else "--label"
        words = ["feedback", str(self.replay.path), one.trace_id, "--step", str(row.number)]
        words += [option, label, "--json"]

        def done(ended: Ended) -> None:
            try:
                one.feedback_id = str(ended.json()["id"])
            except ReplayError as error:
                if one in self.said:
                    self.said.remove(one)
                if self.is_ready:
                    self.complain(error)
                return
            if one.is_taken_back:
                self._remove(one)

        self.replay.jobs.soon(f"label {label}", words, done)
        self.say((f"step {row.number}: ", ""), (printable(label), "good"), ("   u undoes", "dim"))
        self.action_call(1, quietly=True)

    def _remove(self, one: Said) -> None:
        assert one.feedback_id is not None
        self._take_back(one.trace_id, one.feedback_id)

    def _take_back(self, trace_id: str, feedback_id: str) -> None:
        words = ["feedback", str(self.replay.path), trace_id, "--take-back", feedback_id]

        def done(ended: Ended) -> None:
            if ended.code != 0 and self.is_ready:
                self.complain(ended.error())

        self.replay.jobs.soon("taking back", words, done)

    def _ask_to_take_back(self) -> None:
        """Ask whether to take back what was said of this call last: before, or elsewhere."""
        number = self.calls[self.index].number if self.calls else None
        said = [one for one in self.steps.feedback if one.step_number == number]
        if number is None or not said:
            self.app.bell()
            self.say(("nothing to undo", "warn"))
            return
        last = said[-1]
        word = feedback_word(last)

        def done(is_yes: bool) -> None:
            self.outline.focus()
            if not is_yes:
                self.say(("nothing taken back", "dim"))
                return
            self._take_back(last.trace_id, last.id)
            self.say((f"step {number}: ", ""), (f"{word} taken back", "warn"))

        by = f" by {printable(last.annotator)}" if last.annotator else ""
        question = f"take back {word}{by}?"
        self.prompt.ask_yes_no(question, on_answer=done, yes=TAKES_BACK, no=LEAVES_IT)

    # -- actions ----------------------------------------------------------------------------------

    def action_call(self, direction: int, quietly: bool = False) -> None:
        """Go to another call; after the last one of a trace: to the next trace of the list."""
        index = self.index + direction
        if 0 <= index < len(self.calls):
            self.index = index
            self._show()
            return
        with self.telling_errors():
            other = self.replay.trace_beside(self.steps.key, direction)
            if other is not None:
                self.steps = read_steps(self.replay.the_database, other)
                self.index = 0 if direction > 0 else max(0, len(self.calls) - 1)
                self._show()
                return
        self._show()
        if not quietly:
            self.app.bell()
        self.say(("that was the last call   ", "warn"), ("u undoes, q goes back", "dim"))

    def action_undo(self) -> None:
        """Take back the label that was given last, and go back to its call."""
        if not self.said:
            self._ask_to_take_back()
            return
        one = self.said.pop()
        one.is_taken_back = True
        if one.feedback_id is not None:
            self._remove(one)
        with self.telling_errors():
            self.steps = read_steps(self.replay.the_database, one.trace_id)
            numbers = [row.number for row in self.calls]
            self.index = numbers.index(one.number)
            self._show()
        self.say((f"step {one.number}: ", ""), (f"{printable(one.label)} taken back", "warn"))
