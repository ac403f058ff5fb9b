"""What one replay run found: causes left, one of their calls as recorded and as today right."""

from __future__ import annotations

from typing import ClassVar

from textual import on

from replay.records import Finding
from tui.actions import FINDINGS, OUTLINE
from tui.editors import show_file
from tui.jobs import Ended
from tui.paths import shown_path
from tui.rows.approvals import approval_of
from tui.rows.both import Both
from tui.rows.replays import (
    FoundCall,
    FoundCalls,
    RunFindings,
    found_call_size,
    read_findings,
    read_found_call,
    read_found_calls,
)
from tui.screens.asking import (
    IN_HAND,
    LEAVES_IT,
    NOT_APPROVED,
    TAKE_BACK,
    TAKES_BACK,
    reason_of,
)
from tui.screens.base import PanesScreen
from tui.sources import source_place
from tui.views.approval_view import scope_parts
from tui.views.entries import Entry
from tui.views.finding_view import finding_entries, run_words
from tui.views.parts import count, printable
from tui.views.verdict_view import source_of
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines
from tui.widgets.tables import FindingTable


class FindingsScreen(PanesScreen):
    """Causes, counted; each with its calls."""

    BINDINGS = bindings(FINDINGS)
    PLACES: ClassVar[tuple[str, ...]] = (FINDINGS, OUTLINE)

    def __init__(self, run_id: str) -> None:
        """``run_id``: the whole id."""
        super().__init__()
        self.run_id = run_id
        self.found: RunFindings | None = None
        self.calls: FoundCalls | None = None
        self.call_index = 0
        self._shown_call: FoundCall | None = None
        self._told: Both | None = None
        """Of the call that is shown: another screen need not read it again."""

    def on_unmount(self) -> None:
        """Let go of the call: a screen is a ring that the collector may find much later."""
        self._told = None

    def make_table(self) -> Lines:
        """The list of findings."""
        table = FindingTable(id="list-pane")
        table.border_title = "Findings"
        return table

    @property
    def table(self) -> FindingTable:
        """The list of findings."""
        return self.query_one(FindingTable)

    @property
    def finding(self) -> Finding | None:
        """The finding under the cursor."""
        table = self.table
        return table.findings[table.cursor] if table.findings else None

    def on_mount(self) -> None:
        """Read them."""
        self.table.focus()
        self.outline.show([Entry((("◐ reading what the run found", "accent"),))])
        self.call_after_refresh(self._read)

    def database_changed(self) -> None:
        """Take in approvals and a run that goes on."""
        self._read()

    def _read(self) -> None:
        with self.telling_errors():
            table = self.table
            before = self.finding
            had = self.found
            self.found = read_findings(self.replay.the_database, self.run_id)
            if had == self.found:
                return
            table.findings = self.found.findings
            self.say_head(run_words(self.found.run, self.found.counts))
            index = next(
                (
                    i
                    for i, one in enumerate(table.findings)
                    if before is not None and one.signature == before.signature
                ),
                0,
            )
            table.set_reactive(FindingTable.cursor, index)
            table.noun = "finding"
            self.fit_list()
            table.lines_changed()
            self._show_finding(keep_call=before is not None and self.finding is not None)

    def _show_finding(self, *, keep_call: bool = False) -> None:
        finding = self.finding
        if finding is None or self.found is None:
            self.outline.show([Entry((("✓ Nothing is different in this run.", "good"),))])
            self.say(("no findings", "good"))
            return
        with self.telling_errors():
            self.calls = read_found_calls(self.replay.the_database, self.found, finding)
            self.call_index = min(self.call_index, len(self.calls) - 1) if keep_call else 0
            self._show_call()

    def _show_call(self) -> None:
        finding = self.finding
        assert finding is not None
        assert self.found is not None
        database, found = self.replay.the_database, self.found
        approval = approval_of(database, finding.signature) if finding.approved else None
        source = source_of(found.run, finding.cause, finding.tool)
        if not self.calls:
            entries = finding_entries(finding, None, None, approval=approval, source=source)
            self.outline.show(entries)
            return
        call = self.calls[self.call_index]
        if call != self._shown_call:
            self._told, self._shown_call = None, call  # it would be held while the next is read

        def make() -> list[Entry]:
            verdict, recorded, _ = read_found_call(database, found, finding, call)
            self._told = database.told((found.run_key, call.tool_call), verdict, recorded)
            return finding_entries(finding, verdict, recorded, self._told, approval, source=source)

        self.outline.needle = ""
        size = found_call_size(database, found, call)
        self.show_entries(make, size=size, at_change=True, is_headed=True)
        pane = self.detail_pane
        pane.border_title = f"{printable(call.trace_id)}, step {call.step_number}"
        pane.border_subtitle = f"call {self.call_index + 1:,} of {len(self.calls):,}"
        self._say_status(finding)

    def _say_status(self, finding: Finding) -> None:
        if finding.approved:
            self.say(
                ("≈ approved: ", "accent"),
                ("counts as allowed until it changes again   a takes it back", "dim"),
            )
            return
        self.say(
            ("finding ", "dim"),
            (finding.signature, "strong"),
            (f"   {count(finding.call_count, 'call')} of {finding.tool_call_total:,}", ""),
            (f" in {count(finding.trace_count, 'trace')}", ""),
            ("   a approves it, when it is meant", "dim"),
        )

    @on(Lines.Moved, "#list-pane")
    def _moved(self) -> None:
        self._show_finding()

    @on(Lines.Chosen, "#list-pane")
    def _chosen(self) -> None:
        self.action_open()

    # -- actions ----------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Show this call in its transcript."""
        if not self.calls or self.finding is None:
            self._say_none()
            return
        with self.telling_errors():
            call = self.calls[self.call_index]
            self.replay.open_trace(
                call.trace_id, run_id=self.run_id, step_number=call.step_number, tab="Verdict"
            )

    def _say_none(self) -> None:
        self.app.bell()
        what = "no findings here" if self.finding is None else "no call of this finding is kept"
        self.say((what, "warn"))

    def action_compare(self) -> None:
        """Show this call recorded against today, on the whole screen."""
        from tui.rows.comparisons import FindingComparisons
        from tui.screens.comparison import ComparisonScreen

        if not self.calls or self.finding is None or self.found is None:
            self._say_none()
            return
        calls = FindingComparisons(self.replay.the_database, self.found, self.finding, self.calls)
        self.app.push_screen(ComparisonScreen(calls, self.call_index))

    def action_call(self, direction: int) -> None:
        """Show another call with the same cause; while a search is on: the next match."""
        if self.search_step(direction):
            return
        index = self.call_index + direction
        if not 0 <= index < len(self.calls or ()):
            self.app.bell()
            self.say(("no more calls with this cause", "warn"))
            return
        self.call_index = index
        with self.telling_errors():
            self._show_call()

    def action_edit_source(self) -> None:
        """Open the finding's tool in the editor, at its first line."""
        if self.found is None or self.finding is None:
            return
        with self.telling_errors():
            file, line = source_place(self.found.run, self.finding.tool)
            show_file(self.app, file, line)
            self.say(
                (f"{shown_path(file.resolve())}:{line}", "dim"),
                ("   enter: the call, and r there replays it", "dim"),
            )

    def action_approve(self) -> None:
        """Ask why, then approve; what is approved: ask whether to take that back."""
        finding = self.finding
        if finding is None:
            self._say_none()
            return
        if not self.can_write("Approving"):
            return
        if self.replay.jobs.is_doing("approve", finding.signature):
            self.app.bell()
            self.say((IN_HAND, "warn"))
            return
        if finding.approved:
            self._ask_to_take_back(finding)
            return

        def done(note: str | None) -> None:
            self.table.focus()
            note = reason_of(note)
            if note is None:
                self.say((NOT_APPROVED, "dim"))
            else:
                self.say(("◐ approving", "accent"))
                self._approve(finding, note or None)

        self.say(*scope_parts(finding, self.size.width))
        self.prompt.ask(
            "approve: why?",
            on_done=done,
            placeholder="enter approves, esc does not",
            typed=self.replay.typed["why"],
        )

    def _ask_to_take_back(self, finding: Finding) -> None:
        def done(is_yes: bool) -> None:
            self.table.focus()
            if not is_yes:
                self.say(("still approved", "dim"))
            else:
                self.say(("◐ taking the approval back", "accent"))
                self._change(finding, ["--take-back"])

        self.prompt.ask_yes_no(TAKE_BACK, on_answer=done, yes=TAKES_BACK, no=LEAVES_IT)

    def _approve(self, finding: Finding, note: str | None) -> None:
        self._change(finding, ["--run", self.run_id, *(["--note", note] if note else [])])

    def _change(self, finding: Finding, options: list[str]) -> None:
        words = ["approve", str(self.replay.path), finding.signature, *options]

        def done(ended: Ended) -> None:
            if not self.is_ready:
                return
            if ended.code != 0:
                self.complain(ended.error())
            else:
                self._read()

        self.replay.jobs.soon("approving", words, done)

    def action_copy(self) -> None:
        """Copy what the cursor is on: in the list the finding."""
        finding = self.finding
        if self.focused is self.outline:
            self.copy(self.outline.value_here(), "this")
        elif finding is not None:
            self.copy(finding.model_dump(), f"finding {finding.signature}")
