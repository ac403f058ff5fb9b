"""What the pool asks of a worker, and what comes back: one trace, or some calls of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from replay.records import JsonObject, JsonValue, ReplayedCall

if TYPE_CHECKING:
    from replay.tools.resolve import Parser

Lane: TypeAlias = str
"""Whose code runs: ``today`` or ``baseline``."""

TODAY: Lane = "today"
BASELINE: Lane = "baseline"

NO_WORLD = ""
"""``Job.world`` of a job whose calls each bring their own."""

STATE_BYTES_MAX: Final = 1 << 20
"""A larger state is not told by a worker."""


LiveMode: TypeAlias = Literal["", "record", "append"]
"""``record``: all that a call asks goes out. ``append``: what its cassette does not answer."""


@dataclass(slots=True)
class CallOrder:
    """One recorded call, as a worker needs it."""

    call: JsonObject
    """The fields of its ToolCall that a replay reads."""
    at: float | None
    """When it started, in UTC epoch seconds: where its clock starts."""
    interactions: list[JsonObject] = field(default_factory=list)
    spare: list[JsonObject] = field(default_factory=list)
    """What any call of its model output may have asked, where no tool was seen to run."""
    turn_size: int = 1
    """How many calls share ``spare``."""
    overlap: int = 0
    """Calls of one group with the same number overlapped when they were recorded."""
    world: str | None = None
    """A file with the world to run it on; None: the world as the calls before it left it."""
    live: LiveMode = ""
    """Whether what it asks really goes out."""
    real_clock: bool = False
    """Live: clock and draws are the real ones, not those of a replay."""
    reads_only: bool = False
    """Live: nothing goes out that may change something."""
    parser: Parser = ""
    """Who reads its arguments."""
    is_watched: bool = False
    """Whether the worker tells what it wrote outside and how long it took, in ``sources``."""
    may_leave_gap: bool = False
    """Whether the calls after it may miss its doing, should the worker be unable to run it."""

    @property
    def id(self) -> str:
        """The tool call's id."""
        return str(self.call["id"])

    def message(self, known: ReplayedCall | None) -> JsonObject:
        """Return the call as the worker is told it; ``known`` is its answer, where it has one."""
        call, interactions = self.call, self.interactions
        went_out = known is not None and bool(self.live)
        if known is not None and went_out:
            interactions = known.went_out
            call = {**call, "draws": known.draws} if known.draws is not None else call
        return {
            "call": call,
            "at": self.at,
            "interactions": interactions,
            "spare": self.spare,
            "turn_size": self.turn_size,
            "overlap": self.overlap,
            "world": self.world,
            "live": "" if went_out else self.live,
            "real_clock": self.real_clock,
            "reads_only": self.reads_only,
            "parser": self.parser,
            "is_watched": self.is_watched,
            "may_leave_gap": self.may_leave_gap,
        }


@dataclass(slots=True)
class Job:
    """One trace for one lane, or those calls of it that a lane is asked about."""

    lane: Lane
    trace_id: str
    start: JsonValue
    at: float | None
    groups: list[list[CallOrder]]
    """By their recorded start; the calls of one group were asked for by one model output."""
    world: str | None = None
    """A file with the world to start from; None: made fresh by the toolbox;
    ``NO_WORLD``: every call brings its own."""
    snapshots: tuple[str, ...] = ()
    """Calls before which the world is written down; ``""`` is the start of the trace."""
    folder: Path | None = None
    """Where snapshots go."""
    kept: str | None = None
    """The file of a world that many jobs start from: a warm worker reads it once."""
    shows_state: bool = True
    """False: no recorded or old state is there to compare with, and none is shown."""
    shows_start_state: bool = False
    """True: the state before the first call was recorded, and is shown too."""
    states_of: tuple[str, ...] = ()
    """Calls after which the state itself is told, not only its digest."""
    tells_world: bool = False
    """Whether each call tells what changed in the world, the first one all of it."""
    redacts: bool | list[str] = False
    """The trace was masked when it was recorded: so is what a replay of it asks and answers. Which
    kinds of personal data were, if any."""
    keyed_states: JsonObject | None = None
    """How the hashes of the trace's states were keyed when it was masked; None: they were not."""
    name: str = "replayed"
    """Which of a trace's jobs it is, for whoever asked."""

    def call_ids(self) -> list[str]:
        """Return the ids of its calls, in order."""
        return [order.id for group in self.groups for order in group]

    def message(
        self,
        number: int,
        *,
        skip: list[str],
        reported: dict[str, ReplayedCall],
        one_by_one: bool,
    ) -> JsonObject:
        """Return the job as the worker is told it.

        ``reported`` is what an earlier try has answered. It runs again to bring the world to where
        it was; what went out then does not go out twice, it is answered as it was.
        """
        return {
            "t": "job",
            "n": number,
            "trace_id": self.trace_id,
            "start": self.start,
            "at": self.at,
            "groups": [
                [order.message(reported.get(order.id)) for order in group] for group in self.groups
            ],
            "world": self.world,
            "kept": self.kept,
            "snapshots": list(self.snapshots),
            "folder": None if self.folder is None else str(self.folder),
            "shows_state": self.shows_state,
            "shows_start_state": self.shows_start_state,
            "states_of": list(self.states_of),
            "tells_world": self.tells_world,
            "redacts": self.redacts,
            "keyed_states": self.keyed_states,
            "skip": skip,
            "reported": list(reported),
            "one_by_one": one_by_one,
        }


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A world that a worker wrote down, or why it could not."""

    path: str | None
    digest: str | None = None
    why_not: str | None = None


@dataclass(slots=True)
class JobResult:
    """A job that is over, whatever became of its calls."""

    job: Job
    replayed: dict[str, ReplayedCall] = field(default_factory=dict)
    """By tool call id; every call of the job is here."""
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    """By the id of the call that follows; ``""`` is the start of the trace."""
