"""What a replay run says: verdicts per call, findings per cause, approvals."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from replay.records.base import JsonObject, JsonValue, Record
from replay.records.codes import Actor, Cause, Outcome, Policy, Verdict
from replay.records.traces import CallResult

NOT_FROZEN = "Not frozen: "
"""Begins the note of a call that did something for real: ``Not frozen: writes ledger.txt``."""


LONG_WAIT_MS: Final = 1000.0
"""Shorter waits of a call are not told of, nor are waits that are longer by less than that."""

GAP = "What it did to the world is missing for the calls after it."
"""Ends the note of a call that was not run though it may have changed the world."""


class Change(Record):
    """One difference between what was recorded and what was replayed."""

    path: str
    """Where, from the root of the response: ``address.state``, ``flights[0].price``; ``""`` is the
    whole value. Keys that are not plain names are quoted: ``prices['2024-05-20']``."""
    change: Literal["added", "removed", "changed", "type_changed", "moved"]
    recorded: JsonValue = None
    replayed: JsonValue = None


class InteractionChange(Record):
    """One difference in what the call asked of the outside world."""

    change: Literal["added", "removed", "changed", "reordered", "unanswered"]
    request: str
    """The request in one line: ``POST https://api.example.com/refunds``."""
    field: str | None = None
    """The part that differs (``body.amount``, ``query.limit``), or None for the whole request."""
    recorded: JsonValue = None
    replayed: JsonValue = None
    nearest: str | None = None
    """For a miss: the nearest recorded request and why it did not match."""


class OutsideReport(Record):
    """What one replayed call asked of the outside world, against its cassette."""

    asked: list[str] = Field(default_factory=list)
    """Every request in one line, by start: ``GET https://api.example.com/orders/1``."""
    changes: list[InteractionChange] = Field(default_factory=list)
    """Misses (``unanswered``), interactions no longer asked (``removed``), reordered ones, ..."""


class ReplayedCall(Record):
    """What a worker gives back for one tool call."""

    tool_call_id: str
    result: CallResult | None
    """None: not run; ``note`` says why."""
    outside: OutsideReport = Field(default_factory=OutsideReport)
    output: str = ""
    """What the tool wrote to stdout and stderr, cut at 64 KiB."""
    note: str | None = None
    sources: list[JsonObject] = Field(default_factory=list)
    """Where it read the clock and drew (``kind``, ``where``, ``value``), in a worker that was
    looked at (``replay doctor verify``); never stored."""
    recorded_outcome: Outcome | None = None
    """The recorded answer's outcome by today's failure rule, for recordings that only say ``ok``
    because they were imported; None: as recorded."""
    state_before: str | None = None
    """Of a trace's first call, where the recording has it: the state of the world before it."""
    state: JsonValue = None
    """The world's state after it, where it was asked for and is not too large; never stored."""
    waited_ms: float | None = None
    """For how long it slept and waited for answers, by the frozen world's clock, where that was a
    second or more; never stored."""
    world_changes: list[JsonObject] | None = None
    """What changed in the world since the call that was told before, where that was asked for
    (`replay.stepping.worlds.WorldChange.to_json`); the first one begins with the world itself.
    None: not asked for, too large, or not shown; never stored."""
    schema_errors: list[JsonObject] = Field(default_factory=list)
    """pydantic's errors where today's schema would reject the payload, gating or not."""
    policy: Policy | None = None
    """How it was replayed where that was not from its cassette."""
    leaves_gap: bool = False
    """True: it was not run, and what it did to the world is missing for the calls after it."""
    went_out: list[JsonObject] = Field(default_factory=list)
    """Live: what really went out and its answers (`cassettes.Interaction.to_json`), by start; of
    a call that appends, its whole cassette afterwards."""
    draws: JsonObject | None = None
    """Live, on the real clock: the random draws it made; None: those of a replay."""
    recorded_response: str | None = None
    """The recorded response as today's version would have given it, by ``translate_result``; None:
    as recorded."""
    refused_writes: list[str] = Field(default_factory=list)
    """Live, reads only: requests that were not sent because they may change something."""


