"""One trace through today's tools: its calls in recorded order, in one fresh world.

Calls of one model output that overlapped when they were recorded run together, each in its own task
with its own cassette, clock and draws, and started as much later than the first one as it was then;
plain functions on threads that take turns, which `dispatch` gives them in production too. Calls
that did not overlap, or of which no times are known, run one after the other, unless one of the
tools is async: then all calls of the output run together. A call that goes out runs alone: the
guards are open for the whole process.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from cassettes import kernel
from cassettes.errors import InteractionFormatError
from cassettes.world.temporary import temporary_folder
from cassettes.world.turns import here
from replay.records import CallResult, JsonObject, Outcome, Stage
from replay.records.replays import GAP, LONG_WAIT_MS
from replay.replayer.apart import NotCarried, run_apart
from replay.replayer.cassette_of import STAGE, WAITED, CallCassette
from replay.replayer.channel import Channel
from replay.replayer.known_again import KnownAgain
from replay.replayer.recorded_answer import older_response, recorded_outcome
from replay.replayer.sandbox import holding
from replay.replayer.scratch import scratch_folder
from replay.replayer.snapshots import WorldNotPortable
from replay.replayer.trace_world import TraceWorld
from replay.replayer.turn import (
    Attended,
    Turn,
    call_error,
    ended_the_agent,
    overlap_of,
    told_of,
    within_limits,
)
from replay.replayer.warm_world import WarmWorld
from replay.tools.call import run_call, run_call_sync
from replay.tools.observer import StateView, see_states_through

if TYPE_CHECKING:
    from replay.store.redaction import Redaction


class TraceRunner:
    """Runs the traces of one worker, one at a time."""

    def __init__(
        self,
        toolbox: Any,
        channel: Channel,
        warm: WarmWorld | None = None,
        *,
        apart: bool = False,
        loose: Sequence[str] = (),
        redaction: Callable[[bool | list[str]], Redaction | None] = lambda masked: None,
    ) -> None:
        """``warm``: a world made ahead, which this process has to itself.

        ``apart``: this process forks for each group of calls, and runs none itself. ``loose``:
        tools whose changed requests are answered by the recorded one in their place.
        """
        self.loose = loose
        self.redaction = redaction
        self.toolbox = toolbox
        self.apart = apart
        self.channel = channel
        self._state_hook = toolbox.state_hook
        self.warm = warm
        self._loop: asyncio.AbstractEventLoop | None = None
        self._number = 0
        self._mark_count = 0
        self.process_id = os.getpid()

    def run(self, job: JsonObject) -> None:
        """Run one job and tell the pool of each call; ends with the message ``end``."""
        with temporary_folder(scratch_folder(job["n"])):
            self._run(job)

    def _run(self, job: JsonObject) -> None:
        self._number = job["n"]
        kernel.active().close()  # a call that was live when its process died left it open
        self.toolbox.state_hook = self._state_hook if job["shows_state"] else None
        self._tell("began")
        trace = _Trace(self, job)
        try:
            trace.home.open()
        except BaseException as error:  # noqa: BLE001 -- the user's code; the pool is told
            self._tell("world_failed", **trace.no_world(error))
            self._tell("end")
            return
        for group in job["groups"]:
            trace.run_group_apart(group) if self.apart else trace.run_group(group)
        self._tell("teardown")
        trace.home.close()
        self.channel.mark_output("")
        if self._loop is not None:
            _close_loop(self._loop)
            self._loop = None
        self._tell("end")

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The trace's event loop, made when first needed."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop

    def next_mark(self) -> str:
        """Return a name for the next piece of output, in all of the worker's life."""
        self._mark_count += 1
        return f"{self._number}.{self._mark_count}"

    def _tell(self, kind: str, **more: Any) -> None:
        self.channel.send({"t": kind, "n": self._number, **more})


