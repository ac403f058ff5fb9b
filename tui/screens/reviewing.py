"""The keys that say what is good or bad about a step."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from tui.editors import edited_text
from tui.jobs import Ended
from tui.screens.asking import ask_back_into_editor
from tui.screens.editing import Editing
from tui.views.parts import printable

_HOW = "good, bad, a_label or 0.5; then a note; c corrects it"


_LABEL: Final = re.compile(r"[\w.-]{1,40}")
"""What is no sentence, no name of another thing, and not what was pasted by mistake."""


class Reviewing(Editing):
    """Feedback, and the labelling mode."""

    def action_feedback(self) -> None:
        """Say what is good or bad about this step."""
        row = self.row
        if row is None or not self.can_write("Feedback"):
            return

        def done(text: str | None) -> None:
            self.table.focus()
            if not text or not text.strip():
                self.say(("nothing said", "dim"))
            elif text.strip() == "c":
                self._correct()
            else:
                self._say_feedback(feedback_words(text.strip()))

        self.prompt.ask(f"feedback on step {row.number}:", on_done=done, placeholder=_HOW)

    def _say_feedback(self, said: list[str]) -> None:
        row = self.row
        assert row is not None
        words = ["feedback", str(self.replay.path), self.steps.trace.id, "--step", str(row.number)]
        pairs = zip(said[::2], said[1::2], strict=True)
        shown = ", ".join(f"{option.removeprefix('--')} {word}" for option, word in pairs)
        self._run(
            "keeping feedback", [*words, *said], f"kept of step {row.number}: {printable(shown)}"
        )

    def _correct(self) -> None:
        """Have the arguments written as they should have been."""
        detail, row = self.detail, self.row
        if detail is None or row is None or detail.call_texts is None or row.kind != "tool":
            self._stay("only a tool call has arguments to correct: t goes to the next one")
            return
        from replay.verdicts.canonical import read_response

        value = read_response(detail.call_texts.arguments).value
        given = json.dumps(value, indent=2, ensure_ascii=False)
        self._ask_correction(given, given)

    def _ask_correction(self, given: str, text: str) -> None:
        """``given``: the arguments as they were; ``text``: as they were left in the editor last."""
        row = self.row
        assert row is not None
        with self.telling_errors():
            edited = edited_text(self.app, text, name=f"{row.number}-correct-arguments.json")
            problem = _problem(edited)
            if edited.strip() == given.strip() or (problem is None and _same(edited, given)):
                self.say(("not corrected: the arguments are as they were", "dim"))
                return
            if problem is None:
                self._keep_correction(edited)
                return

            def again(is_yes: bool) -> None:
                self.table.focus()
                if not is_yes:
                    self.say(("not corrected", "dim"))
                else:
                    self._ask_correction(given, edited)

            ask_back_into_editor(self, problem, again)

    def _keep_correction(self, text: str) -> None:
        row = self.row
        assert row is not None
        folder = Path(mkdtemp(prefix="replay-correction-"))
        file = folder / "correction.json"
        file.write_text(text, "utf-8")
        words = ["feedback", str(self.replay.path), self.steps.trace.id, "--step", str(row.number)]

        def done(ended: Ended) -> None:
            shutil.rmtree(folder, ignore_errors=True)
            if not self.is_ready:
                return
            if ended.code != 0:
                self.complain(ended.error())
            else:
                self.database_changed()
                self.say((f"kept what step {row.number} should have been", "good"))

        self.replay.jobs.soon("keeping", [*words, "--correction", f"@{file}"], done)

    def action_label(self) -> None:
        """Label one call after the other, with one key each."""
        from tui.screens.labelling import LabellingScreen, labels_of_config

        row = self.row
        if row is None or not any(one.kind == "tool" for one in self.steps.steps):
            self._stay("this trace has no tool calls to label")
            return
        with self.telling_errors():
            self.app.push_screen(LabellingScreen(self.steps, row.number, labels_of_config()))


def feedback_words(text: str) -> list[str]:
    """Return the options of `replay feedback` for what was typed.

    The first word is a rating, a score, or a label where it looks like one; the rest is a note.
    """
    first, _, rest = text.partition(" ")
    first, note = first.rstrip(":"), rest.strip()
    if first in ("good", "bad"):
        words = ["--rating", first]
    elif _is_score(first):
        words = ["--score", first]
    elif ("_" in first or not note) and _LABEL.fullmatch(first):
        words = ["--label", first]
    else:
        words, note = [], text
    return [*words, *(["--note", note] if note else [])]


def _is_score(word: str) -> bool:
    try:
        return 0 <= float(word) <= 1
    except ValueError:
        return False


def _same(edited: str, given: str) -> bool:
    """Say whether two texts are the same JSON, whatever its order: ``1`` is not ``true``."""
    one, other = (json.dumps(json.loads(text), sort_keys=True) for text in (edited, given))
    return one == other


def _problem(text: str) -> str | None:
    try:
        value = json.loads(text)
    except ValueError as error:
        return f"not JSON: {error}"
    return None if isinstance(value, dict) else "arguments are an object: {...}"
