"""What the screens ask of millions of rows is answered by indexes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.rows import filters, replays
from tui.rows.database import Database
from tui.rows.filters import parse_filter
from tui.rows.replays import read_findings, read_found_calls
from tui.rows.traces import TraceList


@pytest.mark.parametrize("typed", ["tool:book", "tool:book outcome:failed", "verdict:changed"])
@pytest.mark.parametrize("few", [2_000, -1])
def test_a_filter_scans_no_calls_and_no_verdicts(
    database: Path, typed: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "_FEW_VERDICTS", few)
    opened = Database.open(database)
    with opened.reading() as connection:
        found = parse_filter(typed).conditions(connection)
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN SELECT r.key FROM trace_rows r WHERE {found.sql} "
            f"ORDER BY {found.newest_first}",
            found.values,
        ).fetchall()
    opened.close()

    lines = [row[3] for row in plan]
    assert [line for line in lines if line.startswith(("SCAN c", "SCAN v", "SCAN w"))] == []


def test_traces_by_verdict_are_the_same_whether_few_fit_or_many(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for few in (2_000, -1):
        monkeypatch.setattr(filters, "_FEW_VERDICTS", few)
        opened = Database.open(database)
        traces = TraceList(opened, parse_filter("verdict:changed"))
        traces.find()
        found.append([line.id for at in range(len(traces)) if (line := traces.line(at))])
        opened.close()

    assert found == [["b-trip"], ["b-trip"]]


def test_the_calls_of_a_finding_are_read_one_by_one_with_its_example_first(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Database.open(database)
    found = read_findings(opened, "latest")
    [finding] = found.findings
    seen = []
    for bound in (1_000, 0):
        monkeypatch.setattr(replays, "SORTED_MAX", bound)
        calls = read_found_calls(opened, found, finding)
        seen.append([calls[at] for at in range(len(calls))])
    opened.close()

    assert seen[0] == seen[1]
    assert seen[0][0].trace_id == finding.example_trace_id
    assert seen[0][0].step_number == finding.example_step_number
