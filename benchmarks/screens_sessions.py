"""The parts of the measurement, each with a database of its own and one session or more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import screens_odd
from benchmarks.screens_database import BIG, LONG, build
from benchmarks.screens_elsewhere import Opening
from benchmarks.screens_values import VALUES
from benchmarks.screens_visits import (
    COMPARED,
    COPYING,
    DETAIL,
    ENTER,
    ESCAPE,
    HELP,
    LIST,
    MATCHES,
    NO_MATCH,
    OF_A_STEP,
    TAB,
    Session,
    Visit,
    watched,
    where_from,
)

CALLS: Final = 1_000_000
_ANY: Final = "opening|Traces|Steps"
_THERE: Final = "stopped at"
_AWAY: Final = "6pn"
"""Another tab, another step, and back: what was read of this one is let go of."""


@dataclass(frozen=True, slots=True)
class Part:
    """One database, and what is measured on it."""

    name: str
    make: Callable[[Path], None]
    rounds: int
    """How often each key is pressed: where there are many, less often."""
    sessions: tuple[Session, ...]
    pilot: tuple[Opening, ...]


# -- a million calls ------------------------------------------------------------------------------

_METRICS: Final = Visit(
    "metrics", "m", "Metrics", ("j", "k", "G", "g", "s", "s", "S", "S", "]", "[", TAB, "j", TAB)
)
_SCHEMAS: Final = Visit(
    "schemas",
    "v",
    "shown to models",
    ("j", "k", "]", "[", "<", ">", "n", "p", "D", "D", "t", "z", "z"),
)
_MILLION: Final = Session(
    "a million calls",
    (),
    "opening|Traces",
    Visit(
        "traces",
        "",
        "big-payload",
        (*LIST, "c", "C", "y", "/", "t", "o", ESCAPE, "F", "F"),
        then=(
            HELP,
            Visit("facets", "x", "What there is", ("j", "k", "]", "[", "G", "g")),
            _METRICS,
            _SCHEMAS,
            Visit("breakpoints", "B", "No breakpoints", ("j", "k")),
            Visit("transcript", ENTER, _THERE, ("n", "p")),
            Visit(
                "replay runs",
                "r",
                "Replay runs",
                ("j", "k", "G", "g"),
                then=(Visit("findings", "j" + ENTER, "Findings", ("j", "k", "n", "p", *DETAIL)),),
            ),
        ),
    ),
)

# -- ten thousand steps ---------------------------------------------------------------------------

_FROM: Final = where_from(f"4{TAB}gjw")
_GO_TO: Final = (":", *"9000", ENTER, ":", "2", ENTER)
_FIND: Final = ("/", *"500", ENTER, "n", "N", ESCAPE)
_STEPS: Final = (
    Session(
        "ten thousand steps",
        (LONG,),
        _ANY,
        Visit(
            "transcript",
            "",
            _THERE,
            (*LIST, *"npcCeEmMtTsS12345678", *DETAIL, *"[]zz><uj", *"bcCb", *_GO_TO),
            then=(HELP, *OF_A_STEP, _FROM, watched("response.order")),
        ),
    ),
    Session(
        "the last of them",
        (LONG,),
        _ANY,
        Visit(
            "transcript",
            "",
            _THERE,
            ("G", *"kpMmTt12345671", *DETAIL, *NO_MATCH, "g", "G", *_FIND, "G"),
            then=(_FROM,),
        ),
    ),
)

# -- five megabytes -------------------------------------------------------------------------------


def _tab(name: str, key: str, sees: str, *keys: str, then: tuple[Visit, ...] = ()) -> Visit:
    pressed = (*keys, *DETAIL, *NO_MATCH, *MATCHES)
    return Visit(name, key, sees, pressed, leave=_AWAY, then=then, is_read=True)


def _value(
    trace: str, words: str, payload: str, response: str, changed: str, watch: str
) -> Session:
    prompt = Visit("prompt", "1", "also sent", DETAIL, leave=_AWAY, is_read=True)
    comparison = Visit("comparison", "v", changed, (*COMPARED, *NO_MATCH), is_read=True)
    transcript = Visit(
        "transcript",
        "",
        _THERE,
        (*"jknp", "c", "C"),
        then=(
            HELP,
            prompt,
            _tab("output", "2", "store_rows"),
            _tab("payload", "3", payload),
            _tab("response", "4", response, "y", then=(where_from(f"{TAB}gjw"),)),
            _tab("verdict", "8", changed, TAB, ".", ",", TAB),
            comparison,
            COPYING,
            watched(watch),
        ),
    )
    return Session(f"five megabytes {words}", (trace,), _ANY, transcript)


_EDITED: Final = Visit("what-if", "I", "equal members", DETAIL, is_read=True)
_BRANCH: Final = Session(
    "five megabytes edited", (BIG,), _ANY, Visit("transcript", "", _THERE, then=(_EDITED,))
)
_TOLD: Final = "what the model is told"
_FIVE: Final = (
    _value(BIG, "of rows", '"taken"', '"taken"', _TOLD, "payload.taken[7].name"),
    _value(
        "big-nested",
        "deeply nested",
        '"branch 0"',
        '"branch 0"',
        "another end",
        "response['branch 1']",
    ),
    _value("big-line", "on one line", '"text"', "order 0 was", _TOLD, "response"),
    _value("big-lines", "of short lines", '"text"', "0 order 0", _TOLD, "response"),
    _BRANCH,
)

# -- many of what there are few of ----------------------------------------------------------------

_ODD: Final = (
    Session(
        "ten thousand runs, 500 MB",
        (),
        "opening|Traces",
        Visit(
            "traces",
            "",
            screens_odd.PARALLEL,
            (*LIST, "/", "z", "z", ESCAPE),
            then=(
                Visit("replay runs", "r", "Replay runs", LIST),
                Visit("schemas", "v", "shown to models", ("j", "k", *"<<<>>>()", "n", "D", "D")),
                Visit("transcript", f"Gkk{ENTER}", _THERE, (*"234", *DETAIL), leave="qg"),
            ),
        ),
    ),
    Session(
        "200 calls at once",
        (screens_odd.PARALLEL,),
        _ANY,
        Visit(
            "transcript",
            "",
            _THERE,
            (*LIST, *"npeEmMtT", ">", "<", *"1234", *DETAIL, "G", "1", *DETAIL, "g"),
            then=(COPYING, where_from(f"j4{TAB}gjw")),
        ),
    ),
)

PARTS: Final = (
    Part(
        "million",
        partial(build, call_count=CALLS),
        3,
        (_MILLION,),
        (("replay runs", None, "r"), ("the next run", None, "j"), ("findings", None, "enter")),
    ),
    Part(
        "steps",
        partial(build, call_count=0, has_values=False),
        2,
        _STEPS,
        (("ten thousand steps", LONG, ""),),
    ),
    Part(
        "five",
        partial(build, call_count=0, has_long=False),
        1,
        _FIVE,
        tuple((f"five megabytes, {trace}", trace, "") for trace in VALUES),
    ),
    Part(
        "odd",
        screens_odd.build,
        2,
        _ODD,
        (("200 calls at once", screens_odd.PARALLEL, ""), ("ten thousand runs", None, "r")),
    ),
)
"""In the order that they are measured in."""
