"""The parts of the measurement, each with a database of its own and one session or more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import screens_odd
from benchmarks.screens_database import BIG, LONG, build
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
    sessions: tuple[Session, ...]


# -- a million calls ------------------------------------------------------------------------------

_METRICS: Final = Visit(
    "metrics", "m", "Metrics", ("j", "k", "G", "g", "s", "s", "S", "S", "]", "[", TAB, "j", TAB)
)
_SCHEMAS: Final = Visit(
    "schemas", "v", "models saw", ("j", "k", "]", "[", "<", ">", "n", "p", "D", "D", "t", "z", "z")
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
                then=(Visit("findings", ENTER, "Findings", ("j", "k", "n", "p", *DETAIL)),),
            ),
        ),
    ),
)

# -- ten thousand steps ---------------------------------------------------------------------------

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
            then=(HELP, *OF_A_STEP, where_from(f"4{TAB}gjw"), watched("response.order")),
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
            then=(where_from(f"4{TAB}gjw"),),
        ),
    ),
)

# -- five megabytes -------------------------------------------------------------------------------


def _tab(name: str, key: str, sees: str, *keys: str, then: tuple[Visit, ...] = ()) -> Visit:
    return Visit(name, key, sees, (*keys, *DETAIL, *NO_MATCH, *MATCHES), leave=_AWAY, then=then)


def _value(trace: str, words: str, payload: str, response: str, watch: str) -> Session:
    prompt = Visit("prompt", "1", "also sent", DETAIL, leave=_AWAY)
    comparison = Visit("comparison", "v", "what the model is told", (*COMPARED, *NO_MATCH))
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
            _tab("verdict", "8", "what the model is told", TAB, ".", ",", TAB),
            comparison,
            COPYING,
            watched(watch),
        ),
    )
    return Session(f"five megabytes {words}", (trace,), _ANY, transcript)


_BRANCH: Final = Session(
    "five megabytes edited",
    (BIG,),
    _ANY,
    Visit("transcript", "", _THERE, then=(Visit("what-if", "I", "makes a diff", DETAIL),)),
)
_FIVE: Final = (
    _value(BIG, "of rows", '"taken"', '"taken"', "payload.taken[7].name"),
    _value("big-nested", "deeply nested", '"branch 0"', '"branch 0"', "response['branch 1']"),
    _value("big-line", "on one line", '"text"', "order 0 was", "response"),
    _value("big-lines", "of short lines", '"text"', "0 order 0", "response"),
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
                Visit("replay runs", "r", "Replay runs", (*LIST, "/", "z", "z", ESCAPE)),
                Visit("schemas", "v", "models saw", ("j", "k", *"<<<>>>()", "n", "D", "D")),
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
    Part("million", lambda path: build(path, CALLS), (_MILLION,)),
    Part("steps", partial(build, call_count=0, has_values=False), _STEPS),
    Part("five", partial(build, call_count=0, has_long=False), _FIVE),
    Part("odd", screens_odd.build, _ODD),
)
"""In the order that they are measured in."""
