"""What somebody changes in the tables by hand: the check names it, and reading says it in words."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from replay.errors import ExitCode, StoreError
from replay.records import Interaction, ModelCall, Outcome, ToolCall, ToolSchema, Trace
from replay.store import Problem, Store

NOON = "2026-11-21T12:00:00.000000Z"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as store:
        store.append(Trace(id="trace-1", started_at=NOON))
        store.append(
            ModelCall(
                id="model-1",
                trace_id="trace-1",
                step_number=1,
                api="chat.completions",
                messages=[{"role": "user", "content": f"{n} {'word ' * 50}"} for n in range(12)],
                started_at=NOON,
            )
        )
        for step in (2, 3, 4):
            store.append(
                ToolCall(
                    id=f"call-{step}",
                    trace_id="trace-1",
                    step_number=step,
                    tool="get_weather",
                    arguments='{"city": "Lisbon"}',
                    payload={"city": "Lisbon"},
                    response="sunny",
                    result="sunny",
                    outcome=Outcome.OK,
                    started_at=NOON,
                )
            )
        store.append(Interaction(id="i", tool_call_id="call-2", interaction_index=0, exchange={}))
    return path


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


def checked(path: Path) -> list[Problem]:
    with Store.open(path) as store:
        return store.check()


def told(path: Path) -> str:
    return "\n".join(map(str, checked(path)))


def command(*words: str) -> subprocess.CompletedProcess[str]:
    start = "import sys; from replay.cli.main import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", start, *words], capture_output=True, text=True)


UNREADABLE = [
    (
        "UPDATE tool_call_rows SET outcome = 'nonsense' WHERE id = 'call-3'",
        "The tool call 'call-3' cannot be read: its outcome is 'nonsense': Input should be 'ok'",
    ),
    (
        "UPDATE tool_call_rows SET payload = '{not json' WHERE id = 'call-3'",
        "The tool call 'call-3' cannot be read: its payload is '{not json': ",
    ),
    (
        "UPDATE tool_call_rows SET step_number = 'third' WHERE id = 'call-3'",
        "The tool call 'call-3' cannot be read: its step_number is 'third': Input should be a",
    ),
    (
        "UPDATE tool_call_rows SET started_us = 9000000000000000000 WHERE id = 'call-3'",
        "The tool call 'call-3' cannot be read: its started_at is 9000000000000000000: ",
    ),
    (
        "UPDATE tool_call_rows SET extra = '[1' WHERE id = 'call-3'",
        "The tool call 'call-3' cannot be read: its extra is '[1': ",
    ),
    (
        "UPDATE tool_call_rows SET response = 4000 WHERE id = 'call-3'",
        "The tool call 'call-3' cannot be read: its response is content 4000: ",
    ),
]


@pytest.mark.parametrize(("statement", "expected"), UNREADABLE)
def test_a_row_that_holds_no_record_is_named_by_the_check(
    database: Path, statement: str, expected: str
) -> None:
    change(database, statement)

    assert expected in told(database)


READINGS: list[Callable[[Store], object]] = [
    lambda store: store.tool_call("call-3"),
    lambda store: store.tool_calls(),
    lambda store: store.transcript("trace-1"),
]


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(("statement", "expected"), UNREADABLE)
def test_a_row_that_holds_no_record_is_an_error_in_words_wherever_it_is_read(
    database: Path, statement: str, expected: str, reading: Callable[[Store], object]
) -> None:
    change(database, statement)

    with Store.open(database) as store, pytest.raises(StoreError) as caught:
        reading(store)

    assert str(caught.value).startswith(expected)
    assert "`replay db check` lists everything" in str(caught.value)


def test_show_tells_a_damaged_row_without_a_traceback(database: Path) -> None:
    change(database, "UPDATE tool_call_rows SET outcome = 'nonsense' WHERE id = 'call-3'")

    shown = command("show", str(database), "trace-1")

    assert shown.returncode == ExitCode.COULD_NOT_RUN
    assert shown.stderr.startswith("Error: The tool call 'call-3' cannot be read: its outcome is")
    assert "Traceback" not in shown.stderr


def test_an_outcome_changed_to_another_valid_one_does_not_fit_the_totals(database: Path) -> None:
    change(database, "UPDATE tool_call_rows SET outcome = 'failed' WHERE id = 'call-3'")

    assert "2 calls of get_weather with outcome 'ok' are there, 3 were stored" in told(database)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DROP VIEW tool_calls", "The view tool_calls is missing"),
        ("DROP INDEX tool_calls_by_id", "The index tool_calls_by_id is missing"),
        ("DROP TABLE toolsets", "The table toolsets is missing"),
        ("UPDATE trace_rows SET outcome_counts = '{'", "The outcome_counts is '{'"),
        ("UPDATE model_call_rows SET prompt = '[['", "The prompt is '[['"),
        (
            "DELETE FROM prompt_messages WHERE position = 5",
            "The prompt of model call 'model-1' has messages that are missing",
        ),
    ],
)
def test_what_is_changed_beside_the_records_is_found(
    database: Path, statement: str, expected: str
) -> None:
    change(database, statement)

    assert expected in told(database)


def test_a_view_of_another_making_is_found(database: Path) -> None:
    change(database, "DROP VIEW approvals")
    change(database, "CREATE VIEW approvals AS SELECT 1 AS signature")

    assert "The view approvals is not the one that replay made" in told(database)


def test_deleted_calls_are_said_to_be_missing_with_their_steps(database: Path) -> None:
    change(database, "DELETE FROM tool_call_rows WHERE id = 'call-3'")

    found = told(database)

    assert "1 of 3 tool call records are missing" in found
    assert "Trace 'trace-1' has 2 of 3 tool calls; no step 3" in found
    assert "Nothing was lost" not in found


def test_a_damaged_page_is_one_problem_with_a_count(database: Path) -> None:
    change(database, "UPDATE pages SET body = zeroblob(length(body))")

    unreadable = [one for one in checked(database) if "A content cannot be read" in one.what]

    assert [one.count for one in unreadable] == [12]
    assert "in content 1 (and 11 more of this sort)" in str(unreadable[0])


def test_a_schema_that_no_record_has_is_found_where_schemas_are_kept(database: Path) -> None:
    change(
        database,
        "UPDATE tool_call_rows SET schema_hash = 'b2-16:dead', call_group = NULL "
        "WHERE id = 'call-3'",
    )
    assert checked(database) == []  # an older recording, which kept no schemas

    with Store.open(database, "w") as store:
        store.append(
            ToolSchema(
                id="b2-16:1f",
                tool="get_weather",
                dialect="pydantic",
                definition={},
                first_seen_at=NOON,
            )
        )

    assert "The tool call 'call-3' was validated by 'b2-16:dead', which is missing" in told(
        database
    )


def test_calls_from_before_schemas_were_kept_are_no_problem(database: Path) -> None:
    change(database, "UPDATE tool_call_rows SET schema_hash = 'b2-16:01', call_group = NULL")
    with Store.open(database, "w") as store:
        later = NOON.replace("2026", "2027")
        store.append(
            ToolSchema(id="x", tool="f", dialect="pydantic", definition={}, first_seen_at=later)
        )

    assert checked(database) == []


def test_the_command_says_what_is_not_hashed(database: Path) -> None:
    change(database, 'UPDATE tool_call_rows SET arguments = \'{"city": "Porto"}\'')

    said = command("db", "check", str(database))

    assert said.returncode == ExitCode.OK
    assert "is whole" in said.stdout
    assert "Hashes cover contents" in said.stdout


def test_a_damaged_summary_is_an_error_in_words_in_lists(database: Path) -> None:
    change(database, "UPDATE trace_rows SET outcome_counts = '{'")

    with Store.open(database) as store, pytest.raises(StoreError, match="its outcome_counts is"):
        store.traces()
