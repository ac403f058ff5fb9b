"""Cassettes made anew: a tool's recorded calls run live, and what they ask is kept.

Nothing is changed here: `Refresher.run` says what each call asked and was answered now, and
`Refresher.keep` puts it in the place of the old, all at once. So the old cassettes are there until
the new ones are complete.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

import cassettes
from replay.config import MaskConfig
from replay.errors import SelectionError
from replay.records import (
    Change,
    JsonObject,
    Outcome,
    Policy,
    ReplayedCall,
    Selection,
    ToolCall,
    Transcript,
)
from replay.records.codes import REJECTED
from replay.replayer.environment import place_of
from replay.replayer.jobs import TODAY, Job, LiveMode
from replay.replayer.masking import RedactionOnDemand, redaction_of_run
from replay.replayer.plan import job_of, tool_calls
from replay.replayer.policies import Policies
from replay.replayer.pool import Isolation, Pool
from replay.store import Store
from replay.store.cassettes import NewCassette
from replay.store.redaction import is_redacted
from replay.verdicts.exchanges import answer_changes

_AHEAD = 2
_UNSEEN = (
    "its tool was not seen to run when it was recorded, so nobody knows which of the calls of its "
    "model output asked what"
)
_BROKEN_OFF = frozenset({Outcome.TIMEOUT, Outcome.CRASHED, Outcome.CANCELLED})


@dataclass(slots=True)
class RefreshedCall:
    """What became of one call's cassette."""

    call: ToolCall
    exchanges: list[JsonObject] | None
    """The whole new cassette; None: the old one is better, ``why_kept`` says why."""
    why_kept: str | None = None
    draws: JsonObject | None = None
    """The random draws that belong to it; None: those of the recording."""
    added: list[str] = field(default_factory=list)
    """Requests that the old cassette does not have, in one line each."""
    removed: list[str] = field(default_factory=list)
    """Requests of the old one that were not made."""
    changes: list[tuple[str, Change]] = field(default_factory=list)
    """What a request that both have is answered otherwise."""

    @property
    def is_changed(self) -> bool:
        """Whether the new cassette says anything else than the old one."""
        return bool(self.added or self.removed or self.changes)


