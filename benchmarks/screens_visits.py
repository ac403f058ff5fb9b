"""Which screens are measured, how they are reached, and which keys are pressed there.

A new screen is one more `Visit`, in the `then` of the screen that it is opened from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.screens_database import BIG, LONG

ENTER: Final = "\r"
ESCAPE: Final = "\x1b"
TAB: Final = "\t"
BACKSPACE: Final = "\x7f"
_LIST: Final = ("j", "j", "k", " ", "b", "G", "k", "g", "j")
_DETAIL: Final = (TAB, "j", " ", "b", "G", "g", "-", "+", TAB)


@dataclass(frozen=True, slots=True)
class Visit:
    """One screen."""

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


@dataclass(frozen=True, slots=True)
class Session:
    """One start of the program."""

    name: str
    words: tuple[str, ...]
    """What follows the database on the command line."""
    paint: str
    """A pattern of its first picture with anything on it."""
    first: Visit


_HELP: Final = Visit("help", "?", "esc closes", ("j", " ", "g"), leave=ESCAPE)

SESSIONS: Final = (
    Session(
        "a million calls",
        (),
        "opening|Traces",
        Visit(
            "traces",
            "",
            "big-payload",
            (*_LIST, "c", "C", "y", "/", "t", "o", ESCAPE, "F", "F"),
            then=(
                _HELP,
                Visit("transcript", ENTER, "stopped at", ("n", "p")),
                Visit(
                    "replay runs",
                    "r",
                    "Replay runs",
                    ("j", "k", "G", "g"),
                    then=(Visit("findings", ENTER, "Findings", ("j", "k", "n", "p", *_DETAIL)),),
                ),
            ),
        ),
    ),
    Session(
        "ten thousand steps",
        (LONG,),
        "opening|Traces|Steps",
        Visit(
            "transcript",
            "",
            "stopped at",
            (*_LIST, *"npcCeEmMtTsS12345678", *_DETAIL, "[", "]", "z", "z"),
            then=(_HELP,),
        ),
    ),
    Session(
        "ten thousand steps, the last ones",
        (LONG,),
        "opening|Traces|Steps",
        Visit("transcript", "", "stopped at", ("G", *"kpMmTt1234567", "1", *_DETAIL, "g")),
    ),
    Session(
        "five megabytes",
        (BIG,),
        "opening|Traces|Steps",
        Visit(
            "transcript",
            "",
            "stopped at",
            ("1", "2", *_DETAIL, "3", *_DETAIL, "4", *_DETAIL, "8", *_DETAIL, "n", "p", "p", "n"),
            then=(_HELP,),
        ),
    ),
)
