"""What was typed at a question before: up brings it back, as a shell does."""

from __future__ import annotations

from typing import Final

_KEPT_MAX: Final = 100


class Typed:
    """A walk through earlier answers, which begins at what is typed now."""

    def __init__(self, answers: list[str]) -> None:
        """``answers``: the oldest first; kept by who asks, and added to."""
        self._answers = answers
        self._at = len(answers)
        self._now = ""
        """What was typed when the walk began."""

    def before(self, now: str) -> str | None:
        """Return the answer before the one that is shown; None: there is none."""
        if self._at == len(self._answers):
            self._now = now
        while self._at > 0:
            self._at -= 1
            if self._answers[self._at] != now:  # what stands there already is not worth a key
                return self._answers[self._at]
        return None

    def after(self) -> str | None:
        """Return the one after it, in the end what was typed; None: that is shown."""
        if self._at == len(self._answers):
            return None
        self._at += 1
        return self._now if self._at == len(self._answers) else self._answers[self._at]

    def add(self, answer: str) -> None:
        """Take in an answer; the same once more is only the newest."""
        if not answer.strip():
            return
        if answer in self._answers:
            self._answers.remove(answer)
        self._answers.append(answer)
        del self._answers[:-_KEPT_MAX]