class Refresher:
    """Runs the recorded calls of some tools against today's services."""

    def __init__(
        self,
        store: Store,
        *,
        toolbox: str,
        tools: Collection[str],
        appends: bool = False,
        real_clock: bool = False,
        writes_of: Collection[str] = (),
        paths: Sequence[str | Path] = (),
        folder: str | Path | None = None,
        environment: Mapping[str, str] | None = None,
        jobs: int | None = None,
        deadline_ms: int = 10_000,
        allow: Sequence[str] = (),
        policies: Policies | None = None,
        mask: MaskConfig | None = None,
    ) -> None:
        """Nothing is started before ``run``.

        Args:
            store: An open database; read, and written by ``keep`` alone.
            toolbox: Today's tools.
            tools: Those that go out, by name; all others stay on their cassettes.
            appends: Answer what is recorded, and let only what is missing go out.
            real_clock: Ask at today's time and with new draws, not as a replay will ask; the draws
                are kept too.
            writes_of: Tools of ``tools`` whose requests may change something.
            paths: As for a Replayer, like all that follows.
            folder: As there.
            environment: As there.
            jobs: As there.
            deadline_ms: As there.
            allow: As there.
            policies: As there; what they let out stays in, but for ``tools``.
            mask: As there.
        """
        self.store = store
        place = place_of(toolbox, paths=paths, folder=folder, environment=environment, allow=allow)
        redacting = redaction_of_run(store, mask or MaskConfig())
        self.place = replace(place, goes_out=True, redact=redacting)
        self._redaction = RedactionOnDemand(redacting, environment)
        self.tools = frozenset(tools)
        own = dict.fromkeys(self.tools, Policy.LIVE)
        self.policies = Policies((own, *(policies or Policies()).layers))
        self.mode: LiveMode = "append" if appends else "record"
        self.real_clock = real_clock
        self.writes_of = frozenset(writes_of)
        self.jobs = jobs or os.cpu_count() or 1
        self.deadline_ms = deadline_ms

    def run(
        self,
        selection: Selection,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> list[RefreshedCall]:
        """Run the selected traces; return what became of each call of the tools, in their order.

        Raises:
            SelectionError: nothing is selected, or a tool is not in the toolbox.
            ToolboxError: the tools cannot be loaded.
        """
        trace_ids = self.store.trace_ids(selection)
        if not trace_ids:
            raise SelectionError(
                "No trace is selected: there is nothing to refresh.",
                hint="`replay cassettes list` shows what there is.",
            )
        found: dict[str, list[RefreshedCall]] = {}
        with Pool(
            {TODAY: self.place},
            jobs=self.jobs,
            deadline_s=self.deadline_ms / 1000,
            isolation=Isolation.TRACE,
        ) as pool:
            greeting = pool.wait_until_ready(TODAY)
            self.policies = self.policies.of_toolbox(greeting)
            self._refuse_unknown([tool["name"] for tool in greeting["tools"]])
            for trace_id, refreshed in self._finished(pool, iter(trace_ids)):
                found[trace_id] = refreshed
                on_progress(len(found), len(trace_ids))
        return [one for trace_id in trace_ids for one in found[trace_id]]

    def keep(self, refreshed: Sequence[RefreshedCall]) -> int:
        """Put the new cassettes in the place of the old; return how many say something else."""
        changed = {
            one.call.id: NewCassette(one.exchanges, draws=one.draws)
            for one in refreshed
            if one.exchanges is not None and one.is_changed
        }
        by = "replay cassettes refresh" + (" --append" if self.mode == "append" else "")
        self.store.replace_cassettes(changed, by=by)
        return len(changed)

    def _refuse_unknown(self, known: list[str]) -> None:
        for tool in sorted(self.tools):
            if tool not in known:
                raise SelectionError(
                    f"Today's toolbox has no tool {tool!r}: it cannot be run.",
                    nearest=next(iter(get_close_matches(tool, known, 1, cutoff=0.4)), None),
                    hint=f"There are: {', '.join(sorted(known)[:12])}.",
                )

    def _finished(
        self, pool: Pool, trace_ids: Iterator[str]
    ) -> Iterator[tuple[str, list[RefreshedCall]]]:
        under_way: dict[str, Transcript] = {}
        while True:
            while len(under_way) < _AHEAD * self.jobs:
                trace_id = next(trace_ids, None)
                if trace_id is None:
                    break
                under_way[trace_id] = self.store.transcript(trace_id, prompts=False)
                pool.submit(self._job(under_way[trace_id]))
            if not under_way:
                return
            for result in pool.wait():
                transcript = under_way.pop(result.job.trace_id)
                yield transcript.trace.id, self._refreshed(transcript, result.replayed)

    def _job(self, transcript: Transcript) -> Job:
        job = job_of(transcript, TODAY, policies=self.policies, live=self._live_mode)
        for order in (order for group in job.groups for order in group):
            order.real_clock = self.real_clock
            order.reads_only = order.call["tool"] not in self.writes_of
        return job

    def _live_mode(self, call: ToolCall) -> LiveMode:
        return self.mode if call.tool in self.tools else ""

    def _refreshed(
        self, transcript: Transcript, replayed: Mapping[str, ReplayedCall]
    ) -> list[RefreshedCall]:
        found = []
        for call in tool_calls(transcript):
            if call.tool not in self.tools:
                continue
            today = replayed.get(call.id)
            why = _why_not(call, today)
            if why is not None or today is None:
                found.append(RefreshedCall(call, None, why))
                continue
            if _ran_unseen(call, transcript):
                found.append(RefreshedCall(call, None, _UNSEEN))
                continue
            old = [one.exchange for one in transcript.interactions.get(call.id, [])]
            new = RefreshedCall(call, today.went_out, draws=today.draws)
            found.append(self._kept(_compared(new, old), is_redacted(transcript.trace.attributes)))
        return found

    def _kept(self, new: RefreshedCall, masked: bool | list[str]) -> RefreshedCall:
        """Return a new cassette masked as today's settings say; it was compared as the old is."""
        redaction = self._redaction.kept(masked, functions=False)
        if redaction is None or new.exchanges is None:
            return new
        return replace(new, exchanges=redaction.redactor.exchanges(new.exchanges))


def _ran_unseen(call: ToolCall, transcript: Transcript) -> bool:
    """Whether calls of its model output share what they asked: a new cassette would break it."""
    turn = [
        other.id
        for other in tool_calls(transcript)
        if other.id == call.id
        or (call.model_call_id is not None and other.model_call_id == call.model_call_id)
    ]
    return any(
        one.bound_by == "turn"
        for call_id in turn
        for one in transcript.interactions.get(call_id, ())
    )


def _why_not(call: ToolCall, today: ReplayedCall | None) -> str | None:
    """Return why a live run makes no better cassette than the recorded one; None: it does."""
    if today is None:
        return f"it is not run again: it ended {call.outcome} when it was recorded"
    if today.refused_writes:
        first = today.refused_writes[0]
        return f"it would send {first}, which may change something: --writes-of {call.tool}"
    if today.result is None:
        return today.note or "it was not run"
    outcome, error = today.result.outcome, today.result.error
    if outcome in _BROKEN_OFF or outcome in REJECTED:
        return f"today it ends {outcome}{': ' + error.message if error else ''}"
    if outcome is Outcome.FAILED and call.outcome is Outcome.OK:
        return f"today it fails{': ' + error.message if error else ''}"
    return None


def _compared(refreshed: RefreshedCall, old: list[JsonObject]) -> RefreshedCall:
    """Fill in what the new cassette says otherwise than the ``old`` one."""
    shadow = cassettes.Cassette("old", "replay", map(cassettes.Interaction.from_json, old))
    for exchange in refreshed.exchanges or ():
        request = cassettes.Interaction.from_json(exchange).request
        before = shadow.take(request)
        if before is None:
            refreshed.added.append(request.line)
            continue
        refreshed.changes += [
            (request.line, change) for change in answer_changes(before.to_json(), exchange)
        ]
    refreshed.removed = [one.request.line for one in shadow.unused]
    return refreshed


__all__ = ["RefreshedCall", "Refresher"]
