"""A released format is for ever: files of every one are kept, and read by all that come after."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

from replay.records import ModelCall, Outcome, ToolCall
from replay.store import Store
from replay.store.layout import LAYOUTS
from replay.store.views import view_statements

FIXTURES = Path(__file__).parent / "fixtures"


def test_a_file_of_format_1_opens_and_holds_what_was_recorded(tmp_path: Path) -> None:
    path = _unpacked("format_1.db.gz", tmp_path)

    with Store.open(path, "w") as store:
        (trace_id,) = store.trace_ids()
        asked, called, answered = store.transcript(trace_id).steps
        problems = store.check()

    assert problems == []
    assert isinstance(asked, ModelCall)
    assert isinstance(called, ToolCall)
    assert isinstance(answered, ModelCall)
    assert trace_id == "trace-1"
    assert [message["role"] for message in asked.messages] == ["system", "user"]
    assert answered.messages[:2] == asked.messages
    assert answered.messages[2] == asked.output
    assert asked.tools == answered.tools
    assert called.payload == {"city": "Lisbon", "days": 2}
    assert called.result == {"city": "Lisbon", "rows": [{"day": n, "c": 18.5} for n in range(40)]}
    assert called.outcome is Outcome.OK
    assert answered.messages[3]["content"] == called.response
    assert answered.output == {"role": "assistant", "content": "18.5 °C, both days."}


def test_a_file_of_format_1_can_be_recorded_into_and_compacted(tmp_path: Path) -> None:
    path = _unpacked("format_1.db.gz", tmp_path)
    trace = {"id": "trace-2", "started_at": "2026-11-22T09:00:00.000000Z"}

    with Store.open(path, "w") as store:
        before = store.transcript("trace-1")
        store.append_fields("trace", trace)
        store.compact()
        after = store.transcript("trace-1")
        problems = store.check()
        trace_ids = store.trace_ids()

    assert after == before
    assert trace_ids == ["trace-1", "trace-2"]
    assert problems == []


def test_the_columns_that_are_written_and_shown_are_those_of_the_newest_format(
    tmp_path: Path,
) -> None:
    """A field added to a record needs a migration: this fails until there is one."""
    Store.open(tmp_path / "new.db", "create").close()
    with sqlite3.connect(tmp_path / "new.db") as connection:
        columns = {
            table: {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            for table in ("model_settings", *(layout.table for layout in LAYOUTS.values()))
        }
        views = [
            row[0]
            for row in connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'view'")
        ]
    connection.close()

    for layout in LAYOUTS.values():
        for column in layout.columns:
            table = "model_settings" if column.shared else layout.table
            assert column.name in columns[table], f"{layout.kind}.{column.field}"
    assert sorted(views) == sorted(view_statements(whole=False))


def _unpacked(name: str, folder: Path) -> Path:
    path = folder / "old.db"
    path.write_bytes(gzip.decompress((FIXTURES / name).read_bytes()))
    return path