class Lanes(Record):
    """One recorded call and every replay of it that helps to tell its cause."""

    replayed: ReplayedCall
    """Today's code in today's world, after today's earlier calls."""
    baseline: ReplayedCall | None = None
    """The old code in the old world, after the old earlier calls."""
    on_old_state: ReplayedCall | None = None
    """Today's code on the world as the old code left it just before this call."""
    on_old_start: ReplayedCall | None = None
    """Today's code for the whole trace, started from the old code's fresh world."""
    as_read_then: ReplayedCall | None = None
    """Today's code for the whole trace, its arguments read as they were read then: with the
    defaults and values of that time, or by the version of that time where the toolbox has it."""
    alone_leaves_another_state: bool | None = None
    """Of a call that overlapped others: whether, run alone on the old state, today's code leaves
    another one than the old code; None: not tried, or not told."""


class CallVerdict(Record):
    """Recorded against replayed, for one tool call of one replay run."""

    kind: Literal["call_verdict"] = "call_verdict"
    run_id: str
    trace_id: str
    tool_call_id: str
    step_number: int
    tool: str
    actor: Actor = "assistant"
    model: str | None = None
    """The model version that made the call, or None."""
    verdict: Verdict
    cause: Cause | None = None
    """None for ``same``."""
    conditional: bool = False
    """True after the trace's first divergence: the model said this in a world that no longer
    holds."""
    recorded_outcome: Outcome | None = None
    replayed: CallResult | None = None
    """None when it was not run."""
    changes: list[Change] = Field(default_factory=list)
    """Differences of the response (or payload, for ``payload_changed``) that count."""
    allowed: list[Change] = Field(default_factory=list)
    """Differences that a rule allows."""
    interaction_changes: list[InteractionChange] = Field(default_factory=list)
    effect_changed: bool = False
    state_changes: list[Change] = Field(default_factory=list)
    """With a baseline, of calls that leave another state: where it differs (``recorded`` is the old
    code's), 20 places at most, long values cut."""
    perhaps_of: list[str] = Field(default_factory=list)
    """Of an effect of calls that ran in parallel, where nothing tells whose doing it is: the tools
    of the others that it may be of."""
    state_paths: list[str] = Field(default_factory=list)
    """All of these places as `Finding.paths` writes them: they identify an effect. Empty: not
    known."""
    schema_errors: list[JsonObject] = Field(default_factory=list)
    """pydantic's errors where today's schema would reject the payload, gating or not."""
    note: str | None = None
    """Why it was not run or could not be judged, or what a reader should know; else None."""
    output: str = ""
    """What the tool printed in this replay, cut short."""
    translated_response: str | None = None
    """The recorded response as today's version would have given it, which today's answer is
    compared with; None: as recorded."""
    policy: Policy | None = None
    """How it was replayed where that was not from its cassette."""
    went_out: list[str] | None = None
    """Live: every request that really went out, in one line each."""
    signature: str | None = None
    """The finding it belongs to; None for ``same``, ``equivalent`` and ``served``."""
    approved: bool = False


class Finding(Record):
    """Verdicts with one and the same cause, counted."""

    kind: Literal["finding"] = "finding"
    run_id: str
    signature: str
    """Stable identity of the cause: an approval names it."""
    tool: str
    verdict: Verdict
    cause: Cause
    title: str
    """One line: ``get_user_details: address.province is now address.state``."""
    paths: list[str] = Field(default_factory=list)
    """Differing paths with list indexes as ``[*]``, sorted, each with its sign:
    ``-address.province`` removed, ``+address.state`` added, ``~total`` changed. Of an effect: in
    the state; none where no baseline tells them."""
    error_type: str | None = None
    call_count: int
    """Calls with this cause, conditional ones included."""
    first_divergence_count: int
    """Calls where this is the first divergence of their trace."""
    trace_count: int
    tool_call_total: int
    """All replayed calls of the tool: the 'of 1,310' in a report."""
    models: dict[str, int] = Field(default_factory=dict)
    """Calls by model version."""
    example_tool_call_id: str
    example_trace_id: str
    example_step_number: int
    error_hashes: list[str] = Field(default_factory=list)
    """Of findings that end in an error: hashes of its different texts, values included, sorted; of
    more than ``ERROR_HASHES_MAX`` the smallest."""
    answers: dict[str, str] = Field(default_factory=dict)
    """Of some of its calls, by a hash of their id: a hash of everything that today answers, leaves
    behind and asks. Those with the smallest keys, ``ANSWERS_MAX`` at most: another run that has
    these calls tells by them whether they changed again."""
    starts: dict[str, str] = Field(default_factory=dict)
    """When the traces of the calls in ``answers`` started, by the same hashes."""
    newest_start: str | None = None
    """When the newest trace with a call of it started; None: not known."""
    recorded_until: str | None = None
    """When the newest trace of the whole run started; None: not known."""
    all_calls: str | None = None
    """A hash of which calls it has, whatever their order; None: not known."""
    all_answers: str | None = None
    """A hash of all these calls and their ``answers``."""
    placeless_signature: str | None = None
    """Of an effect with known paths: what its signature is in a run that cannot know them."""
    approved: bool = False
    approval_note: str | None = None
    """What an approval did not know of this finding: ``approved for 2 calls, now 3``."""


