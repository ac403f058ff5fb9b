"""The database's history: one migration per format, applied by sqlite-utils.

Only this module imports sqlite_utils (190 ms), and only `create` and `upgrade` import it: opening
a database of today's format costs nothing of it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay.errors import StoreError
from replay.store.database import APPLICATION_ID, connect, refuse_foreign, store_error
from replay.store.layout import LAYOUTS, Column, Layout
from replay.store.views import view_statements

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

_BASE_TABLES: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE dictionaries (key INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE pages (key INTEGER PRIMARY KEY, dictionary INTEGER, size INTEGER NOT NULL, "
    "body BLOB NOT NULL)",
    "CREATE TABLE contents (key INTEGER PRIMARY KEY, form TEXT NOT NULL, page INTEGER NOT NULL, "
    "start INTEGER NOT NULL, size INTEGER NOT NULL)",
    "CREATE TABLE content_hashes (hash BLOB PRIMARY KEY, content INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE prompt_messages (trace INTEGER NOT NULL, position INTEGER NOT NULL, "
    "content INTEGER NOT NULL, PRIMARY KEY (trace, position)) WITHOUT ROWID",
    "CREATE TABLE toolsets (key INTEGER PRIMARY KEY, contents TEXT NOT NULL UNIQUE)",
    "CREATE TABLE trace_models (model TEXT NOT NULL, trace INTEGER NOT NULL, "
    "PRIMARY KEY (model, trace)) WITHOUT ROWID",
    "CREATE TABLE tool_totals (tool TEXT NOT NULL, tool_version TEXT NOT NULL, "
    "outcome TEXT NOT NULL, call_count INTEGER NOT NULL, "
    "PRIMARY KEY (tool, tool_version, outcome)) WITHOUT ROWID",
    "CREATE TABLE record_totals (kind TEXT PRIMARY KEY, record_count INTEGER NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TABLE spools (name TEXT PRIMARY KEY, drained INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE rejected (key INTEGER PRIMARY KEY, reason TEXT NOT NULL, record TEXT NOT NULL)",
)

_SUMMARY_COLUMNS: Final = {
    "trace": (
        "seen INTEGER NOT NULL DEFAULT 0",
        "model TEXT",
        "model_call_count INTEGER NOT NULL DEFAULT 0",
        "tool_call_count INTEGER NOT NULL DEFAULT 0",
        "outcome_counts TEXT NOT NULL DEFAULT '{}'",
        "first_user_text TEXT",
    ),
    "model_call": ("settings INTEGER", "prompt TEXT"),
}

_INDEXES: Final = (
    "CREATE UNIQUE INDEX traces_by_id ON trace_rows (id)",
    "CREATE INDEX traces_by_start ON trace_rows (started_us, id)",
    "CREATE INDEX traces_by_app ON trace_rows (app, started_us, id)",
    "CREATE UNIQUE INDEX model_calls_by_id ON model_call_rows (id)",
    "CREATE INDEX model_calls_by_trace ON model_call_rows (trace, step_number)",
    "CREATE UNIQUE INDEX tool_calls_by_id ON tool_call_rows (id)",
    "CREATE INDEX tool_calls_by_trace ON tool_call_rows (trace, step_number)",
    "CREATE INDEX tool_calls_by_tool ON tool_call_rows (tool)",
    "CREATE INDEX tool_calls_by_outcome ON tool_call_rows (outcome, tool) WHERE outcome <> 'ok'",
    "CREATE UNIQUE INDEX attempts_by_id ON attempt_rows (id)",
    "CREATE INDEX attempts_by_call ON attempt_rows (call_id)",
    "CREATE UNIQUE INDEX interactions_by_id ON interaction_rows (id)",
    "CREATE INDEX interactions_by_call ON interaction_rows (tool_call, interaction_index)",
    "CREATE UNIQUE INDEX tool_schemas_by_id ON tool_schema_rows (id)",
    "CREATE UNIQUE INDEX feedback_by_id ON feedback_rows (id)",
    "CREATE INDEX feedback_by_trace ON feedback_rows (trace)",
    "CREATE UNIQUE INDEX replay_runs_by_id ON replay_run_rows (id)",
    "CREATE INDEX replay_runs_by_start ON replay_run_rows (started_us)",
    "CREATE UNIQUE INDEX call_verdicts_by_call ON call_verdict_rows (run, tool_call)",
    "CREATE INDEX call_verdicts_by_step ON call_verdict_rows (run, trace, step_number)",
    "CREATE INDEX call_verdicts_by_finding ON call_verdict_rows (run, signature) "
    "WHERE signature IS NOT NULL",
    "CREATE INDEX call_verdicts_by_verdict ON call_verdict_rows (run, verdict) "
    "WHERE verdict <> 'same'",
    "CREATE UNIQUE INDEX findings_by_signature ON finding_rows (run, signature)",
    "CREATE UNIQUE INDEX approvals_by_signature ON approval_rows (signature)",
)


def create(path: Path) -> None:
    """Make an empty database at ``path``, in one step: nobody ever sees half of one.

    When another process makes it at the same moment, one of the two wins and both go on.
    """
    newborn = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
    try:
        newborn.touch(exist_ok=False)
        _make(newborn)
        with contextlib.suppress(FileExistsError):
            os.link(newborn, path)
    except sqlite3.Error as error:
        raise store_error(error, path) from error
    except OSError as error:
        raise StoreError(
            f"The database '{path}' cannot be made: {error.strerror}.",
            hint="Give a path in a folder that exists and that you may write.",
        ) from error
    finally:
        newborn.unlink(missing_ok=True)
    refuse_foreign(path)


def upgrade(connection: sqlite3.Connection) -> None:
    """Apply the migrations that the database does not have yet."""
    from sqlite_utils import Database

    _history().apply(Database(connection))


def _make(path: Path) -> None:
    connection = connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        upgrade(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _history() -> Migrations:
    from sqlite_utils import Migrations

    history = Migrations("replay")

    @history()
    def format_1(database: Database) -> None:
        """Records, contents, spools."""
        tables = [_settings_table(), *(_table(layout) for layout in LAYOUTS.values())]
        for statement in (*_BASE_TABLES, *tables, *_INDEXES, *view_statements(whole=False)):
            database.execute(statement)
        database.execute("INSERT INTO meta VALUES ('format', '1')")
        database.execute("INSERT INTO meta VALUES ('created_at', ?)", [_now()])

    return history


def _table(layout: Layout) -> str:
    columns = ["key INTEGER PRIMARY KEY"]
    columns += [_declared(column) for column in layout.columns if not column.shared]
    columns += ["extra", *_SUMMARY_COLUMNS.get(layout.kind, ())]
    return f"CREATE TABLE {layout.table} ({', '.join(columns)})"


def _settings_table() -> str:
    shared = [_declared(column) for column in LAYOUTS["model_call"].columns if column.shared]
    columns = ["key INTEGER PRIMARY KEY", "hash BLOB NOT NULL UNIQUE", *shared, "toolset INTEGER"]
    return f"CREATE TABLE model_settings ({', '.join(columns)})"


def _declared(column: Column) -> str:
    # text, json and link columns hold text or a key: no affinity may turn one into the other.
    kind = {"time": " INTEGER", "flag": " INTEGER"}.get(column.form, "")
    return f"{column.name}{kind}{' NOT NULL' if column.required else ''}"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
