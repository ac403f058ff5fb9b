"""Captured calls through today's validators, counted: what breaks, what is read otherwise.

Calls stream from the database to the workers and from there into the counts; nothing is kept of a
call but what it adds. Calls that gave a tool the same, to the same end, are judged once.
"""

from __future__ import annotations

import contextlib
import gc
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from replay.compatibility.changes import OnModel, SchemaChange
from replay.compatibility.rules import RULES
from replay.evidence.schema_changes import OfVersions
from replay.evidence.tallying import Counted, ToolTally
from replay.evidence.tool_evidence import ToolEvidence
from replay.records import Actor, JsonObject, JsonValue, Outcome, Selection
from replay.records.codes import UNFIT
from replay.records.schema_check import schema_errors
from replay.replayer.older_calls import versions_of_calls
from replay.replayer.questions.asking import Asking, Question
from replay.replayer.questions.compared import Captured, Compared, Terms
from replay.replayer.written_for import WrittenFor
from replay.store import Store
from replay.store.captured import CapturedCall
from replay.tools.arguments import BadJson, parse_arguments
from replay.verdicts import paths

_REMEMBERED_MAX: Final = 20_000
"""Answers that are kept for calls that gave the same; older ones are asked anew."""
_OLD_BATCH: Final = 1_000
_REPORT_EVERY: Final = 500
_BEFORE_RUNNING: Final = ("parse", "resolve", "translate", "validate")

OnProgress = Callable[[int, int], None]
"""Is told how many calls are counted, of how many."""


