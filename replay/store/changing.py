"""What changes in a database besides what is appended: in transactions of its own, spools first."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from replay.records.base import JsonObject
from replay.records.replays import CallVerdict
from replay.records.traces import pin_id
from replay.store import database
from replay.store.audit import note_act
from replay.store.cassettes import ATTRIBUTE, NewCassette, interaction_records, replace_cassettes
from replay.store.compacting import Compaction, compact
from replay.store.drain import Drainer
from replay.store.draining import Draining
from replay.store.masking import Masking
from replay.store.reading import Reading
from replay.store.rows import delete_record, delete_run
from replay.store.selecting import run_key
from replay.store.times import now_text

if TYPE_CHECKING:
    from replay.store.mask_rewriting import Masked

_LOG: Final = logging.getLogger("replay.store")


class Changing(Draining, Reading):
    """The part of `replay.store.Store` that changes what is stored."""

    @contextlib.contextmanager
    def _changing(self, how: str) -> Iterator[tuple[Drainer, sqlite3.Connection]]:
        """Hold the connection that writes, with everything appended in the tables."""
        self._refuse_reading_mode(how)
        with self._translated(), self._drain_lock:
            self._drain_all()
            drainer = self._take_drainer()
            assert self._drain_connection is not None
            yield drainer, self._drain_connection

    def append_verdicts(self, verdicts: Sequence[CallVerdict]) -> None:
        """Store verdicts in one transaction, past the spool: all or nothing, durable.

        It takes a third of the time of `append_all`, but waits for the database's lock, which a
        recorder must not. A NaN is not looked for: verdicts are made of JSON. While the database
        is locked by somebody else, or cannot grow, they go to the spool after all.

        Raises:
            RecordError: their replay run is not stored.
            StoreError: the file is damaged, the disk full, or the folder cannot be written. Nothing
                was stored.
        """
        self._refuse_reading_mode("written to")
        fields = [self._present(verdict.kind, verdict.__dict__) for verdict in verdicts]
        fields = self._masked(fields)
        with self._translated():
            try:
                with self._drain_lock:
                    self._drain_all()
                    self._take_drainer().write_all(fields)
            except sqlite3.OperationalError:
                self.append_all(verdicts)

    def compact(self) -> Compaction:
        """Compress everything anew with a dictionary learned from the file, and close its gaps.

        Raises:
            StoreError: the database is open for reading, locked, or its disk too full for a copy.
        """
        self._refuse_reading_mode("compacted")
        before = self.path.stat().st_size
        with self._translated(), self._drain_lock, self._read_lock:
            self._drain_all()
            assert self._drain_connection is not None
            removed = compact(self._drain_connection)
            if self._contents is not None:
                self._contents.forget()
        return Compaction(before, self.path.stat().st_size, removed)

    def mask(
        self,
        masking: Masking,
        tell: Callable[[int, int], None] = lambda done, total: None,
        stage: Callable[[str], None] = lambda words: None,
    ) -> Masked:
        """Replace secrets in what is stored already, and leave nothing of them in the file.

        ``tell`` is told how many of how many traces are done, ``stage`` what is done then. A crash
        in between leaves some traces as they were; run it again. Needs room for a copy of the file.

        Raises:
            StoreError: the database is open for reading, locked, or its disk too full for a copy.
        """
        from replay.store.mask_rewriting import mask_all

        with self._changing("masked") as (drainer, connection):
            masked = mask_all(self, drainer, connection, masking, tell)
        stage("writing the file anew")
        self.compact()
        return masked

    def delete_run(self, run_id: str) -> None:
        """Delete a replay run with its verdicts and findings; approvals stay.

        The room of their contents is given back by `compact`.

        Raises:
            SelectionError: there is no such run.
        """
        with self._changing("changed") as (_, connection):
            key = run_key(connection, run_id)
            database.transaction(connection, lambda: delete_run(connection, key))

    def unpin(self, trace_id: str, step_number: int | None = None) -> bool:
        """Take away the pin of a trace, or of one step of it; return whether there was one.

        ``trace_id`` is whole.
        """
        return self._removed("pin", pin_id(trace_id, step_number))

    def remove_feedback(self, feedback_id: str, *, noted: str | None = None) -> bool:
        """Take back what was said; return whether it was there.

        ``noted``: what the audit says of it, in the same transaction; None: nothing.
        """
        return self._removed("feedback", feedback_id, noted)

    def remove_approvals(self, signatures: Iterable[str]) -> None:
        """Take approvals back; those that are in `approvals_file` stay there."""
        wanted = [(one,) for one in signatures]
        with self._changing("changed") as (_, connection):

            def work() -> None:
                count = connection.executemany(
                    "DELETE FROM approval_rows WHERE signature = ?", wanted
                ).rowcount
                connection.execute(
                    "UPDATE record_totals SET record_count = record_count - ? "
                    "WHERE kind = 'approval'",
                    (count,),
                )

            database.transaction(connection, work)

    def _removed(self, kind: str, identity: str, noted: str | None = None) -> bool:
        with self._changing("changed") as (_, connection):
            found = False

            def work() -> None:
                nonlocal found
                found = delete_record(connection, kind, identity)
                if found and noted is not None:
                    note_act(connection, kind, "changed", noted)

            database.transaction(connection, work)
        return found

    def replace_cassettes(self, cassettes: Mapping[str, NewCassette], *, by: str) -> None:
        """Put other cassettes, by the id of their tool call, in the place of the recorded ones.

        All of them, or none. ``by`` says where they come from, in the call's attributes. Results
        and responses stay as they were recorded.

        Raises:
            SelectionError: there is no such tool call.
            StoreError: the database is open for reading, locked, or its disk full.
        """
        self._refuse_reading_mode("changed")  # before it is asked for any of the calls
        changed = {ATTRIBUTE: {"changed_at": now_text(), "by": by}}
        calls, interactions = [], []
        for call_id, cassette in cassettes.items():
            call = self.tool_call(call_id)
            update: JsonObject = {"attributes": {**call.attributes, **changed}}
            if cassette.draws is not None:
                update["draws"] = cassette.draws
            calls.append(self._plain("tool_call", call.model_copy(update=update).__dict__))
            records = interaction_records(call_id, cassette)
            interactions += [self._plain("interaction", record) for record in records]
        with self._changing("changed") as (drainer, connection):
            replace_cassettes(drainer, connection, calls, interactions)

    def _count_schemas(self) -> None:
        """Count what a large file of an older format has left to count."""
        from replay.store.schema_counts import recount, uncounted

        with self._read_lock:
            left = uncounted(self._read_connection())
        if not left or not database.is_writable(self.path):
            return
        _LOG.warning("Counting what %s calls used, once.", f"{left:,}")
        self._bring_up(recount)

    def group_calls(self) -> None:
        """Group the calls that an older version wrote, so that metrics count them by an index.

        Does nothing where the file cannot be written, or there are none.
        """
        from replay.store.call_groups import group_calls, ungrouped

        with self._read_lock:
            connection = self._read_connection()
            if database.format_of(connection) < 3 or not ungrouped(connection):
                return
        if not database.is_writable(self.path):
            return
        _LOG.warning("Counting the calls of older recordings, once.")
        self._bring_up(group_calls)

    def _bring_up(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do in one transaction what an older version left to do; spools stay as they are."""
        with self._translated(), self._drain_lock:
            drainer = self._take_drainer()
            connection = self._drain_connection
            assert connection is not None
            database.transaction(connection, lambda: work(connection))
            drainer.forget()