class _Trace:
    """One job while it runs."""

    def __init__(self, runner: TraceRunner, job: JsonObject) -> None:
        self.runner = runner
        self.toolbox = runner.toolbox
        self.channel = runner.channel
        self.number = job["n"]
        self.trace_id = job["trace_id"]
        self.skip = set(job["skip"])
        self.reported = set(job["reported"])
        self.one_by_one = job["one_by_one"]
        self.states_of = set(job["states_of"])
        self.redaction = runner.redaction(job["redacts"])
        see_states_through(self._states_seen(job["keyed_states"]))
        self.home = TraceWorld(
            runner.toolbox,
            job,
            runner.channel,
            warm=runner.warm,
            redaction=self.redaction,
            loop=lambda: runner.loop,
        )
        self.turn: Turn | None = None
        self._learned_version = 0
        self.began: tuple[float, int] | None = None
        """When the first call began, and where virtual time was then."""
        self.has_late_threads = False
        """Whether a call passed its deadline: its thread may run on."""

    def _states_seen(self, keyed: JsonObject | None) -> StateView | None:
        """Return what the states of the trace are seen through; None: as they are."""
        if keyed is None:
            return self.redaction
        from replay.store.keyed_states import KeyedStates, key_mark

        if self.redaction is None or keyed["key"] not in (None, key_mark(self.redaction.key)):
            self.toolbox.state_hook = None  # nothing made here can be compared with them
            return None
        return KeyedStates(self.redaction.key, self.runner.redaction(keyed["seen"]))

    def no_world(self, error: BaseException) -> JsonObject:
        """Return what the pool is told of a world that could not be made: masked as calls are."""
        told: JsonObject = call_error(error).model_dump()
        if self.redaction is not None:
            told = self.redaction.redactor.json(told)
        return {"error": told, "start_is_masked": self.home.start_is_masked}

    def run_group(self, group: list[JsonObject]) -> None:
        """Run the calls of one model output."""
        todo = [order for order in group if order["call"]["id"] not in self.skip]
        self.turn = Turn(group, todo)
        if len(todo) > 1 and not self._alone(todo) and any(map(self._is_async, todo)):
            self._run_beside(group)
            return
        for _, overlap in itertools.groupby(group, key=overlap_of):
            self._run_beside(list(overlap))

    def _run_beside(self, orders: list[JsonObject]) -> None:
        """Run calls that have their time in common: together, unless that broke the process."""
        self._let_late_threads_run(orders[0]["at"])
        for order in orders:
            self.home.snapshot(order["call"]["id"])
        todo = [order for order in orders if order["call"]["id"] not in self.skip]
        world = next((order["world"] for order in orders if order["world"] is not None), None)
        if world is not None and not self._take_world(world, todo):
            return
        if len(todo) > 1 and not self._alone(todo):
            self.runner.loop.run_until_complete(self._together(todo))
            return
        for order in todo:
            if self._is_async(order):
                self.runner.loop.run_until_complete(self._run_async(order))
            else:
                self._run(order)

    def _alone(self, orders: list[JsonObject]) -> bool:
        """Whether calls run one by one, although they were recorded at the same time."""
        return self.one_by_one or any(order["live"] for order in orders)

    def _let_late_threads_run(self, at: float | None) -> None:
        """Let the time pass that was between the calls, where a tool outlived its deadline.

        Nothing can stop its thread: it does the rest at its own moment, as in production.
        """
        turns = here().turns
        if at is None:
            return
        if self.began is None:
            self.began = (at, turns.now_ns)
        if not self.has_late_threads or not turns.has_others:
            return
        began_at, began_ns = self.began
        ahead_s = at - began_at - (turns.now_ns - began_ns) / 1e9
        if ahead_s > 0:
            with self.home.aside("between calls"):
                time.sleep(min(ahead_s, _LATE_S_MAX))

    def run_group_apart(self, group: list[JsonObject]) -> None:
        """Run the calls of one model output in a fork; only the world comes back from it."""
        for order in group:
            self.home.snapshot(order["call"]["id"])
        if isinstance(self.home.world, NotCarried):
            for order in group:
                self._done(order, {"result": None, "note": _NOT_APART + self.home.world.why})
            return
        self.channel.flush()
        self.runner._mark_count += len(group)
        self.home.world = run_apart(lambda: self._run_in_fork(group), lambda: self.home.world)

    def _run_in_fork(self, group: list[JsonObject]) -> None:
        self.runner.process_id = os.getpid()
        self.runner._loop = None
        self.runner._mark_count -= len(group)
        self.run_group(group)
        self.channel.flush()

    async def _together(self, todo: list[JsonObject]) -> None:
        known = [order["at"] for order in todo if order["at"] is not None]
        first = min(known, default=0.0)
        await asyncio.gather(*(self._in_its_time(order, first) for order in todo))

    async def _in_its_time(self, order: JsonObject, first: float) -> None:
        """Run a call as long after the group's first one as it began when it was recorded."""
        if order["at"] is not None:
            await asyncio.sleep(order["at"] - first)  # virtual: it costs nothing
        await self._run_async(order, alone=False)

    def _is_async(self, order: JsonObject) -> bool:
        tool = self.toolbox.find(order["call"]["tool"], order["call"].get("actor", "assistant"))
        return tool is not None and needs_loop(tool)

    def _take_world(self, path: str, orders: list[JsonObject]) -> bool:
        """Put the world in place that calls are to run on; False when it cannot be had."""
        try:
            self.home.take(path)
        except WorldNotPortable as error:
            for order in orders:
                self._done(order, {"result": None, "note": str(error)})
            return False
        return True

    def _run(self, order: JsonObject, *, alone: bool = True) -> None:
        attended = self._begun(order, alone=alone)
        if attended is not None:
            with self._attended(attended, alone=alone):
                attended.result = run_call_sync(self.toolbox, **attended.arguments)

    async def _run_async(self, order: JsonObject, *, alone: bool = True) -> None:
        turn = self.turn
        assert turn is not None
        if not self._is_async(order) and not turn.overlaps(order):
            with _no_loop_in_sight():
                self._run(order, alone=alone)
            return
        attended = self._begun(order, alone=alone)
        if attended is not None:
            with self._attended(attended, alone=alone):
                attended.result = await run_call(self.toolbox, **attended.arguments)

    def _begun(self, order: JsonObject, *, alone: bool) -> Attended | None:
        """Return a call with its cassette; None, and the pool is told why: that cannot be read."""
        turn = self.turn
        assert turn is not None
        self.channel.send({"t": "begin", "n": self.number, "call": order["call"]["id"]})
        redactor = None if self.redaction is None else self.redaction.redactor
        if redactor is not None:
            redactor.recognise([order["call"], order["interactions"], order["spare"]])
        if self.home.known is not None:
            order = _as_it_was(order, self.home.known)
        if self.home.marked is not None:
            order = {**order, "call": self.home.marked.call(order["call"])}
        self._tell_learned()
        tool = order["call"]["tool"]
        loose = any(fnmatchcase(tool, glob) for glob in self.runner.loose)
        try:
            if turn.unreadable is not None:
                raise turn.unreadable
            cassette = CallCassette(order, turn.spare, redactor, loose=loose)
        except InteractionFormatError as error:
            turn.leave_out(order)
            self._done(order, _unreadable(order, error), alone=alone)
            return None
        return Attended(order, cassette, self.home.world, self.trace_id)

    @contextlib.contextmanager
    def _attended(self, attended: Attended, *, alone: bool) -> Iterator[None]:
        """Hold a call's cassette, clock and draws; tell the pool how it ended."""
        order, cassette = attended.order, attended.cassette
        state_before = self.home.start_state()
        self.home.begin_change()
        holding.begin_call()
        began_ns = here().turns.now_ns
        try:
            with cassette.held():
                yield
        except BaseException as error:  # noqa: BLE001 -- what ends the agent costs that call only
            attended.result = ended_the_agent(order["call"]["tool"], error)
        result = attended.result = within_limits(attended.result)
        if os.getpid() != self.runner.process_id:
            os._exit(0)  # the tool forked: this is its child, and the answer is its parent's
        assert result is not None
        self.has_late_threads |= result.outcome is Outcome.TIMEOUT
        told = self._told(order, result, cassette, state_before)
        waited_ns = here().turns.now_ns - began_ns
        if waited_ns >= LONG_WAIT_MS * 1e6:
            told["waited_ms"] = waited_ns / 1e6
        if order["is_watched"]:
            told["sources"] = _watched(result, cassette, waited_ns)
        self._done(order, told, alone=alone)

    def _told(
        self,
        order: JsonObject,
        result: CallResult,
        cassette: CallCassette,
        state_before: str | None,
    ) -> JsonObject:
        """Return what the pool is told of a call that has ended."""
        call, turn = order["call"], self.turn
        assert turn is not None
        older = older_response(self.toolbox, call, result)  # it notes in the result what it did
        told = {
            "result": told_of(result, with_state=turn.is_last_to_end(order)),
            "recorded_response": older,
            "schema_errors": result.schema_errors,
            "outside": turn.report(cassette.outside()),
            "recorded_outcome": recorded_outcome(self.toolbox, call, result),
            **cassette.told(),
            **({} if state_before is None else {"state_before": state_before}),
        }
        if self.home.known is not None:
            self.home.known.hear(result.response)
        if self.redaction is not None:
            from replay.store.redaction import redacted_answer

            told = redacted_answer(self.redaction, told)
        if self.home.marked is not None:
            self.home.marked.ended(call["id"])
        if call["id"] in self.states_of:
            told["state"] = self.home.state()
        told |= self.home.told_change()
        if observing := sys.modules.get("replay.replayer.shaking.observing"):
            told["sources"] = observing.sources_of(call["id"])
        return told

    def _tell_learned(self) -> None:
        """Tell the pool what else it has to take out of what tools print: it has no form."""
        if self.redaction is None or self.redaction.version == self._learned_version:
            return
        self._learned_version = self.redaction.version
        values = self.redaction.redactor.vault.learned()
        self.channel.send({"t": "learned", "n": self.number, "values": values})

    def _done(self, order: JsonObject, replayed: JsonObject, *, alone: bool = True) -> None:
        call_id = order["call"]["id"]
        mark = self.runner.next_mark()
        self.channel.mark_output(mark)
        self._tell_learned()
        if call_id in self.reported:
            replayed = {"result": None}  # the pool has it; it ran to bring the world here
        said = {
            "t": "done",
            "n": self.number,
            "mark": mark,
            "replayed": {"tool_call_id": call_id, **replayed},
        }
        # Alone, the next word of this trace follows at once and takes this one along.
        self.channel.hold(said) if alone else self.channel.send(said)