def evidence_for(
    store: Store,
    selection: Selection,
    changes: Sequence[SchemaChange] | None,
    asking: Asking,
    *,
    old: Asking | None = None,
    old_parameters: Mapping[str, JsonObject] | None = None,
    written_for: WrittenFor | None = None,
    of_versions: OfVersions | None = None,
    on_progress: OnProgress | None = None,
    is_stopped: Callable[[], bool] | None = None,
) -> list[ToolEvidence]:
    """Return what today's tools do to the selected calls, by tool; most affected calls first.

    Every selected call is judged, whether its tool changed or not: a validator may reject what no
    schema tells.

    Args:
        store: The captured calls.
        selection: Which of them.
        changes: How schemas differ, of any tools: all differences, or what is left out shows as
            explained by none. None: nothing was compared, and nothing is attributed.
        asking: Today's tools.
        old: The old tools. They are asked where the recording does not say how arguments were
            read: imported transcripts have no payloads.
        old_parameters: By tool, the schema that today's was compared with: it says whether
            arguments fitted where neither the recording nor ``old`` does. Nothing is attributed
            of a tool that is not among them. None: all tools were compared.
        written_for: Says which version calls were written for that were recorded without one.
            None: they are told by what they were shown.
        of_versions: Says which changes concern calls of which version, where several were
            recorded. None: all do.
        on_progress: Is told how far it is.
        is_stopped: True ends it early, with what is counted by then.

    Raises:
        WorkerError: a worker cannot be started any more.
        StoreError: the database cannot be read.
    """
    if written_for is None:
        written_for = versions_of_calls(store, asking.toolbox)
    counting = _Counting(asking, changes, old, selection, old_parameters, written_for)
    counting.of_versions = of_versions
    total = store.captured_call_count(selection) if on_progress is not None else 0
    calls = _until(store.captured_calls(selection), is_stopped)
    with _rare_collections():
        for done, _ in enumerate(counting.run(calls), start=1):
            is_due = counting.call_count == total or not done % _REPORT_EVERY
            if on_progress is not None and is_due:
                on_progress(counting.call_count, max(total, counting.call_count))
    return counting.result()


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Collect garbage seldom: remembered calls make no cycles, and each look walks all of them."""
    before = gc.get_threshold()
    if before[0]:  # 0: somebody wants none at all
        gc.set_threshold(max(before[0], 50_000), before[1], max(before[2], 50))
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _until(
    calls: Iterable[CapturedCall], is_stopped: Callable[[], bool] | None
) -> Iterator[CapturedCall]:
    for call in calls:
        if is_stopped is not None and is_stopped():
            return
        yield call


@dataclass(slots=True)
class _Group:
    """Calls that gave one tool the same, to the same end."""

    call: CapturedCall
    number: int
    accepted: bool | None
    payload: JsonValue = None
    has_payload: bool = False
    old_errors: frozenset[tuple[str, str]] = frozenset()
    models: dict[tuple[str, str], int] = field(default_factory=dict)
    """Calls that wait for the answer, by model and dialect."""
    answer: Compared | None = None
    is_counted: bool = False


class _Counting:
    """One pass over captured calls."""

    def __init__(
        self,
        asking: Asking,
        changes: Sequence[SchemaChange] | None,
        old: Asking | None,
        selection: Selection,
        old_parameters: Mapping[str, JsonObject] | None,
        written_for: WrittenFor,
    ) -> None:
        self._written_for = written_for
        self._asking = asking
        self._old_parameters = old_parameters
        self._selection = selection
        self._old = old
        self._changes = changes
        self._tallies: dict[tuple[str, Actor], ToolTally] = {}
        self._terms: dict[tuple[str, str, str | None, bool], Terms] = {}
        self._groups: OrderedDict[object, _Group] = OrderedDict()
        self._asked: deque[_Group] = deque()
        self.of_versions: OfVersions | None = None
        self.call_count = 0

    def run(self, calls: Iterable[CapturedCall]) -> Iterator[None]:
        """Count all calls; comes back after each answer."""
        for answer in self._asking.compare(self._questions(calls)):
            group = self._asked.popleft()
            group.answer = answer
            self._tally(group)
            yield

    def result(self) -> list[ToolEvidence]:
        """Return what was counted."""
        for change in self._changes or ():
            if self._is_wanted(change.tool):
                self._tally_of_tool(change.tool, "assistant")
        found = [tally.evidence() for tally in self._tallies.values()]
        return sorted(found, key=lambda one: (-one.breaks, -one.silent, -one.call_count, one.tool))

    def _questions(self, calls: Iterable[CapturedCall]) -> Iterator[Captured]:
        for group in self._with_old(self._new_groups(calls)):
            self._asked.append(group)
            yield Captured(
                self._terms_of(group.call),
                group.call.arguments,
                group.payload,
                group.has_payload,
                group.call.positional,
            )

    def _new_groups(self, calls: Iterable[CapturedCall]) -> Iterator[_Group]:
        """Return a group for each call that is not like an earlier one; count the others."""
        for number, call in enumerate(calls):
            self.call_count += 1
            group = self._groups.get(call.identity)
            is_new = group is None
            if group is None:
                if call.tool_version is None:
                    version = self._written_for.version_of(call.tool, call.toolset)
                    call = replace(call, tool_version=version)
                group = self._groups[call.identity] = _Group(call, number, _was_accepted(call))
                group.has_payload = call.payload_kind == "own"
                group.payload = call.payload
                if len(self._groups) > _REMEMBERED_MAX:
                    self._groups.popitem(last=False)
            key = call.model or "", call.dialect or ""
            group.models[key] = group.models.get(key, 0) + 1
            if is_new:
                yield group
            elif group.answer is not None:
                self._tally(group)

    def _with_old(self, groups: Iterator[_Group]) -> Iterator[_Group]:
        """Have the old tools say what the recording does not."""
        if self._old is None:
            yield from groups
            return
        while batch := list(islice(groups, _OLD_BATCH)):
            unsaid = [group for group in batch if group.call.payload_kind == "none"]
            questions = [
                Question(
                    group.call.tool,
                    group.call.arguments,
                    from_version=group.call.tool_version,
                    positional=group.call.positional,
                    actor=_actor(group.call),
                )
                for group in unsaid
            ]
            for group, judged in zip(unsaid, self._old.judge(questions), strict=True):
                group.accepted = judged.outcome is Outcome.OK
                group.old_errors = frozenset(
                    (str(error["type"]), paths.written(error["loc"])) for error in judged.errors
                )
                if group.accepted and judged.payload is not None:
                    group.payload, group.has_payload = judged.payload, True
            yield from batch

    def _terms_of(self, call: CapturedCall) -> Terms:
        is_unread = call.payload_kind == "none"
        key = call.tool, call.actor, call.tool_version, is_unread
        terms = self._terms.get(key)
        if terms is None:
            watched = self._tally_of(call).watched
            terms = Terms(call.tool, call.tool_version, _actor(call), watched, is_unread)
            self._terms[key] = terms
        return terms

    def _tally_of(self, call: CapturedCall) -> ToolTally:
        return self._tally_of_tool(call.tool, _actor(call))

    def _tally_of_tool(self, tool: str, actor: Actor) -> ToolTally:
        tally = self._tallies.get((tool, actor))
        if tally is None:
            today = self._asking.toolbox.find(tool, actor=actor)
            mine = self._changes_of(tool, is_here=today is not None)
            tally = self._tallies[tool, actor] = ToolTally(
                tool, actor, today, mine, self.of_versions
            )
        return tally

    def _changes_of(self, tool: str, *, is_here: bool) -> list[SchemaChange] | None:
        """Return the changes of a tool; None: it was not compared."""
        if self._changes is None:
            return None
        mine = [one for one in self._changes if one.tool == tool and _is_of_payloads(one)]
        if self._old_parameters is not None:
            return mine if tool in self._old_parameters else None
        # A tool that is not here, and of which nobody says that it is gone, is another agent's.
        return mine if mine or is_here else None

    def _is_wanted(self, tool: str) -> bool:
        return all(name != tool for name, _ in self._tallies) and (
            not self._selection.tools or tool in self._selection.tools
        )

    def _tally(self, group: _Group) -> None:
        assert group.answer is not None
        call = group.call
        if not group.is_counted and not group.answer.is_plain:
            self._look_at_old_schema(group)
        tally = self._tally_of(call)
        if group.answer.is_plain and group.accepted is not False:
            tally.add_same(group.models, call.tool_version or "", is_judged=not group.is_counted)
            group.models, group.is_counted = {}, True
            return
        tally.add(
            Counted(
                group.answer,
                group.accepted,
                group.old_errors,
                group.models,
                call.tool_version or "",
                (call.trace_id, call.step_number),
                group.number,
                is_judged=not group.is_counted,
            )
        )
        group.models, group.is_counted = {}, True

    def _look_at_old_schema(self, group: _Group) -> None:
        """Have the old schema say whether the arguments fitted, where nothing else does.

        Of calls that ran, too: a tool that only reports what does not fit ran them all the same.
        """
        assert group.answer is not None
        schema = (self._old_parameters or {}).get(group.call.tool)
        is_unsaid = self._old is None and group.call.payload_kind == "none"
        is_reported = group.answer.outcome is Outcome.OK and bool(group.answer.errors)
        if schema is None or group.old_errors or not (is_unsaid or is_reported):
            return
        try:
            values = parse_arguments(group.call.arguments).values
        except BadJson:
            return
        found = schema_errors(schema, values)
        group.old_errors = frozenset(
            (str(error["type"]), paths.written(error["loc"])) for error in found
        )
        if group.accepted is None:
            group.accepted = not found


def _is_of_payloads(change: SchemaChange) -> bool:
    """Return whether captured arguments can show a change: not what a tool answers, or is shown."""
    rule = RULES.get(change.rule)
    return change.on_model is not OnModel.REFUSED and (rule is None or rule.family != "result")


def _actor(call: CapturedCall) -> Actor:
    return "user" if call.actor == "user" else "assistant"


def _was_accepted(call: CapturedCall) -> bool | None:
    """Return whether a call's arguments were accepted; None: the recording does not say."""
    if call.payload_kind != "none":
        return True
    if call.outcome in UNFIT or call.stage in _BEFORE_RUNNING:
        return False
    if call.outcome == Outcome.UNFINISHED:
        return None
    is_known = call.outcome in (Outcome.OK, Outcome.REFUSED) or call.stage is not None
    return True if is_known else None
