"""What one replayed call asked of the outside world, against what it asked when recorded."""

from __future__ import annotations

from dataclasses import asdict

from cassettes import Cassette, Request, Spare, kernel, side_effects
from cassettes.scope import process
from replay.records import JsonObject
from replay.records.replays import NOT_FROZEN
from replay.replayer.sandbox import holding


def outside_report(cassette: Cassette) -> JsonObject:
    """Return what a call that is over asked, and every difference, as an OutsideReport's fields.

    A miss counts also where the tool swallowed it, and so does a recorded request that was never
    made ("POST /refunds is no longer sent"). What a thread without its call's scope tried
    meanwhile is this call's too: better one too many than one unsaid.
    """
    take_strays(cassette)
    if not cassette.asked and not cassette.live and not cassette.unused:
        return {}
    found = side_effects(cassette)
    return {"asked": found.asked, "changes": [asdict(change) for change in found.changes]}


def take_strays(cassette: Cassette) -> None:
    """Count for ``cassette`` what was refused to threads without their call's scope."""
    for stray in _strays():
        cassette.refuse(stray)


def leftover_report(spare: Spare) -> JsonObject:
    """Return the writes of a turn that none of its calls asked again, as an OutsideReport's fields.

    Its tools ran unseen when it was recorded: the calls, or the agent itself, have asked them then.
    """
    left = spare.left_writes()
    return {"changes": [{"change": "removed", "request": one.request.line} for one in left]}


def not_frozen_note(cassette: Cassette) -> str | None:
    """Return the note of a call that is over and did something to real files; else None."""
    acts = [act for act in cassette.touched if holding.is_real(act)]
    return NOT_FROZEN + "; ".join(acts) if acts else None


def _strays() -> list[Request]:
    found = [line.partition(" ") for line in process.strays]
    process.strays.clear()
    return [Request(method, what) for method, _, what in found] + kernel.active().refused()
