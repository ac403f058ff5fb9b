"""Answers that several cassettes may draw on.

What was asked while several pieces of work were under way, and nobody saw by which of them: any of
them may ask it again. That a read is not asked again proves nothing; of a write, see `left_writes`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from cassettes.interaction import Interaction, Key, Request
from cassettes.moments import asks_at_another_moment
from cassettes.placeholders import has_placeholder, matches_blindly

_READS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
"""Methods that HTTP calls safe: RFC 9110, section 9.2.1."""


class Spare:
    """Interactions that cassettes share: each is served once, to whoever asks first."""

    def __init__(self, interactions: Iterable[Interaction]) -> None:
        self.interactions = list(interactions)
        """By the start of each request."""
        self._queues: dict[Key, deque[Interaction]] = {}
        self._blind: list[Interaction] = []
        self._taken: set[int] = set()
        self._lock = threading.Lock()
        for one in self.interactions:
            self._queues.setdefault(one.request.key(), deque()).append(one)
            if one.request.cut is None and has_placeholder(one.request):
                self._blind.append(one)

    def take(self, request: Request, at: float | None = None) -> Interaction | None:
        """Find and reserve the answer to ``request``; None when there is none left.

        Matched as on a cassette: exactly, by the hash of a body that was cut, then blind to masked
        placeholders, then, where the work started ``at`` a known time, at another moment of it.
        """
        with self._lock:
            found = self._free(request) or self._at_another_moment(request, at)
            if found is not None:
                self._taken.add(id(found))
            return found

    def peek(self, request: Request) -> Interaction | None:
        """Return what ``take`` would serve for an exact match, reserving nothing, or None."""
        with self._lock:
            queue = self._queues.get(request.key(), ())
            return next((one for one in queue if id(one) not in self._taken), None)

    def left_writes(self) -> list[Interaction]:
        """Return what changed something when it was recorded, and nobody asked again.

        Whoever asked it then: that something is no longer changed must not go unsaid.
        """
        return [
            one
            for one in self.interactions
            if id(one) not in self._taken and _changes_something(one.request)
        ]

    def _at_another_moment(self, request: Request, at: float | None) -> Interaction | None:
        if at is None:
            return None
        for one in self.interactions:
            if id(one) not in self._taken and asks_at_another_moment(one, request, at):
                return one
        return None

    def _free(self, request: Request) -> Interaction | None:
        for key in (request.key(), request.hash_key()):
            queue = self._queues.get(key)
            while queue:
                found = queue.popleft()
                if id(found) not in self._taken:
                    return found
        for one in self._blind:
            if id(one) not in self._taken and matches_blindly(one.request, request):
                return one
        return None


def _changes_something(request: Request) -> bool:
    if request.method == "CALL":
        return request.header("x-effect") == "write"
    return request.method.upper() not in _READS
