"""A released format is for ever: files of every one are kept, and read by all that come after."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import pytest

from replay.records import ModelCall, Outcome, Pin, ToolCall, pin_id
from replay.store import Store
from replay.store.layout import LAYOUTS
from replay.store.views import view_statements

FIXTURES = Path(__file__).parent / "fixtures"
NOON = "2026-11-25T12:00:00.000000Z"


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


def test_a_file_of_format_2_holds_what_was_recorded_and_can_be_pinned(tmp_path: Path) -> None:
    path = _unpacked("format_2.db.gz", tmp_path)
    whole = Pin(id=pin_id("trace-1", None), trace_id="trace-1", pinned_at=NOON)
    step = Pin(id=pin_id("trace-1", 2), trace_id="trace-1", step_number=2, pinned_at=NOON)

    with Store.open(path, "w") as store:
        before = store.transcript("trace-1")
        store.append_all([step, whole])
        after = store.transcript("trace-1")
        verdicts, approvals = store.verdicts("latest"), store.approvals()
        problems = store.check()

    assert problems == []
    assert (before.pins, after.pins) == ([], [whole, step])
    assert after.model_copy(update={"pins": []}) == before
    assert [one.label for one in before.feedback] == ["good"]
    assert [one.signature for one in verdicts] == [approvals[0].signature]
    assert store_format(path) == "3"


def test_a_file_of_format_2_that_is_not_brought_up_to_date_still_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _unpacked("format_2.db.gz", tmp_path)
    monkeypatch.setattr("replay.store.database.is_writable", lambda path: False)

    with Store.open(path) as store:
        transcript = store.transcript("trace-1")
        assert (len(transcript.steps), transcript.pins, store.pins()) == (3, [], [])
        assert store.check() == []
        assert len(store.query("SELECT * FROM tool_calls")[1]) == 1
    assert store_format(path) == "2"


def test_a_pin_can_be_taken_away_again(tmp_path: Path) -> None:
    path = _unpacked("format_2.db.gz", tmp_path)
    pin = Pin(id=pin_id("trace-1", None), trace_id="trace-1", pinned_at=NOON)

    with Store.open(path, "w") as store:
        store.append(pin)
        store.append(pin.model_copy(update={"note": "seen twice"}))
        notes = [one.note for one in store.pins()]
        gone, again = store.unpin("trace-1"), store.unpin("trace-1")
        problems = store.check()
        left, counted = store.pins(), store.counts()["pin"]
        store.append(pin)
        back = store.pins()

    assert notes == ["seen twice"]
    assert (gone, again) == (True, False)
    assert (left, counted, problems) == ([], 0, [])
    assert back == [pin]


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


def store_format(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        (found,) = connection.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
    connection.close()
    return str(found)


def _unpacked(name: str, folder: Path) -> Path:
    path = folder / "old.db"
    path.write_bytes(gzip.decompress((FIXTURES / name).read_bytes()))
    return path
