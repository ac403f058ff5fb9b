"""One trace on its way through the lanes that its verdicts need.

Without a baseline there is one lane: today's code. With one, the old code runs the same trace; only
where the two differ does the old code run once more, writing its world down before each call in
question, and today's code runs just those calls on the old code's world. What still differs then is
the code's doing. Where nothing differs any more it was the state, and a last lane (today's code
from the old code's fresh world) tells the world's own data from what earlier calls left behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from replay.records import (
    CallVerdict,
    Cause,
    Lanes,
    ReplayedCall,
    ToolCall,
    Transcript,
)
from replay.replayer.jobs import (
    BASELINE,
    NO_WORLD,
    TODAY,
    CallOrder,
    Job,
    JobResult,
    Snapshot,
)
from replay.replayer.lane_terms import LaneTerms
from replay.replayer.plan import job_of, never_live, not_replayed, tool_calls
from replay.replayer.state_details import StatePlaces, states_differ
from replay.verdicts import GREEN, judge_trace
from replay.verdicts.reading import Reading, is_read_by_another

_START = ""
_BY_READING = frozenset({Cause.CODE, Cause.UNKNOWN, Cause.OUTSIDE, Cause.TRANSLATION})
_OLD_STATES = "old_states"
_TODAYS_STATES = "todays_states"
_OLD_ALONE = "old_alone"
_TODAYS_ALONE = "todays_alone"
_BY_STATE = frozenset({Cause.CARRIED, Cause.OUTSIDE})


@dataclass(slots=True)
class TraceLanes:
    """One trace: ``next_jobs`` says what to run, ``take`` the results, ``verdicts`` the end."""

    terms: LaneTerms
    transcript: Transcript
    _lanes: dict[str, dict[str, ReplayedCall]] = field(default_factory=dict)
    _awaited: list[str] = field(default_factory=list)
    """Lanes whose jobs are out, by name."""
    _snapshots: dict[str, Snapshot] = field(default_factory=dict)
    _differing: list[str] = field(default_factory=list)
    _is_reread: bool = False
    _places: StatePlaces = field(default_factory=StatePlaces)
    _is_tried_alone: bool = False
    _alone: dict[str, bool] = field(default_factory=dict)
    """Of calls that overlapped: whether each leaves another state when it runs alone."""
    _reread: frozenset[str] = frozenset()
    """Calls whose arguments were read as they were then, in the last lane."""
    _not_run: dict[str, ReplayedCall] = field(init=False)

    def __post_init__(self) -> None:
        """See which calls are not run."""
        self._not_run = not_replayed(self.transcript, self.terms.policies)

    def first_jobs(self) -> list[Job]:
        """Return the jobs that need nothing but the recording."""
        jobs = [self._whole("replayed", TODAY)]
        if self.terms.has_baseline:
            jobs.append(self._whole("baseline", BASELINE))
        return jobs

    def take(self, result: JobResult) -> list[Job]:
        """Take what came back; return the jobs that it calls for, none when the trace is done."""
        name = result.job.name
        self._awaited.remove(name)
        if name == "snapshots":
            self._snapshots.update(result.snapshots)
            self.terms.shared_start.offer(result.snapshots.get(_START))
        else:
            self._lanes[name] = {**self._lanes.get(name, {}), **result.replayed}
        jobs = self._after(name)
        if not jobs and not self._awaited:
            jobs = self._as_read_then()
        if not jobs and not self._awaited:
            jobs = self._one_by_one()
        return jobs if jobs or self._awaited else self._states_apart()

    def _after(self, name: str) -> list[Job]:
        """Return the jobs that tell the code's doing from the world's."""
        if self._awaited or not self.terms.has_baseline or self.terms.stateless:
            return []
        if name in ("replayed", "baseline"):
            return self._asking_for_snapshots()
        if name == "snapshots":
            return self._on_old_states()
        return self._on_old_start() if name == "on_old_state" else []

    @property
    def is_done(self) -> bool:
        """Whether no job of this trace is out."""
        return not self._awaited

    def verdicts(self) -> list[CallVerdict]:
        """Return the verdicts that everything seen so far gives."""
        return list(self._places.told(self._judged()))

    def _judged(self) -> list[CallVerdict]:
        return judge_trace(
            self.transcript,
            self.lanes(),
            self.terms.rules,
            run_id=self.terms.run_id,
            stateless=self.terms.stateless,
            schemas=self.terms.schemas,
            worldless=self.terms.worldless,
        )

    def lanes(self) -> dict[str, Lanes]:
        """Return every replay of each call, by call id."""
        today = {**self._lanes["replayed"], **self._not_run}
        others = [name for name in self._lanes if name in Lanes.model_fields and name != "replayed"]
        return {
            call_id: Lanes(
                replayed=replayed,
                alone_leaves_another_state=self._alone.get(call_id),
                **{
                    name: self._lanes[name].get(call_id)
                    for name in others
                    if name != "as_read_then" or call_id in self._reread
                },
            )
            for call_id, replayed in today.items()
        }

    def output_of(self, call_id: str) -> str:
        """Return what today's code printed in a call."""
        replayed = self._lanes["replayed"].get(call_id)
        return "" if replayed is None else replayed.output

    def waited_longer_ms(self, call_id: str) -> float | None:
        """Return how long today's code waited in a call, where that was long and is no old habit.

        None: not long, or the old code waited as well.
        """
        today, old = (self._lanes.get(name, {}).get(call_id) for name in ("replayed", "baseline"))
        return None if today is None or (old and old.waited_ms) else today.waited_ms

    def close(self) -> None:
        """Remove the worlds that were written down for this trace."""
        for snapshot in self._snapshots.values():
            if snapshot.path is not None and snapshot is not self.terms.shared_start.snapshot:
                Path(snapshot.path).unlink(missing_ok=True)

    def _whole(self, name: str, lane: str, world: str | None = None) -> Job:
        # Once: what the other lanes ask, today's cassettes answer.
        is_first = name == "replayed"
        job = job_of(
            self.transcript,
            lane,
            has_baseline=self.terms.has_baseline,
            policies=self.terms.policies,
            live=self.terms.live_mode if is_first else never_live,
            parser=self.terms.parser if lane == TODAY else "",
        )
        job.name, job.world = name, world
        shared = self.terms.shared_start.snapshot
        if shared is not None and lane == TODAY and name != "replayed":
            job.kept = shared.path
        self._awaited.append(name)
        return job

    def _asking_for_snapshots(self) -> list[Job]:
        hidden = self._may_hide_an_effect()
        self._differing = [
            verdict.tool_call_id
            for verdict in self.verdicts()
            if verdict.tool_call_id in self._lanes["baseline"]
            and (verdict.verdict not in GREEN or verdict.tool_call_id in hidden)
        ]
        if not self._differing:
            return []
        shared = self.terms.shared_start.snapshot
        if shared is not None:
            self._snapshots[self._first] = shared  # nothing of this trace ran before it
        wanted = [name for name in self._starts_of_differing() if name not in self._snapshots]
        if not wanted:
            return self._on_old_states()
        job = self._whole("snapshots", BASELINE)
        job.snapshots = (*(() if shared else (_START,)), *wanted)
        job.folder = self.terms.folder
        job.shows_state = False
        return [job]

    def _may_hide_an_effect(self) -> set[str]:
        """Return the calls that changed the world while it was another one already.

        Their states differ in any case. Whether they also change it in another way shows only on
        the old code's state. Most calls only read, and leave the world as it was in both lanes.
        """
        before: dict[str, str | None] = {"replayed": None, "baseline": None}
        found = set()
        for call in tool_calls(self.transcript):
            after = {name: _state_of(self._lanes[name].get(call.id)) for name in before}
            if None in after.values():
                continue
            if after["replayed"] != after["baseline"] and after != before:
                found.add(call.id)
            before = after
        return found

    def _on_old_states(self) -> list[Job]:
        job = self._whole("on_old_state", TODAY, NO_WORLD)
        groups = []
        unknown: dict[str, ReplayedCall] = {}
        for orders in (one for group in job.groups for one in _on_one_world(group)):
            if not any(order.id in self._differing for order in orders):
                continue
            snapshot = self._snapshots.get(orders[0].id)
            if snapshot is None or snapshot.path is None:
                why = snapshot.why_not if snapshot else "The old code did not come to this call."
                for order in orders:
                    unknown[order.id] = ReplayedCall(tool_call_id=order.id, result=None, note=why)
                continue
            orders[0].world = self.terms.shared_start.path_of(snapshot)
            groups.append(orders)
        self._lanes["on_old_state"] = unknown
        if not groups:
            self._awaited.remove("on_old_state")
            return []
        job.groups = groups
        return [job]

    def _on_old_start(self) -> list[Job]:
        by_state = {one.tool_call_id for one in self.verdicts() if one.cause in _BY_STATE}
        first = self._lanes["on_old_state"].get(self._first)
        if first is not None:
            # For the first call the old state is the old start: it has run on it already.
            self._lanes["on_old_start"] = {self._first: first}
            by_state.discard(self._first)
        start = self.terms.shared_start.snapshot or self._snapshots.get(_START)
        if not by_state or start is None or start.path is None:
            return []
        return [self._whole("on_old_start", TODAY, start.path)]

    def _as_read_then(self) -> list[Job]:
        """Return the job that reads arguments as they were read then, where today's differ.

        It tells what is done to the arguments from what is done with them.
        """
        if self._is_reread:
            return []
        self._is_reread = True
        readings = self._other_readings()
        if not readings:
            return []
        job = self._whole("as_read_then", TODAY)
        for order in (order for group in job.groups for order in group):
            reading = readings.get(order.id)
            if reading is None:
                continue
            if reading.is_translated:
                order.parser = "old"
            else:
                order.call |= {"arguments": json.dumps(reading.then), "tool_version": None}
        self._reread = frozenset(readings)
        return [job]

    def _other_readings(self) -> dict[str, Reading]:
        """Return, by id, how those differing calls are read that can be read as they were."""
        lanes = self.lanes()
        others = {
            call.id: call
            for call in tool_calls(self.transcript)
            if call.id in lanes and is_read_by_another(call, lanes[call.id])
        }
        differing = self._judged() if others else []
        return {
            call.id: reading
            for verdict in differing
            if verdict.cause in _BY_READING
            and (call := others.get(verdict.tool_call_id)) is not None
            and (reading := self.terms.schemas.reading(call, lanes[call.id])) is not None
            and (not reading.is_translated or self._has_version(call))
        }

    def _has_version(self, call: ToolCall) -> bool:
        return (call.actor, call.tool, call.tool_version) in self.terms.versions

    def _one_by_one(self) -> list[Job]:
        """Return the jobs that run overlapping calls alone, where they left another state together.

        Each runs on the state that the old code had left before the first of them: whose doing the
        difference is shows there, and where it is.
        """
        old, today = (self._lanes.pop(name, {}) for name in (_OLD_ALONE, _TODAYS_ALONE))
        both = [(old[one], today[one]) for one in old if one in today]
        self._alone |= states_differ(both)
        self._places.look_at(both)
        if self._is_tried_alone or not self.terms.has_baseline or self.terms.stateless:
            return []
        self._is_tried_alone = True
        wanted = {one.tool_call_id for one in self._judged() if one.effect_changed}
        jobs = [self._whole(_OLD_ALONE, BASELINE, NO_WORLD), self._whole(_TODAYS_ALONE, TODAY)]
        for job in jobs:
            job.world = NO_WORLD
            job.groups = [
                [order] for group in job.groups for order in self._overlapped(group, wanted)
            ]
            job.states_of = tuple(job.call_ids())
        if jobs[0].groups:
            return jobs
        self._awaited.clear()
        return []

    def _overlapped(self, group: list[CallOrder], wanted: set[str]) -> Iterator[CallOrder]:
        """Return the calls of one model output that overlapped, if one of them is ``wanted``."""
        for part in _on_one_world(group):
            snapshot = self._snapshots.get(part[0].id)
            if snapshot is None or snapshot.path is None:
                continue
            for number in {order.overlap for order in part}:
                beside = [order for order in part if order.overlap == number]
                if len(beside) > 1 and any(order.id in wanted for order in beside):
                    for order in beside:
                        order.world = self.terms.shared_start.path_of(snapshot)
                        yield order

    def _states_apart(self) -> list[Job]:
        """Return the jobs that tell where the worlds differ after calls that make a difference."""
        if not self.terms.has_baseline or self.terms.stateless:
            return []
        old_states, todays = (self._lanes.pop(one, {}) for one in (_OLD_STATES, _TODAYS_STATES))
        self._places.look_at((old_states[one], todays[one]) for one in old_states if one in todays)
        if self._places.left is None:
            self._places.want(self.terms.details.of(self._judged()))
        wanted = self._places.some()
        if not wanted:
            return []
        old = self._whole(_OLD_STATES, BASELINE)
        today = self._on_snapshots(_TODAYS_STATES, wanted)
        if today is None:
            self._awaited.remove(_OLD_STATES)
            return self._states_apart()
        old.states_of = today.states_of = tuple(wanted)
        return [old, today]

    def _on_snapshots(self, name: str, wanted: list[str]) -> Job | None:
        """Return the job of ``wanted`` calls on the old code's worlds; None: there are none."""
        job = self._whole(name, TODAY, NO_WORLD)
        groups = []
        for orders in (one for group in job.groups for one in _on_one_world(group)):
            snapshot = self._snapshots.get(orders[0].id)
            if snapshot is None or snapshot.path is None:
                continue
            if any(order.id in wanted for order in orders):
                orders[0].world = self.terms.shared_start.path_of(snapshot)
                groups.append(orders)
        job.groups = groups
        if not groups:
            self._awaited.remove(name)
        return job if groups else None

    def _starts_of_differing(self) -> list[str]:
        """Return the calls before which the old code's world is wanted."""
        groups = self._plan().groups
        return [
            orders[0].id
            for group in groups
            for orders in _on_one_world(group)
            if any(order.id in self._differing for order in orders)
        ]

    def _plan(self) -> Job:
        return job_of(self.transcript, TODAY, policies=self.terms.policies)

    @property
    def _first(self) -> str:
        """The first call that is replayed; there is one wherever calls differ."""
        return self._plan().groups[0][0].id


def _state_of(replayed: ReplayedCall | None) -> str | None:
    return None if replayed is None or replayed.result is None else replayed.result.state_hash


def _on_one_world(group: list[CallOrder]) -> list[list[CallOrder]]:
    """Return the calls of one model output in the parts that each need a world of the old code's.

    Where calls overlapped it is one part: none of them found the world as another one left it.
    """
    overlap_count = len({order.overlap for order in group})
    return [group] if overlap_count < len(group) else [[order] for order in group]
