"""The cassette that one replayed call runs on: frozen, live, or appending."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import cassettes
from cassettes.live import going_out, live_effects
from replay.records import JsonObject, Policy
from replay.replayer.jobs import LiveMode
from replay.replayer.outside import not_frozen_note, outside_report, take_strays

if TYPE_CHECKING:
    from cassettes.redaction import Redactor


WRITE: Final = "write"
WAITED: Final = "waited"
STAGE: Final = "stage"
"""Kinds of what a watched call tells in ``sources``: requests that write, virtual nanoseconds that
it slept or waited, and real microseconds of its tool."""

_KEYS: Final = ("idempotency-key", "x-idempotency-key", "x-request-id")


def _key(request: cassettes.Request) -> str | None:
    return next((found for name in _KEYS if (found := request.header(name))), None)


class _Watched(cassettes.Cassette):
    """A cassette that remembers each request whole, headers included."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.requests: list[cassettes.Request] = []

    def take(self, request: cassettes.Request) -> cassettes.Interaction | None:
        self.requests.append(request)
        return super().take(request)


class CallCassette:
    """What one call asks of the outside, and what is told of it when the call is over."""

    def __init__(
        self,
        order: JsonObject,
        spare: cassettes.Spare | None = None,
        redactor: Redactor | None = None,
        *,
        loose: bool = False,
    ) -> None:
        """``order`` is the call as the worker was told it; ``spare`` is its model output's.

        ``redactor`` keeps secrets out of what is told, and finds what was recorded without them.
        """
        self._call_id: str = order["call"]["id"]
        self._at: float | None = order["at"]
        self._recorded = [cassettes.Interaction.from_json(one) for one in order["interactions"]]
        self._live: LiveMode = order["live"]
        self._real_clock: bool = order["real_clock"]
        kind = _Watched if order["is_watched"] else cassettes.Cassette
        self._cassette = kind(
            self._call_id,
            mode=self._live or "replay",
            interactions=() if self._live == "record" else self._recorded,
            redactor=redactor,
            loose=loose and not self._live,
            spare=None if self._live == "record" else spare,
            draws=order["call"].get("draws"),
            reads_only=order["reads_only"],
        )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold cassette, clock and draws, and open the guards for a live call, while it runs."""
        if not self._live:
            with cassettes.freeze(self._cassette, at=self._at, seed=self._call_id):
                yield
        elif self._real_clock:
            with going_out(self._cassette):
                yield
        else:  # it asks what a replay of it will ask
            with going_out(self._cassette, at=self._at, seed=self._call_id):
                yield

    def outside(self) -> JsonObject:
        """Return what it asked and every difference, as an OutsideReport's fields."""
        if not self._live:
            return outside_report(self._cassette)
        take_strays(self._cassette)
        effects = live_effects(self._recorded, self._cassette)
        return {"asked": effects.asked, "changes": [asdict(change) for change in effects.changes]}

    def writes(self) -> list[JsonObject]:
        """Return each request that may have changed something, with its idempotency key or None."""
        asked = self._cassette.requests if isinstance(self._cassette, _Watched) else []
        return [
            {"kind": WRITE, "where": one.line, "value": _key(one)} for one in asked if one.is_write
        ]

    def told(self) -> JsonObject:
        """Return what else a ReplayedCall says of it."""
        told: JsonObject = {"note": not_frozen_note(self._cassette)}
        if not self._live:
            return told
        is_whole = self._live == "append"
        asked = self._cassette.with_added if is_whole else self._cassette.interactions
        return {
            **told,
            "policy": Policy.LIVE,
            "went_out": [one.to_json() for one in asked],
            "draws": self._cassette.draws.to_json() if self._real_clock else None,
            "refused_writes": self._cassette.refused_writes,
        }
