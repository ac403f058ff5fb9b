"""Approvals on every screen: what has outgrown its approval is open, as in `replay diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from replay.cli.approvals import approvals_of
from replay.records import CallVerdict, Cause, Finding, Verdict
from replay.store import Store
from replay.store.approvals_file import add_approvals
from tests.tui.person import Person, use
from tests.tui.records import moment, replay_run, trip, write
from tui.rows import filters
from tui.rows.database import Database
from tui.rows.facets import Facets
from tui.rows.filters import TraceFilter, parse_filter
from tui.rows.replays import RunList, counts_of, read_findings
from tui.rows.steps import read_detail, read_steps
from tui.rows.traces import TraceList

SIGNATURE = "5161a7e1"


def failing(run: str, *, calls: int) -> list[Any]:
    """The small run with calls 3 and 4 failing now, of which ``calls`` are in the finding."""
    records = []
    for record in replay_run(run):
        if isinstance(record, Finding):
            record = record.model_copy(update={"verdict": Verdict.NOW_FAILING, "call_count": calls})
        elif isinstance(record, CallVerdict) and record.step_number in range(3, 3 + calls):
            failure = {"verdict": Verdict.NOW_FAILING, "cause": Cause.CODE, "signature": SIGNATURE}
            record = record.model_copy(update={**failure, "approved": False})
        records.append(record)
    return records


def with_an_approval_of_one_call(path: Path, *, calls_now: int) -> Path:
    write(path, *trip("b-trip", 0), *failing("run-1", calls=1))
    with Store.open(path, "w") as store:
        store.append_all(approvals_of(store.findings("run-1")))
        store.flush()
        store.delete_run("run-1")
        store.append_all(failing("run-2", calls=calls_now))
    return path


def shown_of(path: Path) -> tuple[bool, dict[str, int], list[bool], bool]:
    """Return how the list of findings, of traces, of steps, and one step show it."""
    database = Database.open(path)
    try:
        (finding,) = read_findings(database, "run-2").findings
        traces = TraceList(database, TraceFilter())
        traces.find()
        line = traces.line(0)
        steps = read_steps(database, "b-trip")
        row = next(step for step in steps.steps if step.number == 3)
        verdict = read_detail(database, steps, row).verdict
    finally:
        database.close()
    assert line is not None
    assert verdict is not None
    failing = [said.approved for said in steps.verdicts.values() if said.verdict == "now_failing"]
    return finding.approved, line.verdicts, failing, verdict.approved


def test_an_approved_failure_shows_as_approved_everywhere(tmp_path: Path) -> None:
    path = with_an_approval_of_one_call(tmp_path / "traces.db", calls_now=1)

    assert shown_of(path) == (True, {"approved": 1, "same": 2}, [True], True)


def test_a_failure_that_has_outgrown_its_approval_shows_as_open_everywhere(tmp_path: Path) -> None:
    path = with_an_approval_of_one_call(tmp_path / "traces.db", calls_now=2)

    assert shown_of(path) == (False, {"now_failing": 2, "same": 1}, [False, False], False)


def counted_of(path: Path, *typed: str) -> tuple[Any, ...]:
    """Return how the list of runs, a run, and what there is to choose count; and what filters find.

    What there is to choose counts as the filters do, among few and among many.
    """
    database = Database.open(path)
    try:
        runs = RunList(database)
        counts = [runs.counts(0), read_findings(database, runs[0].id).counts]
        counts.append(counts_of(database, runs[0]))
        facets = {facet.name: dict(facet.values) for facet in Facets(database, None).read()}
        found = []
        for one in typed:
            traces = TraceList(database, parse_filter(one))
            traces.find()
            found.append(len(traces))
    finally:
        database.close()
    assert counts == [counts[0]] * 3
    return counts[0], facets.get("verdict", {}), found


VERDICTS = ("verdict:approved", "verdict:differs", "verdict:any", "verdict:failing", "verdict:same")


@pytest.mark.parametrize("few", [2_000, -1])
@pytest.mark.parametrize(
    ("calls_now", "counts", "facets", "found"),
    [
        (1, {"same": 2, "approved": 1}, {"approved": 1}, [1, 0, 0, 0, 1]),
        (2, {"same": 1, "now_failing": 2}, {"now_failing": 1}, [0, 1, 1, 1, 1]),
    ],
    ids=["approved", "outgrown"],
)
def test_an_approved_call_is_counted_and_found_as_approved_and_as_nothing_else(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    calls_now: int,
    counts: dict[str, int],
    facets: dict[str, int],
    found: list[int],
) -> None:
    monkeypatch.setattr(filters, "_FEW_VERDICTS", few)
    path = with_an_approval_of_one_call(tmp_path / "traces.db", calls_now=calls_now)
    count_verdicts(path, {"same": 3 - calls_now, "now_failing": calls_now})

    assert counted_of(path, *VERDICTS) == (counts, facets, found)


def count_verdicts(path: Path, counts: dict[str, int]) -> None:
    """Have the run say how many of each there are, as a real one does."""
    with Store.open(path, "w") as store:
        run = store.run("latest")
        store.append(run.model_copy(update={"verdict_counts": counts}))
        store.flush()


def test_the_screens_of_a_run_count_what_is_approved_as_approved(database: Path) -> None:
    with Store.open(database, "w") as store:
        store.append_all(approvals_of(store.findings("run-1")))

    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("r")
        await person.sees("2 same, 1 approved")
        await person.press("enter")
        await person.sees("✓ 2 same  ≈ 1 approved")
        assert "≠" not in person.screen
        await person.press("q", "q", "x")
        await person.sees("≈ approved")
        assert "response_changed" not in person.screen

    use(database, script)


@pytest.mark.slow
def test_the_screen_of_findings_says_how_it_grew(tmp_path: Path) -> None:
    path = with_an_approval_of_one_call(tmp_path / "traces.db", calls_now=2)

    async def script(person: Person) -> None:
        await person.sees("1 / 1")
        await person.press("r", "enter")
        await person.sees("approved for 1 call, now 2: look again", "a approves it")
        await person.press("a", "enter")
        await person.sees("≈ approved")

    use(path, script)


def test_an_approval_in_the_teams_file_shows_as_approved_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "traces.db"
    write(path, *trip("b-trip", 0), *failing("run-2", calls=1))
    with Store.open(path, "r") as store:
        add_approvals(tmp_path / "approved.jsonl", approvals_of(store.findings("run-2")))
    (tmp_path / "pyproject.toml").write_text('[tool.replay]\napprovals = "approved.jsonl"\n')
    assert shown_of(path)[0] is False  # from elsewhere nobody knows of that file

    monkeypatch.chdir(tmp_path)

    assert shown_of(path) == (True, {"approved": 1, "same": 2}, [True], True)


@pytest.mark.slow
def test_an_approval_is_taken_back_in_a_transcript_and_in_the_findings(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3", "≠ changed")
        await person.press("8", "a", "enter")
        await person.sees("≈ approved", "until it changes again", "cause  today's code")
        await person.press("a", "enter")
        await person.sees("approved no longer", "≠ changed")
        await person.press("R", "a", "enter")
        await person.sees(" ≈ ")
        await person.press("a")
        await person.sees("it is approved: take that back?")
        await person.press("escape")
        await person.sees("still approved")
        await person.press("a", "enter")
        await person.sees("a approves it, when it is meant", " ≠ ")

    use(database, script, trace="b-trip")
    with Store.open(database) as store:
        assert store.approvals() == []
        assert store.check() == []


def test_what_approving_covers_is_said_before_and_who_did_it_and_why_from_then_on(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ana")

    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("a")
        await person.sees("approves 1 call in 1 trace, and what is recorded later,")
        await person.press(*"renamed", "enter", "8")
        await person.sees("approved  by ana, ", ": renamed", "cause  today's code")
        await person.press("R")
        await person.sees("approved  by ana, ", ": renamed", "models small-1 1")
        await person.press("a", "enter")
        await person.sees("a approves it, when it is meant")
        assert "by ana" not in person.screen
        await person.press("a")
        await person.sees("approves 1 call in 1 trace, and what is recorded later,")

    use(database, script, trace="b-trip")


def test_what_was_approved_just_now_stays_on_the_screen(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3", '"degrees": 4')
        with Store.open(database, "w") as store:
            store.append_all(approvals_of(store.findings("run-1")))
        await person.sees("≈ approved")
        assert '"degrees": 4' in person.screen

    use(database, script, trace="b-trip")


def test_an_approval_given_while_another_run_goes_on_is_seen_before_its_end(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    write(path, *trip("b-trip", 0), *replay_run("run-1"))
    started, *said, _ = replay_run("run-2")
    under_way = started.model_copy(
        update={"started_at": moment(700), "ended_at": None, "status": "running"}
    )
    with Store.open(path, "w") as store:
        store.append_all([under_way, *said])
        assert counted_of(path, *VERDICTS)[2] == [0, 1, 1, 0, 1]
        store.append_all(approvals_of(store.findings("run-1")))

    assert counted_of(path, *VERDICTS)[1:] == ({"approved": 1}, [1, 0, 0, 0, 1])
    database = Database.open(path)
    steps = read_steps(database, "b-trip")
    assert steps.run is not None
    assert steps.run.id == "run-2"
    assert [one.approved for one in steps.verdicts.values()] == [False, True, False]
    database.close()
