"""What is measured: screens, how they are reached, and which keys are pressed there.

A new screen is one more `Visit`, in the `then` of the screen that it is opened from. What there is
of them is in `screens_sessions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ENTER: Final = "\r"
ESCAPE: Final = "\x1b"
TAB: Final = "\t"
BACKSPACE: Final = "\x7f"
PAGE_UP: Final = "\x02"
LIST: Final = ("j", "j", "k", " ", PAGE_UP, "G", "k", "g", "j")
DETAIL: Final = (TAB, "j", " ", PAGE_UP, "G", "g", "-", "+", TAB)
NO_MATCH: Final = (TAB, "/", "z", "q", "x", ENTER, "n", "N", ESCAPE, TAB)
MATCHES: Final = (TAB, "/", "a", "r", "t", ENTER, "n", "n", "N", ESCAPE, TAB)


@dataclass(frozen=True, slots=True)
class Visit:
    """One screen, or one tab."""

    name: str
    open: str
    """The key that opens it from the screen before."""
    sees: str
    """A pattern of what is on it, in one style, once it is there."""
    keys: tuple[str, ...] = ()
    """Pressed there one after the other, some rounds long: they end where they began."""
    leave: str = "q"
    then: tuple[Visit, ...] = ()
    """Screens that are opened from it."""
    is_read: bool = False
    """What it shows is read in a thread, after its first picture."""


@dataclass(frozen=True, slots=True)
class Session:
    """One start of the program."""

    name: str
    words: tuple[str, ...]
    """What follows the database on the command line."""
    paint: str
    """A pattern of its first picture with anything on it."""
    first: Visit


HELP: Final = Visit("help", "?", "esc closes", ("j", " ", "g"), leave=ESCAPE)
COMPARED: Final = (" ", "G", PAGE_UP, "g", "n", "p", "D", " ", "G", "g", "D", "}", "}", "{", "{")
COMPARISON: Final = Visit("comparison", "v", "Recorded and today", (*COMPARED, "c", "C"), then=())
COPYING: Final = Visit("copying", "Y", "replay show, as a command", ("j", "k", "G", "g"))
OF_A_STEP: Final = (
    COMPARISON,
    COPYING,
    Visit("labelling", "L", "labelling", ("j", "k", "n", "p")),
    Visit("replaying", "r", "recorded calls through", ("s", "s")),
    Visit("watches", "K", "Nothing is watched", ("j", "k")),
)
"""Opened on a tool call that was replayed."""


def where_from(way: str) -> Visit:
    """Return the visit of where a value came from; ``way``: the keys that lead to it."""
    sees = "  came from|nowhere before"
    return Visit("where from", way, sees, ("j", "k"), leave=f"q{TAB}", is_read=True)


def watched(expression: str) -> Visit:
    """Return a transcript with something watched, which is taken out again."""
    keys = ("n", "p", "c", "C", "j", "k")
    return Visit("watched", f"W{expression}{ENTER}", "Watches", keys, leave="Kxq", is_read=True)
