"""What the placeholders in a trace's start stand for, learned before its world is made.

A start that names a customer is what the world's factory looks him up by, in data that are there
only once it has run. So the world is made once aside, in a fork that ends with it, of the start as
it was recorded. Whatever comes of that, its code has read today's data by then: what its functions
held and the files that it opened are looked through, and the world is made of what is known again.
All of it stays in the worker, and is the same in every replay: no trace learns from another.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from replay.records import JsonValue
from replay.replayer.apart import NotCarried, run_apart
from replay.replayer.known_again import KnownAgain, has_stand_ins
from replay.replayer.own_data import data_of
from replay.replayer.reads import Reads

if TYPE_CHECKING:
    from cassettes.redaction import Redactor

_ROUNDS_MAX: Final = 4
"""Each takes what the last one knew again: who is found by an email has a telephone number."""


def is_masked_start(start: JsonValue, redactor: Redactor) -> bool:
    """Whether something in a trace's start stands for what is masked."""
    return start is not None and has_stand_ins(_text(start), redactor)


def known_start(
    toolbox: Any,
    start: JsonValue,
    known: KnownAgain,
    make: Callable[[JsonValue], object],
) -> JsonValue:
    """Return a masked start with what is known again in it; ``known`` learns it.

    ``make`` makes a world of a start, and takes it down again: in a fork, or where threads forbid
    that in this process, whose modules then were through it once before.
    """
    known.look_at(*data_of(toolbox))
    start = _again(known, start)
    if not is_masked_start(start, known.redactor):
        return start

    def rehearse() -> None:
        nonlocal start
        start = _rehearsed(toolbox, start, known, make)

    if threading.active_count() > 1 or not hasattr(os, "fork"):
        rehearse()
        return start
    said = run_apart(rehearse, lambda: (start, known.told))
    if isinstance(said, NotCarried):
        return start
    found, told = said
    known.take_over(told)
    return found


def _rehearsed(
    toolbox: Any, start: JsonValue, known: KnownAgain, make: Callable[[JsonValue], object]
) -> JsonValue:
    for _ in range(_ROUNDS_MAX):
        with _quiet(), Reads() as reads, contextlib.suppress(BaseException):
            make(start)
        known.look_at(*data_of(toolbox), *reads.found(), whole=True)
        found = _again(known, start)
        if found == start or not is_masked_start(found, known.redactor):
            return found
        start = found
    return start


def _again(known: KnownAgain, start: JsonValue) -> JsonValue:
    """Return a start with what is known again, in keys and numbers too."""
    found: JsonValue = json.loads(known.text(_text(start)))
    return found


def _text(start: JsonValue) -> str:
    return json.dumps(start, ensure_ascii=False)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Print nothing and stop nowhere: that is done when the world is made."""
    stops, sys.breakpointhook = sys.breakpointhook, _go_on
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.breakpointhook = stops
        sys.stdout.flush()
        sys.stderr.flush()
        for name, descriptor in enumerate(kept, 1):
            os.dup2(descriptor, name)
            os.close(descriptor)
        os.close(nowhere)


def _go_on(*args: object, **named: object) -> None:
    del args, named
