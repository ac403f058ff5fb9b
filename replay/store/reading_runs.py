"""What is asked of replay runs: their verdicts, their findings, and what was approved."""

from __future__ import annotations

from replay.records import Approval, CallVerdict, Finding, ReplayRun
from replay.records.replays import WHAT_IF
from replay.store.approvals_file import with_those_in
from replay.store.judging import judging_run_sql
from replay.store.selecting import run_key, trace_key
from replay.store.snapshots import Snapshots


class RunReading(Snapshots):
    """The part of reading that is about replay runs."""

    def runs(self, *, what_ifs: bool = False) -> list[ReplayRun]:
        """Return all replay runs, newest first; those that are a what-if only where asked for."""
        wanted = "1" if what_ifs else f"r.id NOT GLOB '{WHAT_IF}*'"
        with self._snapshot():
            found: list[ReplayRun] = self._record_reader().records(
                "replay_run", wanted, [], "r.started_us DESC, r.key DESC"
            )
            return found

    def judging_run(self, trace_id: str) -> ReplayRun | None:
        """Return the newest replay run that judged a call of a trace; none did: that has it.

        None: no run has verdicts on it.

        Raises:
            SelectionError: there is no such trace.
        """
        with self._snapshot() as connection:
            run = judging_run_sql(str(trace_key(connection, trace_id)))
            found: list[ReplayRun] = self._record_reader().records(
                "replay_run", f"r.key = {run}", []
            )
            return found[0] if found else None

    def run(self, run_id: str) -> ReplayRun:
        """Return one replay run, by id, unique prefix or ``latest``.

        Raises:
            SelectionError: no run, or several, have that id.
        """
        with self._snapshot() as connection:
            key = run_key(connection, run_id)
            found: list[ReplayRun] = self._record_reader().records("replay_run", "r.key = ?", [key])
            return found[0]

    def verdicts(
        self,
        run_id: str,
        *,
        verdict: str | None = None,
        tool: str | None = None,
        signature: str | None = None,
        trace_id: str | None = None,
    ) -> list[CallVerdict]:
        """Return the verdicts of a run, by trace and step."""
        with self._snapshot() as connection:
            condition, values = "r.run = ?", [run_key(connection, run_id)]
            for column, wanted in (("verdict", verdict), ("tool", tool), ("signature", signature)):
                if wanted is not None:
                    condition += f" AND r.{column} = ?"
                    values.append(wanted)  # type: ignore[arg-type]  # keys and texts together
            if trace_id is not None:
                condition += " AND r.trace = ?"
                values.append(trace_key(connection, trace_id))
            found: list[CallVerdict] = self._record_reader().records(
                "call_verdict", condition, values, "r.trace, r.step_number"
            )
            return found

    def findings(self, run_id: str) -> list[Finding]:
        """Return the findings of a run, those with most first divergences first."""
        with self._snapshot() as connection:
            found: list[Finding] = self._record_reader().records(
                "finding",
                "r.run = ?",
                [run_key(connection, run_id)],
                "r.first_divergence_count DESC, r.call_count DESC, r.signature",
            )
            return found

    def approvals(self) -> list[Approval]:
        """Return all approvals: the database's, oldest first, then those of `approvals_file`.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._snapshot():
            found: list[Approval] = self._record_reader().records(
                "approval", "1", [], "r.approved_us, r.signature"
            )
        return with_those_in(self.approvals_file, found)