def _unreadable(order: JsonObject, error: InteractionFormatError) -> JsonObject:
    """Return what is told of a call whose recorded interactions cannot be read."""
    gap = order["may_leave_gap"]
    note = _UNREADABLE.format(tool=order["call"]["tool"], error=error)
    return {"result": None, "note": f"{note} {GAP}" if gap else note, "leaves_gap": gap}


_UNREADABLE: Final = (
    "Not replayed: what {tool} asked of the outside world was stored in a form that cannot be "
    "read, so nothing is there to answer it with. {error} Record it again, or let the recorded "
    "answer stand with --policy {tool}=recorded."
)


def _as_it_was(order: JsonObject, known: KnownAgain) -> JsonObject:
    """Return a call with what the world knows again of what it was asked and answered."""
    answered = [known.answered(one) for one in order["interactions"]]
    return {**order, "call": known.call(order["call"]), "interactions": answered}


def _watched(result: CallResult, cassette: CallCassette, waited_ns: int) -> list[JsonObject]:
    """Return what is told of a watched call: its writes, and how long its tool took."""
    ran = sum(one.duration_us for one in result.stages if one.stage is Stage.INVOKE)
    return [
        *cassette.writes(),
        {"kind": STAGE, "where": Stage.INVOKE, "value": ran},
        {"kind": WAITED, "where": "", "value": waited_ns},
    ]


_LATE_S_MAX: Final = 60.0
"""A thread that polls for ever is let run no longer than so between two calls."""


def needs_loop(tool: Any) -> bool:
    """Return whether a call of ``tool`` has something to await."""
    options = tool.options
    return bool(
        tool.is_async
        or inspect.iscoroutinefunction(options.authorize)
        or inspect.iscoroutinefunction(options.sanitize)
    )


@contextlib.contextmanager
def _no_loop_in_sight() -> Iterator[None]:
    """Let a plain function run among async ones as if on a thread: it may call ``asyncio.run``."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(running)


_NOT_APART = (
    "Not replayed: with every call in a process of its own, the world must be carried from one to "
    "the next, and this one cannot be pickled; use --isolation trace. "
)


def _close_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Close a trace's loop; what tools left running in it ends here."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    asyncio.set_event_loop(None)
    loop.close()
