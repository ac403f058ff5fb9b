"""The world that the calls of one trace share: made, taken from a file, looked at, taken down.

Everything of the user's that runs for it runs in a frozen world of its own, aside from the calls.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cassettes
from cassettes.world.temporary import temporary_folder
from replay.records import JsonObject, JsonValue
from replay.records.canonical import canonical_json
from replay.replayer.channel import Channel
from replay.replayer.jobs import NO_WORLD, STATE_BYTES_MAX
from replay.replayer.known_again import KnownAgain, has_placeholders
from replay.replayer.marked_again import MarkedAgain
from replay.replayer.own_data import data_of
from replay.replayer.scratch import scratch_folder
from replay.replayer.snapshots import WorldNotPortable, read_world, write_world
from replay.replayer.warm_world import WarmWorld
from replay.tools.outcome import shown_state, world_state_hash
from replay.tools.world import Session

if TYPE_CHECKING:
    from replay.replayer.world_teller import WorldTeller
    from replay.store.redaction import Redaction


class TraceWorld:
    """The world of one job."""

    def __init__(
        self,
        toolbox: Any,
        job: JsonObject,
        channel: Channel,
        *,
        warm: WarmWorld | None,
        redaction: Redaction | None,
        loop: Callable[[], asyncio.AbstractEventLoop],
    ) -> None:
        """``warm``: one made ahead; ``loop`` gives the event loop that async factories run on."""
        self.world: Any = None
        self.known: KnownAgain | None = None
        """What placeholders stand for in it; None: the job has none."""
        self.start_is_masked = False
        """Whether the world is made of placeholders that nobody knows again."""
        self._learned: KnownAgain | None = None
        """What placeholders in its start stand for, and all that was learned of them."""
        self._toolbox = toolbox
        self._channel = channel
        self._warm = warm
        self._redaction = redaction
        self._loop = loop
        self._number = job["n"]
        self._trace_id = job["trace_id"]
        self._start = job["start"]
        self._at = job["at"]
        self._file = job["world"]
        self._folder = job["folder"]
        self._snapshots = set(job["snapshots"])
        self._shows_start_state = job["shows_start_state"]
        self.marked = None if redaction is None else MarkedAgain(job, redaction)
        """What marked dates and numbers in the job stand for; None: nothing is masked."""
        self._has_placeholders = redaction is not None and (
            bool(self.marked) or has_placeholders(job, redaction.redactor)
        )
        self._session: Session | None = None
        self._teller: WorldTeller | None = None
        if job["tells_world"]:
            from replay.replayer.world_teller import WorldTeller

            self._teller = WorldTeller(toolbox)

    def open(self) -> None:
        """Make the world, or take the one that was made or written down before."""
        if self._file == NO_WORLD:
            return
        if self._file is not None:
            self.world = self._read(self._file)
        elif self._warm is not None and self._warm.is_made:
            self.world = self._warm.world
        elif self._toolbox.world_factory is not None:
            self._session = self._made(self._known_start())
            self.world = self._session.world
        self._know_again()
        self.snapshot("")

    def close(self) -> None:
        """Take the world down; what that raises changes no result any more."""
        if self._session is None:
            return
        try:
            self._take_down(self._session)
        except BaseException:  # noqa: BLE001 -- told on stderr: all calls are answered by now
            traceback.print_exc()

    def _made(self, start: JsonValue) -> Session:
        """Return a session whose world is made of ``start``."""
        session = Session(self._toolbox, start)
        with self.aside("world"):
            if self._toolbox.world_is_async:
                self._loop().run_until_complete(session.__aenter__())
            else:
                session.__enter__()
        return session

    def _take_down(self, session: Session) -> None:
        with self.aside("teardown"):
            if self._toolbox.world_is_async:
                self._loop().run_until_complete(session.__aexit__(None, None, None))
            else:
                session.__exit__(None, None, None)

    def _known_start(self) -> JsonValue:
        """Return the recorded start with what is known again of what was masked in it."""
        from replay.replayer.known_start import is_masked_start, known_start

        if self._redaction is None or not self._toolbox.world_factory.takes_start:
            return self._start
        if not is_masked_start(self._start, self._redaction.redactor):
            return self._start
        self._learned = KnownAgain(self._redaction.redactor)
        start = known_start(self._toolbox, self._start, self._learned, self._rehearse)
        self.start_is_masked = is_masked_start(start, self._redaction.redactor)
        return start

    def _rehearse(self, start: JsonValue) -> None:
        """Make a world that nobody wants, where what it writes is in nobody's way."""
        folder = scratch_folder(self._number)
        with temporary_folder(None if folder is None else f"{folder}-aside"):
            self._take_down(self._made(start))

    def aside(self, what: str) -> cassettes.freeze:
        """Return a frozen world for what is run beside the calls; it asks nothing outside."""
        cassette = cassettes.Cassette(f"{self._trace_id}#{what}", mode="replay")
        return cassettes.freeze(cassette, at=self._at, seed=f"{self._trace_id}#{what}")

    def take(self, path: str) -> None:
        """Put the world in place that was written down at ``path``.

        Raises:
            WorldNotPortable: it cannot be read back.
        """
        self.world = self._read(path)
        self._know_again()

    def snapshot(self, before: str) -> None:
        """Write the world down where the job wants it before this call; ``""``: at the start."""
        if before not in self._snapshots:
            return
        path = Path(self._folder) / f"{self._number}-{len(self._snapshots)}.pickle"
        self._snapshots.discard(before)
        told: JsonObject = {"t": "snapshot", "n": self._number, "before": before}
        try:
            told |= {"digest": write_world(self.world, path), "path": str(path)}
        except WorldNotPortable as error:
            told["why_not"] = str(error)
        self._channel.send(told)

    def start_state(self) -> str | None:
        """Return the state before the first call, once and where it was recorded; else None."""
        if not self._shows_start_state:
            return None
        self._shows_start_state = False
        with self.aside("start state"):
            return world_state_hash(self._toolbox, self.world)

    def state(self) -> JsonValue:
        """Return the world's state, masked as its call; None: too large, or not to be shown."""
        with self.aside("state"):
            state = shown_state(self._toolbox, self.world)
        encoded = canonical_json(state)
        if len(encoded) > STATE_BYTES_MAX:
            return None
        seen = None if self._redaction is None else self._redaction.seen(encoded)
        return state if seen is None else seen

    def begin_change(self) -> None:
        """Take note of the world before a call, where its changes are told."""
        if self._teller is not None:
            with self.aside("world"):
                self._teller.begin(self.world, self._redaction)

    def told_change(self) -> JsonObject:
        """Return ``world_changes`` since `begin_change`; nothing where they are not told."""
        if self._teller is None:
            return {}
        with self.aside("world"):
            return {"world_changes": self._teller.changes(self.world, self._redaction)}

    def _know_again(self) -> None:
        """Look in the world for what placeholders stand for."""
        self._look_into_world()
        if self.known is not None and self.marked:
            self.marked.look_among(self.known.texts)

    def _look_into_world(self) -> None:
        if not self._has_placeholders or self._redaction is None:
            return
        redactor, warm = self._redaction.redactor, self._warm
        if warm is not None and warm.known is not None and warm.known.is_of(redactor):
            self.known = warm.known
            if self.world is warm.world:
                return
        self.known = self.known or self._learned or KnownAgain(redactor)
        with self.aside("known again"):
            self.known.look_at(self.world, *data_of(self._toolbox))

    def _read(self, path: str) -> Any:
        return read_world(Path(path)) if self._warm is None else self._warm.take(path)