WHAT_IF: Final = "what_if_"
"""Begins the id of a replay run that is a what-if: never a trace's newest, and no judgement."""


class Edit(Record):
    """One thing that was made otherwise, to see what then happens."""

    step_number: int
    part: Literal["arguments", "response", "outside"]
    interaction: int | None = None
    """Of an ``outside`` edit: which question of the call, from 1."""
    recorded: JsonValue = None
    edited: JsonValue = None


class BranchStep(Record):
    """One tool call of an edited branch, beside what today's tools make of it unedited."""

    today: CallVerdict
    edited: CallVerdict
    """Against the recording, too; where the edit makes a difference it has no cause of its own."""
    differs: bool
    """Whether the edit makes a difference to it."""
    changes: list[Change] = Field(default_factory=list)
    """From today's response to that of the branch."""
    gone: list[str] = Field(default_factory=list)
    """Arguments that the model took from an answer which, in the branch, no longer says them."""


class Branch(Record):
    """A trace as it goes with edits: what a what-if run keeps instead of verdicts."""

    trace_id: str
    edits: list[Edit]
    steps: list[BranchStep]


class ReplayRun(Record):
    """One pass of a toolbox over a selection of traces."""

    kind: Literal["replay_run"] = "replay_run"
    id: str
    started_at: str
    ended_at: str | None = None
    status: Literal["running", "finished", "interrupted", "failed"] = "running"
    toolbox: str
    """As given on the command line: ``package.module:toolbox``."""
    code_version: str | None = None
    """git commit of the directory the tools came from, with ``+changes`` when dirty; or None."""
    python: str = ""
    baseline: str | None = None
    selection: JsonObject = Field(default_factory=dict)
    options: JsonObject = Field(default_factory=dict)
    trace_count: int = 0
    call_count: int = 0
    verdict_counts: dict[str, int] = Field(default_factory=dict)
    conditional_count: int = 0
    digest: str | None = None
    """One hash over every result in recorded order: equal for equal code and equal traces,
    whatever the worker count, hash seed or timezone. None while running."""
    coverage: JsonObject = Field(default_factory=dict)
    """Tools and outcomes that no replayed call reached."""
    exit_code: int | None = None
    sample: JsonObject = Field(default_factory=dict)
    """Of a run over a sample: ``of`` how many traces it was chosen, and how many ``kinds`` of calls
    it ``reached``; empty: every selected trace was replayed."""
    tool_sources: dict[str, JsonObject] = Field(default_factory=dict)
    """Where today's tools are, by name: ``file`` (from the root of its repository, or whole) and
    ``line``. Tools that Python knows no place of are absent."""
    branch: Branch | None = None
    """Of a what-if: the trace as it goes with the edits. Such a run has no verdicts or findings of
    its own."""

    @property
    def is_what_if(self) -> bool:
        """Whether it is a what-if, which says nothing of the recording as it is."""
        return self.id.startswith(WHAT_IF)


class Approval(Record):
    """An intended change, accepted: its finding stays green until it changes again."""

    kind: Literal["approval"] = "approval"
    signature: str
    title: str
    approved_at: str
    approved_by: str | None = None
    note: str | None = None
    call_count: int | None = None
    """The finding's calls when it was approved; None: not known, and any number is approved."""
    models: dict[str, int] = Field(default_factory=dict)
    """Those calls by model version."""
    error_hashes: list[str] = Field(default_factory=list)
    """The finding's own, when it was approved."""
    answers: dict[str, str] = Field(default_factory=dict)
    """The finding's own, when it was approved; so are the next four."""
    recorded_until: str | None = None
    all_calls: str | None = None
    all_answers: str | None = None
    placeless_signature: str | None = None
    everywhere: bool = False
    """Whether it holds for whatever other calls differ in this way, too."""
