"""What one replayed call asked of the outside world, against what it asked when recorded."""

from __future__ import annotations

from dataclasses import asdict

from cassettes import Cassette, side_effects
from replay.records import JsonObject


def outside_report(cassette: Cassette) -> JsonObject:
    """Return what a call that is over asked, and every difference, as an OutsideReport's fields.

    A miss counts also where the tool swallowed it, and so does a recorded request that was never
    made ("POST /refunds is no longer sent").
    """
    if not cassette.asked and not cassette.live and not cassette.unused:
        return {}
    found = side_effects(cassette)
    return {"asked": found.asked, "changes": [asdict(change) for change in found.changes]}
