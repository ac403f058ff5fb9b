"""A cassette: the interactions of one piece of work, recorded or played.

Recording keeps them by the start of each request. Playing finds and reserves in one atomic step,
and remembers everything that was asked, missed and never used: these are results, whatever the
tool does with the exceptions.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal, Protocol

from cassettes.copies import BODY_BYTES_MAX
from cassettes.draws import Draws, Keep, Tape
from cassettes.errors import WriteRefused
from cassettes.failures import Failure, Phase, given_up
from cassettes.headers import compare_headers
from cassettes.interaction import Interaction, Key, Request
from cassettes.matching import Difference, Miss, NearestIndex, describe_miss
from cassettes.moments import asks_at_another_moment
from cassettes.placeholders import has_placeholder, matches_blindly
from cassettes.places import place_of
from cassettes.spare import Spare

if TYPE_CHECKING:
    from cassettes.redaction import Redactor

_real_perf_counter = perf_counter


_NO_DRAWS = Draws("none")


class Held(Protocol):
    """An answer that is still being read."""

    interaction: Interaction

    def close(self) -> None:
        """Keep it as far as it was read."""


class Cassette:
    """The interactions of one tool call, or of whatever else runs inside ``freeze``.

    ``draws`` are recorded random draws, as ``Cassette.draws.to_json()`` gave them: a replay draws
    them again at the same sites. ``keep_draws`` says of which draws a recording keeps the values.

    ``record`` watches, ``replay`` answers. ``append`` answers what is on it, lets what is missing
    really go out, and keeps that too: :attr:`with_added`. With ``reads_only`` nothing that writes
    goes out, see :attr:`Request.is_write`: it raises :class:`WriteRefused`.

    ``loose`` serves the nearest unused interaction of the same method and path when nothing
    matches exactly; what differs is then part of :func:`side_effects`. Of a body over
    ``body_bytes_max`` its size, hash and first bytes are kept: such a request is matched by its
    hash, and such a response is a miss when it is asked for. After ``interactions_max`` of them no
    more are kept. ``spare`` answers what this cassette does not have. With a ``redactor``, what was
    recorded is given out without its secrets, and what a replay asks is looked up without them.
    """

    def __init__(
        self,
        name: str,
        mode: Literal["record", "replay", "append"] = "record",
        interactions: Iterable[Interaction] = (),
        *,
        draws: Mapping[str, Any] | None = None,
        loose: bool = False,
        spare: Spare | None = None,
        reads_only: bool = False,
        body_bytes_max: int = BODY_BYTES_MAX,
        interactions_max: int | None = None,
        keep_draws: Keep = "uuid",
        redactor: Redactor | None = None,
    ) -> None:
        if mode not in ("record", "replay", "append"):
            raise ValueError(f'A cassette\'s mode is "record", "replay" or "append", not {mode!r}.')
        self.name = name
        self.mode = mode
        self.loose = loose
        self.spare = spare
        self.body_bytes_max = body_bytes_max
        self.interactions_max = interactions_max
        self.redactor = redactor
        self.at: float | None = None
        """Replay: when the work started, in UTC epoch seconds, where its clock is held."""
        self.is_replay = mode != "record"
        """Whether requests are answered from it."""
        self.goes_out = mode != "replay"
        """Whether requests that it does not answer really go out, and are kept."""
        self.reads_only = reads_only
        self.is_on_virtual_time = False
        """Whether what goes out is timed by the clock of a frozen scope, where no answer takes
        time: a replay then meets the same moments."""
        self.is_open = True
        self.late_count = 0
        """Requests made after the scope was left, by threads that outlived it, or beyond
        ``interactions_max``; not recorded."""
        self.draws = Draws(keep_draws) if mode == "record" else _NO_DRAWS
        """Recording: the random draws."""
        self.tape = None if draws is None else Tape(draws)
        """Replay: the recorded draws; None where the recording says nothing of draws."""
        self.new_draw_count = 0
        """Replay: draws that were not recorded."""
        self._keep_books()
        self._lay_out(interactions)

    def _keep_books(self) -> None:
        """Begin the lists of what a replay finds out."""
        self.played: list[Interaction] = []
        """Replay: what was served, in the order it was asked."""
        self.misses: list[Miss] = []
        """Replay: what was asked and is not on the cassette, also when the tool swallowed it."""
        self.asked: list[str] = []
        """Replay: every request in one line, by its start."""
        self.drifted: list[tuple[Interaction, Request]] = []
        """Replay with ``loose``: served although the request differs."""
        self.headed: list[tuple[Request, list[Difference]]] = []
        """Replay: served although headers differ that an application sets on purpose."""
        self.live: list[str] = []
        """Replay: requests that went out, because their address is allowed."""
        self.touched: dict[str, None] = {}
        """Replay: what was real after all, in order: ``writes ledger.txt``."""
        self._labelled: set[tuple[str, str, int]] = set()
        self.refused_writes: list[str] = []
        """With ``reads_only``: what was not sent, also when the tool swallowed it."""

    def _lay_out(self, interactions: Iterable[Interaction]) -> None:
        """Put what is recorded in order, and number what comes after it."""
        self._recorded = sorted(interactions, key=_by_start)
        self._first_new = self._recorded[-1].sequence + 1 if self._recorded else 0
        self._numbers = itertools.count(self._first_new)
        self._in_order: list[Interaction] = []
        self._pending: dict[int, Held] = {}
        self._unanswered: dict[int, Interaction] = {}
        self._lock = threading.Lock()
        self._started_at = _real_perf_counter()
        self._taken: set[int] = set()
        self._queues: dict[Key, deque[Interaction]] | None = None
        self._blind: list[Interaction] = []
        self._has_cut_requests = False
        self._nearest: NearestIndex | None = None

    def __repr__(self) -> str:
        return f"Cassette({self.name!r}, {self.mode!r}, {len(self._recorded)} interactions)"

    @property
    def interactions(self) -> list[Interaction]:
        """What is on the cassette, by the start of each request; redacted where it was recorded."""
        ordered = sorted(self._recorded, key=_by_start)
        if self.redactor is None or self.is_replay:
            return ordered
        return self.redactor.interactions(ordered)

    @property
    def unused(self) -> list[Interaction]:
        """Replay: what was recorded and never asked for, by the start of each request."""
        return [
            one
            for one in self._recorded
            if id(one) not in self._taken and one.sequence < self._first_new
        ]

    # Recording

    def open(self) -> None:
        """Start the clock of ``offset_ms``."""
        self.is_open = True
        self._started_at = _real_perf_counter()

    def close(self, *, gives_up: bool = False) -> None:
        """Keep responses that are still being read as far as they were read.

        ``gives_up``: the work did not come to its end; what still waits for an answer is kept as
        given up. (Work that has ended may have left it to a thread of its own.)
        """
        for capture in list(self._pending.values()):
            capture.close()
        for waiting in list(self._unanswered.values()) if gives_up else ():
            if waiting.request.method:  # else its client has not put it together yet
                self.keep(replace(waiting, failure=given_up()))
        self.is_open = False

    def begin(self, request: Request, via: str) -> Interaction:
        """Return a new interaction: its number is taken now, at the start of the request.

        Raises:
            WriteRefused: it writes, and the cassette lets only reads out.
        """
        self.refuse_write(request)
        offset_ms = round(self._elapsed_ms(), 3)
        begun = Interaction(request, sequence=next(self._numbers), via=via, offset_ms=offset_ms)
        self._unanswered[begun.sequence] = begun
        if self.is_replay:
            with self._lock:
                self._in_order.append(begun)
        return begun

    def refuse_write(self, request: Request) -> None:
        """Keep ``request`` from going out, where it writes and only reads may.

        Raises:
            WriteRefused: so it is.
        """
        if self.reads_only and request.is_write:
            self.refused_writes.append(request.line)
            raise WriteRefused(request.line, self.name)

    def keep(self, interaction: Interaction) -> None:
        """Put a finished interaction on the cassette."""
        self._unanswered.pop(interaction.sequence, None)
        interaction.duration_ms = self._since(interaction)
        interaction.keep_within(self.body_bytes_max)
        is_full = self.interactions_max is not None and len(self._recorded) >= self.interactions_max
        if self.is_open and not is_full:
            self._recorded.append(interaction)
        else:
            self.late_count += 1

    def _since(self, interaction: Interaction) -> float:
        return round(max(0.0, self._elapsed_ms() - interaction.offset_ms), 3)

    def _elapsed_ms(self) -> float:
        """Time since the cassette was entered: on the scope's clock where there is one."""
        if self.is_on_virtual_time:
            from cassettes.scope import current

            scope = current.get()
            if scope is not None and scope.clock is not None:
                return scope.clock.elapsed_ns / 1e6
        return (_real_perf_counter() - self._started_at) * 1000

    def keep_failure(
        self, interaction: Interaction, error: BaseException, phase: Phase = "request"
    ) -> None:
        """Put an interaction on the cassette that ended in ``error``."""
        interaction.failure = Failure.of(error, phase)
        self.keep(interaction)

    def hold(self, capture: Held) -> None:
        """Remember a response that is being read, and when it began."""
        self._unanswered.pop(capture.interaction.sequence, None)
        capture.interaction.head_ms = self._since(capture.interaction)
        self._pending[capture.interaction.sequence] = capture

    def release(self, capture: Held) -> None:
        """Keep the interaction of a response that was read."""
        self._pending.pop(capture.interaction.sequence, None)
        self.keep(capture.interaction)

    @property
    def with_added(self) -> list[Interaction]:
        """``append``: all that is on it, numbered anew in the order in which it was asked."""
        from cassettes.appending import in_asked_order

        ordered = in_asked_order(
            self._recorded,
            self._in_order,
            old=self._first_new,
            on_one_clock=self.is_on_virtual_time,
        )
        return ordered if self.redactor is None else self.redactor.interactions(ordered)

    # Playing

    def take(self, request: Request) -> Interaction | None:
        """Find and reserve the interaction that answers ``request``; None when there is none.

        Exact matches first, then those that differ only where a secret was masked, then those that
        only tell another moment of the same work, then the ``spare`` ones, then (with ``loose``)
        the nearest of the same method and path. Each is served once.
        """
        sent, request = request, self._redacted(request)
        key = request.key()
        with self._lock:
            self.asked.append(request.line)
            found = self._take_exact(key)
            if found is None and self._has_cut_requests and sent.body:
                found = self._take_exact((*request.key()[:2], sent.hash_key()[2]))
            found = found or self._take_blind(request)
            found = found or self._take_at_another_moment(request)
            if found is None and self.spare is not None:
                spare = self.spare.take(request, self.at)
                if spare is not None:
                    return spare
            if found is None and self.loose:
                found = self._take_loose(request)
            if found is not None:
                self._taken.add(id(found))
                self.played.append(found)
                self._in_order.append(found)
                if differences := list(compare_headers(found.request, request)):
                    self.headed.append((request, differences))
            return found

    def peek(self, request: Request) -> Interaction | None:
        """Return what ``take`` would serve for an exact match, reserving nothing, or None."""
        request = self._redacted(request)
        with self._lock:
            queues = self._queues if self._queues is not None else self._index()
            queue = queues.get(request.key(), ())
            found = next((one for one in queue if not self._used(one)), None)
            if found is None and self.spare is not None:
                return self.spare.peek(request)
            return found

    def miss(self, request: Request) -> Miss:
        """Keep that ``request`` has no answer, and say what comes nearest."""
        request = self._redacted(request)
        with self._lock:
            near = self._nearest_index()
            found = near.nearest(request, self._taken)
            miss = describe_miss(request, found, is_used=found is not None and self._used(found))
            self.misses.append(miss)
            return miss

    def cannot_play(self, request: Request, found: Interaction, why: str = "") -> Miss:
        """Keep that the answer to ``request`` is not there whole: too long, if not ``why``."""
        assert found.response is not None
        cut = found.response.cut
        if not why and cut is not None and cut.why:
            why = f"It was recorded, but its answer ({cut}) was not kept: {cut.why}."
        why = why or (
            f"It was recorded, but its answer ({cut}) was over the cassette's "
            "limit: only its first bytes were kept. Record it with a larger body_bytes_max."
        )
        miss = Miss(self._redacted(request), found, [], why, is_partial=True)
        with self._lock:
            self.misses.append(miss)
        return miss

    def refuse(self, request: Request, why: str = "Sockets are not recorded.") -> Miss:
        """Keep that something was refused which no cassette holds: a connection, if not ``why``."""
        request = self._redacted(request)
        miss = Miss(request, None, [], why)
        with self._lock:
            self.asked.append(request.line)
            self.misses.append(miss)
        return miss

    def label(self, what: str, frame: FrameType | None, *, or_at: str = "") -> None:
        """Keep that ``what`` could not be held, with the place in the user's code.

        ``or_at`` is the place where ``frame`` has none.
        """
        if frame is not None:
            moment = what, frame.f_code.co_filename, frame.f_lineno
            if moment in self._labelled:
                return
            self._labelled.add(moment)
        place = place_of(frame) or or_at
        self.touched[f"{what} ({place})" if place else what] = None

    def let_through(self, request: Request) -> None:
        """Keep that ``request`` went out for real."""
        self.live.append(self._redacted(request).line)

    def _redacted(self, request: Request) -> Request:
        return request if self.redactor is None else self.redactor.request(request)

    def _take_exact(self, key: Key) -> Interaction | None:
        queues = self._queues if self._queues is not None else self._index()
        queue = queues.get(key)
        while queue:
            found = queue.popleft()
            if not self._used(found):
                return found
        return None

    def _index(self) -> dict[Key, deque[Interaction]]:
        queues: dict[Key, deque[Interaction]] = {}
        for one in self._recorded:
            key = one.request.key()
            if key not in queues:
                queues[key] = deque()
            queues[key].append(one)
            if one.request.cut is not None:
                self._has_cut_requests = True
            elif has_placeholder(one.request) or self._may_hold_digits(one.request):
                self._blind.append(one)
        self._queues = queues
        return queues

    def _take_blind(self, request: Request) -> Interaction | None:
        is_secret = None if self.redactor is None else self.redactor.rules.names.is_secret
        for one in self._blind:
            if not self._used(one) and matches_blindly(one.request, request, is_secret):
                return one
        return None

    def _may_hold_digits(self, request: Request) -> bool:
        """Whether a field of ``request`` may be secret digits, which show no mark when masked."""
        return self.redactor is not None and self.redactor.may_name_secrets(request)

    def _take_at_another_moment(self, request: Request) -> Interaction | None:
        """Return the interaction that differs from ``request`` only in the time that it tells."""
        if self.at is None:
            return None
        for one in self._recorded:
            if not self._used(one) and asks_at_another_moment(one, request, self.at):
                return one
        return None

    def _take_loose(self, request: Request) -> Interaction | None:
        found = self._nearest_index().same_path(request, self._taken)
        if found is not None:
            self.drifted.append((found, request))
        return found

    def _nearest_index(self) -> NearestIndex:
        if self._nearest is None:
            spare = [] if self.spare is None else self.spare.interactions
            self._nearest = NearestIndex([*self._recorded, *spare])
        return self._nearest

    def _used(self, interaction: Interaction) -> bool:
        return id(interaction) in self._taken


def _by_start(interaction: Interaction) -> int:
    return interaction.sequence
