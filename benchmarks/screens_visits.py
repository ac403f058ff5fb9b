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
PAGE_UP: Final = "\x02"
_LIST: Final = ("j", "j", "k", " ", PAGE_UP, "G", "k", "g", "j")
_DETAIL: Final = (TAB, "j", " ", PAGE_UP, "G", "g", "-", "+", TAB)


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
_COMPARISON: Final = Visit(
    "comparison",
    "v",
    "Recorded and today",
    (" ", "G", PAGE_UP, "g", "n", "p", "c", "C", "D", "D", "}", "{"),
)
_COPYING: Final = Visit("copying", "Y", "curl: its model call", ("j", "k", "G", "g"))
_OF_A_STEP: Final = (
    _COMPARISON,
    _COPYING,
    Visit("labelling", "L", "labelling", ("j", "k", "n", "p")),
    Visit("replaying", "r", "recorded calls through", ("s", "s")),
    Visit("watches", "K", "Nothing is watched", ("j", "k")),
)
"""Opened on a tool call that was replayed."""
_FROM: Final = (
    Visit(
        "where from",
        f"4{TAB}gjw",
        "came from|looking where|nowhere before",
        ("j", "k"),
        leave=f"q{TAB}",
    ),
)
"""Of the first value of the response."""
_METRICS: Final = Visit(
    "metrics", "m", "Metrics", ("j", "k", "G", "g", "s", "s", "S", "S", "]", "[", TAB, "j", TAB)
)
_SCHEMAS: Final = Visit(
    "schemas", "v", "models saw", ("j", "k", "]", "[", "<", ">", "n", "p", "D", "D", "t", "z", "z")
)

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
                Visit("facets", "x", "What there is", ("j", "k", "]", "[", "G", "g")),
                _METRICS,
                _SCHEMAS,
                Visit("breakpoints", "B", "No breakpoints", ("j", "k")),
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
            then=(_HELP, *_OF_A_STEP, *_FROM),
        ),
    ),
    Session(
        "ten thousand steps, the last ones",
        (LONG,),
        "opening|Traces|Steps",
        Visit(
            "transcript",
            "",
            "stopped at",
            ("G", *"kpMmTt1234567", "1", *_DETAIL, "g", "G"),
            then=_FROM,
        ),
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
            then=(_HELP, _COMPARISON, _COPYING),
        ),
    ),
)
