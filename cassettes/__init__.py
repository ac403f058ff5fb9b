"""Record what a piece of code asks of the outside world, and play it back offline.

Useful alone::

    from cassettes import Cassette, freeze, install

    install()
    recording = Cassette("order 17")
    with freeze(recording):
        place_order(17)                    # requests, httpx, urllib3, ... as always
    replay = Cassette("order 17", mode="replay", interactions=recording.interactions)
    with freeze(replay):
        place_order(17)                    # the same answers, and no connection is opened

Any number of threads and tasks may hold cassettes of their own at once. What a replay asked
differently is a result: ``side_effects(replay)``.
"""

from __future__ import annotations

from cassettes.adapters import adapt
from cassettes.cassette import Cassette
from cassettes.errors import (
    CassetteError,
    CassetteMiss,
    Deadlock,
    EgressBlocked,
    InteractionFormatError,
    ProgramRefused,
    RecordedError,
    ValueNotKept,
    WorldNotInstalled,
    WriteRefused,
)
from cassettes.external import external
from cassettes.failures import Failure
from cassettes.hooks import install
from cassettes.interaction import Interaction, Request, Response
from cassettes.matching import Difference, Miss, compare_requests
from cassettes.scope import freeze, outside
from cassettes.side_effects import SideEffect, SideEffects, side_effects
from cassettes.spare import Spare

__all__ = [
    "Cassette",
    "CassetteError",
    "CassetteMiss",
    "Deadlock",
    "Difference",
    "EgressBlocked",
    "Failure",
    "Interaction",
    "InteractionFormatError",
    "Miss",
    "ProgramRefused",
    "RecordedError",
    "Request",
    "Response",
    "SideEffect",
    "SideEffects",
    "Spare",
    "ValueNotKept",
    "WorldNotInstalled",
    "WriteRefused",
    "adapt",
    "compare_requests",
    "external",
    "freeze",
    "install",
    "outside",
    "side_effects",
]
