"""A call that really goes out, in a process where nothing else may."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext

from cassettes import kernel
from cassettes.cassette import Cassette
from cassettes.interaction import Interaction
from cassettes.scope import freeze
from cassettes.side_effects import ChangeKind, SideEffect, SideEffects, side_effects
from cassettes.world.virtual_loop import waiting_for_real


@contextmanager
def going_out(
    cassette: Cassette, at: float | None = None, seed: str | int | None = None
) -> Iterator[Cassette]:
    """Let the code inside reach the outside world, and keep what it asks on ``cassette``.

    The guards are open for it and for the time of the block: Python's for what runs in this scope,
    the kernel's for the whole process. So nothing else should run meanwhile. Without ``at`` and
    ``seed`` clocks, waits and draws are the real ones: a service may believe no request of last
    month's. With them it asks what a replay will ask.
    """
    waits = waiting_for_real() if at is None else nullcontext()
    with kernel.active().opened(), waits, freeze(cassette, at=at, seed=seed):
        yield cassette


def live_effects(recorded: Iterable[Interaction], live: Cassette) -> SideEffects:
    """Return what was asked on the cassette ``live`` that differs from what was ``recorded``.

    As ``side_effects`` says it of a replay, but that every request had an answer: one that is not
    recorded is ``added``, or ``changed`` where it is a recorded one in other words.
    """
    shadow = Cassette("live", "replay", recorded)
    for one in live.interactions:
        if shadow.take(one.request) is None:
            shadow.miss(one.request)
    found = side_effects(shadow)
    changes = [_answered(change) for change in found.changes]
    # Refused even so: a thread that left its scope behind.
    changes += [SideEffect("unanswered", miss.line) for miss in live.misses]
    return SideEffects(found.asked, changes)


def _answered(change: SideEffect) -> SideEffect:
    if change.change != "unanswered":
        return change
    kind: ChangeKind = "added" if change.field is None else "changed"
    return SideEffect(kind, change.request, change.field, change.recorded, change.replayed)
