"""Tables of traces, read back by what people read them with."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.interchange.parquet_tables import COLUMNS, TABLES
from replay.store import Store
from tests.interchange.rich_trace import chat_trace, claude_trace

parquet: Any = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_all([*chat_trace(), *claude_trace()])
    return tmp_path / "traces.db"


def test_the_tables_are_typed_and_have_what_was_recorded(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tables"

    assert exit_code_of(["export", str(database), "--to", "parquet", "-o", str(folder)]) == 0

    tables = {name: parquet.read_table(folder / f"{name}.parquet") for name in TABLES}
    assert {name: table.num_rows for name, table in tables.items()} == {
        "traces": 2,
        "steps": 8,
        "tool_calls": 4,
    }
    assert {name: table.schema.names for name, table in tables.items()} == {
        name: list(columns) for name, columns in COLUMNS.items()
    }
    trace = tables["traces"].to_pylist()[0]
    assert trace["started_at"] == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert dict(trace["labels"]) == {"team": "a", "session": "s-1"}
    assert (trace["input_tokens"], trace["failed_call_count"], trace["is_pinned"]) == (20, 1, True)
    fine, bad = tables["tool_calls"].to_pylist()[:2]
    assert fine["arguments"] == '{"city":  "Paris"}'
    assert json.loads(fine["payload"]) == {"city": "Paris"}
    assert (fine["model_call_step"], fine["duration_ms"], fine["interaction_count"]) == (1, 100, 1)
    assert (bad["outcome"], bad["error_type"], bad["error_stage"]) == (
        "bad_json",
        "BadJson",
        "parse",
    )
    mode = stat.S_IMODE((folder / "traces.parquet").stat().st_mode)
    assert mode == 0o600


def test_a_folder_is_left_as_it_was_where_it_cannot_be_written(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")

    assert exit_code_of(["export", str(database), "--to", "parquet"]) == 3
    under = str(tmp_path / "file" / "tables")
    assert exit_code_of(["export", str(database), "--to", "parquet", "-o", under]) == 3

    said = capsys.readouterr().err
    assert "the folder is missing. Say -o FOLDER." in said
    assert "Nothing was changed there." in said
    assert (tmp_path / "file").read_text() == "mine"


def test_without_pyarrow_the_extra_is_named(database: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from replay.cli.main import exit_code_of\n"
        f"sys.exit(exit_code_of(['export', {str(database)!r}, '--to', 'parquet', "
        f"'-o', {str(tmp_path / 'tables')!r}]))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 3
    assert "pip install 'replay-sandbox[parquet]'" in ended.stderr
    assert not (tmp_path / "tables").exists()
