"""Asking for a condition: what is typed is read at once, and asked again until it can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual.widget import Widget

from replay.errors import ReplayError
from replay.stepping.facts import FACTS
from replay.stepping.parsing import parse
from replay.stepping.tokens import ConditionError
from tui.screens.base import BaseScreen
from tui.views.parts import Part, printable

TAKE_BACK: Final = "it is approved: take that back?"
TAKES_BACK: Final = "take it back"
LEAVES_IT: Final = "leave it as it is"
NOT_APPROVED: Final = "nothing done: it is not approved"
IN_HAND: Final = "one moment: it is being approved, or taken back, just now"
_NO: Final = frozenset(("n", "no"))


def reason_of(text: str | None) -> str | None:
    """Return the reason that was typed; None: nobody wants it done, and ``no`` says so, too."""
    if text is None or text.strip().casefold() in _NO:
        return None
    return text.strip()


def ask_back_into_editor(
    screen: BaseScreen, problem: str, on_answer: Callable[[bool], None]
) -> None:
    """Say what is wrong with an edited text, and ask whether somebody goes on with it."""
    screen.say(("× ", "bad"), (printable(problem), ""))
    screen.prompt.ask_yes_no(
        "back into the editor?", on_answer=on_answer, yes="go on editing", no="leave it"
    )


def ask_condition(
    screen: BaseScreen,
    label: str,
    value: str,
    example: str,
    take: Callable[[str], None],
    *,
    never_mind: Callable[[], None],
    readable: Callable[[str], list[Part]] | None = None,
    back: Widget | None = None,
) -> None:
    """Ask on ``screen``'s line until ``take`` takes the text, or nobody wants it any more.

    ``take`` may raise `ReplayError`: it is told, and asked again. ``readable`` says of what is
    typed so far whether it can be read; None: as a condition. ``back`` gets the focus at the end;
    None: what has it now.
    """
    back = back or screen.focused
    words = readable or condition_words

    def done(text: str | None) -> None:
        if text is None or not text.strip():
            never_mind()
        else:
            try:
                take(text)
            except ReplayError as error:
                ask_condition(
                    screen,
                    label,
                    text,
                    example,
                    take,
                    never_mind=never_mind,
                    readable=readable,
                    back=back,
                )
                screen.say(("× ", "bad"), (printable(short_error(error)), ""))
                return
        if back is not None:
            back.focus()

    screen.prompt.ask(
        label,
        value,
        on_done=done,
        on_change=lambda text: screen.say(*words(text)),
        placeholder=example,
        typed=screen.replay.typed["condition"],
    )


def condition_words(text: str) -> list[Part]:
    """Say of what is typed whether it is a condition."""
    if not text.strip():
        return [("names: ", "dim"), (" ".join(FACTS), "dim")]
    try:
        condition = parse(text)
    except ConditionError as error:
        return [("× ", "bad"), (printable(short_error(error)), "")]
    names = ", ".join(sorted(condition.names))
    return [("✓ ", "good"), (f"looks at {names}" if names else "looks at nothing", "dim")]


def short_error(error: ReplayError) -> str:
    """Return an error on one line; of a condition without repeating it."""
    if isinstance(error, ConditionError):
        return error.short
    return " ".join(str(error).split())
