"""The keys of a transcript that do something: replay, pin, approve, feedback.

Whatever runs or writes is a `replay` command of its own (`tui.jobs`); this process only reads.
"""

from __future__ import annotations

from collections.abc import Sequence

from replay.records import Finding, Pin, ReplayRun
from tui.jobs import Ended
from tui.rows.acting import Baseline, Tools, baseline_at_hand, pins_of, tools_at_hand
from tui.rows.replays import counts_of
from tui.rows.steps import StepRow
from tui.screens.asking import (
    IN_HAND,
    LEAVES_IT,
    NOT_APPROVED,
    TAKE_BACK,
    TAKES_BACK,
    reason_of,
)
from tui.screens.base import OTHER_PANE, BaseScreen
from tui.screens.replaying import ReplayingScreen, Scope, ended_parts
from tui.screens.steps import StepsScreen
from tui.views.approval_view import scope_parts
from tui.views.footer import step_keys
from tui.views.parts import Part, count, cut, printable
from tui.widgets.bars import KeyBar


class Acting(StepsScreen):
    """Replay, pin, approve, and say what is good or bad."""

    _pins: Sequence[Pin] | None = None

    def _say_status(self, row: StepRow) -> None:
        super()._say_status(row)
        self.suit_keys()

    def suit_keys(self) -> None:
        """Name the keys that do something to this step first."""
        row = self.row
        if row is None:
            super().suit_keys()
            return
        verdict = self.steps.verdicts.get(row.key) if row.kind == "tool" else None
        keys = step_keys(row, verdict)
        first = (*keys[:3], *OTHER_PANE, *keys[3:]) if self.has_class("-single") else keys
        self.query_one(KeyBar).suit(first)

    # -- replaying --------------------------------------------------------------------------------

    def action_replay(self) -> None:
        """Choose what to replay and with which tools; while one is under way: show that."""
        with self.telling_errors():
            screen = ReplayingScreen(self._scopes(), self.tools, self.baseline, self._replayed)
            self.app.push_screen(screen)

    @property
    def tools(self) -> Tools:
        """Today's tools, as they were last named."""
        return self.replay.tools or tools_at_hand(self.replay.the_database, self.steps.run)

    @property
    def baseline(self) -> Baseline:
        """The old tools, as they were last named."""
        if self.replay.baseline is not None:
            return self.replay.baseline
        return baseline_at_hand(self.replay.the_database, self.steps.run, self.tools)

    def _scopes(self) -> list[Scope]:
        trace_id = self.steps.trace.id
        scopes = [Scope(f"this trace, {trace_id}", ("--trace", trace_id))]
        shown = self.replay.shown_traces()
        if shown:
            words = tuple(word for one in shown for word in ("--trace", one))
            scopes.append(Scope(f"the {count(len(shown), 'trace')} of the list", words))
        return [
            *scopes,
            Scope("what is pinned", ("--pinned",)),
            Scope("all traces of the database", ()),
        ]

    def _replayed(self, run: ReplayRun | None) -> None:
        if run is None:
            return
        screen = self.app.screen
        if self.is_ready:
            self.run_id = None  # from now on the newest run's verdicts
            self.database_changed()
        if isinstance(screen, BaseScreen):
            with self.telling_errors():
                screen.say(*ended_parts(run, counts_of(self.replay.the_database, run)))

    # -- pins -------------------------------------------------------------------------------------

    def say_head(self, parts: Sequence[Part]) -> None:
        """Show what this is about, and what of it is pinned."""
        pins = self.pins
        if pins:
            steps = ", ".join(str(one.step_number) for one in pins if one.step_number is not None)
            is_whole = any(one.step_number is None for one in pins)
            words = "⚑ pinned" if is_whole else f"⚑ pinned: {steps}"
            parts = [*parts[:2], (f"  {words}", "accent"), *parts[2:]]
        super().say_head(parts)

    @property
    def pins(self) -> Sequence[Pin]:
        """The pins of this trace."""
        if self._pins is None:
            self._pins = pins_of(self.replay.the_database, self.steps.key)
        return self._pins

    def database_changed(self) -> None:
        """Take in pins, too."""
        with self.telling_errors():
            before, self._pins = self._pins, None
            if before is not None and list(before) != list(self.pins):
                self._say_head()
        super().database_changed()

    def action_pin(self) -> None:
        """Pin this call (on a model call: the whole trace) as a regression case, or unpin it.

        Either is asked for first: with a pin goes the reason that somebody gave for it.
        """
        row = self.row
        if row is None or not self.can_write("Pinning"):
            return
        number = row.number if row.kind == "tool" else None
        what = "the trace" if number is None else f"step {number}"
        step = [] if number is None else ["--step", str(number)]
        place = [str(self.replay.path), self.steps.trace.id, *step]
        kept = next((one for one in self.pins if one.step_number == number), None)

        def unpin(is_yes: bool) -> None:
            self.table.focus()
            if not is_yes or kept is None:
                self.say(("nothing done: it stays pinned", "dim"))
                return
            words = f"{what} is pinned no longer"
            was = f"   it was: {printable(kept.note)}" if kept.note else ""
            self._run(f"unpinning {what}", ["unpin", *place], f"{words}{was}")

        def pin(note: str | None) -> None:
            self.table.focus()
            note = reason_of(note)
            if note is None:
                self.say(("nothing done: it is not pinned", "dim"))
            else:
                more = ["--note", note] if note else []
                said = f"{what} is pinned: `replay run --pinned` replays it"
                self._run(f"pinning {what}", ["pin", *place, *more], said)

        if kept is None:
            how, typed = "enter pins, esc does not", self.replay.typed["why"]
            self.prompt.ask(f"pin {what}: why?", on_done=pin, placeholder=how, typed=typed)
        else:
            by = f" by {kept.pinned_by}" if kept.pinned_by else ""
            why = f": {kept.note}" if kept.note else ", no reason given"
            words = printable(f"pinned{by}, {kept.pinned_at[:10]}{why}")
            self.say(("⚑ ", "accent"), (cut(words, max(16, self.size.width - 4)), ""))
            stays = "leave it pinned"
            self.prompt.ask_yes_no(f"unpin {what}?", on_answer=unpin, yes="unpin it", no=stays)

    # -- approving --------------------------------------------------------------------------------

    def action_approve(self) -> None:
        """Accept what differs in this call as meant; what is approved: take that back."""
        if not self.can_write("Approving"):
            return
        verdict = self.detail.verdict if self.detail else None
        signature = verdict.signature if verdict is not None else None
        if signature is not None and self.replay.jobs.is_doing("approve", signature):
            self._stay(IN_HAND)
            return
        if verdict is not None and verdict.approved and verdict.signature is not None:
            self._ask_to_take_back(verdict.signature)
            return
        if not self._can_be_approved():
            self.replay.typed_ahead.drop()  # the words of a reason are no commands
            return
        shown = self._finding()

        def done(note: str | None) -> None:
            self.table.focus()
            note = reason_of(note)
            if note is None:
                self.say((NOT_APPROVED, "dim"))
                return
            finding, run = shown or self._finding(), self.steps.run
            if finding is None or run is None:
                self._stay("nothing done: the run has no findings before its end; then a again")
                return
            words = ["approve", str(self.replay.path), finding.signature, "--run", run.id]
            words += ["--note", note] if note else []
            said = f"approved: {printable(finding.title)}   until it changes again"
            self._run("approving", words, said)

        label = "approve:"
        if shown is None:
            self.say(("the run is under way: what this covers is known at its end", "dim"))
        else:
            label = f"approve {cut(printable(shown.title), max(10, self.size.width - 46))}:"
            self.say(*scope_parts(shown, self.size.width))
        self.prompt.ask(
            f"{label} why?",
            on_done=done,
            placeholder="enter approves, esc does not",
            typed=self.replay.typed["why"],
        )

    def _can_be_approved(self) -> bool:
        """Say whether the call under the cursor differs; why not, is told."""
        verdict = self.detail.verdict if self.detail else None
        if self.steps.run is None or verdict is None:
            self._stay("not replayed yet: r replays it")
        elif verdict.signature is None:
            self._stay("nothing to approve: it is as it was recorded")
        else:
            return True
        return False

    def _finding(self) -> Finding | None:
        """Return the finding of this call; None: its run has none before its end."""
        verdict = self.detail.verdict if self.detail else None
        if verdict is None:
            return None
        found: list[Finding] = []
        with self.telling_errors():
            database = self.replay.the_database
            with database.reading():
                found = database.records.records(
                    "finding",
                    "r.run = ? AND r.signature = ?",
                    [self.steps.run_key, verdict.signature],
                )
        return found[0] if found else None

    def _ask_to_take_back(self, signature: str) -> None:
        def done(is_yes: bool) -> None:
            self.table.focus()
            if not is_yes:
                self.say(("still approved", "dim"))
                return
            words = ["approve", str(self.replay.path), signature, "--take-back"]
            self._run("taking the approval back", words, "approved no longer")

        self.prompt.ask_yes_no(TAKE_BACK, on_answer=done, yes=TAKES_BACK, no=LEAVES_IT)

    # -- commands ---------------------------------------------------------------------------------

    def _run(self, title: str, words: Sequence[str], said: str) -> None:
        """Have a short `replay` command do something; say so, or what went wrong."""

        def done(ended: Ended) -> None:
            if not self.is_ready:
                return
            if ended.code != 0:
                self.complain(ended.error())
                return
            self.database_changed()
            self.say((f"{cut(said, max(10, self.size.width - 4))}", "good"))

        with self.telling_errors():
            self.replay.jobs.soon(title, words, done)
            self.say(("◐ ", "accent"), (title, ""))
