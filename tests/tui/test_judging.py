"""A run that could not judge a trace hides none that did."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.cli.where import newest_verdicts
from replay.records import Pin, ReplayRun, Trace, Verdict, pin_id
from replay.store import Store
from tests.tui.person import Person, use
from tests.tui.records import moment, tool_call, verdict, write
from tui.rows.database import Database
from tui.rows.facets import Facets
from tui.rows.filters import parse_filter
from tui.rows.judging import Strangers, strangers
from tui.rows.sorting import TraceSort
from tui.rows.steps import read_steps
from tui.rows.traces import TraceList

SAID = {
    # the newest run last; None: it did not replay the trace
    "a-hidden": (Verdict.RESPONSE_CHANGED, Verdict.NOT_RUN, Verdict.SERVED),
    "b-failing": (Verdict.NOW_FAILING, Verdict.NOT_RUN, None),
    "c-never": (None, Verdict.NOT_RUN, Verdict.NOT_RUN),
    "d-mended": (Verdict.NOW_FAILING, Verdict.SAME, None),
    "e-between": (Verdict.NOT_RUN, Verdict.NOW_REJECTED, Verdict.NOT_RUN),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs; the newer ones had not the tools of every trace."""
    path = tmp_path_factory.mktemp("judging") / "traces.db"
    records: list[object] = [
        ReplayRun(id=f"run-{at}", started_at=moment(600 + at), status="finished", toolbox="t:box")
        for at in range(3)
    ]
    for second, (trace, said) in enumerate(SAID.items()):
        records += [Trace(id=trace, started_at=moment(second)), tool_call(trace, 1, "get_weather")]
        for at, one in enumerate(said):
            if one is not None:
                records.append(verdict(f"run-{at}", trace, 1, one))
    write(path, *records)
    return path


@pytest.fixture
def database(judged: Path) -> Database:
    return Database.open(judged)


def found(database: Database, text: str, sort: TraceSort | None = None) -> dict[str, list[str]]:
    traces = TraceList(database, parse_filter(text), sort)
    traces.find()
    lines = [traces.line(at) for at in range(len(traces))]
    return {line.id: list(line.verdicts) for line in lines if line is not None}


def test_the_list_shows_the_newest_verdict_that_judged(database: Database) -> None:
    assert found(database, "") == {
        "e-between": ["now_rejected"],
        "d-mended": ["same"],
        "c-never": ["not_run"],
        "b-failing": ["now_failing"],
        "a-hidden": ["response_changed"],
    }


def test_filter_facets_and_order_look_at_the_same_runs(database: Database) -> None:
    by_today = list(found(database, "", TraceSort("today")))
    verdicts = next(one for one in Facets(database, None).read() if one.name == "verdict")

    assert by_today == ["b-failing", "e-between", "a-hidden", "c-never", "d-mended"]
    assert list(found(database, "verdict:changed")) == ["a-hidden"]
    assert list(found(database, "verdict:not-judged")) == ["c-never"]
    assert dict(verdicts.values) == {
        "now_failing": 1,
        "now_rejected": 1,
        "response_changed": 1,
        "not_run": 1,
    }


def test_a_transcript_opens_with_the_run_that_judged_it(database: Database) -> None:
    runs = {one: read_steps(database, one).run for one in SAID}

    assert {one: run and run.id for one, run in runs.items()} == {
        "a-hidden": "run-0",
        "b-failing": "run-0",
        "c-never": "run-2",
        "d-mended": "run-1",
        "e-between": "run-1",
    }


@pytest.fixture
def two_apps(tmp_path: Path) -> Path:
    """Two traces that call tools of the toolbox, one that calls another tool, one that calls none.

    One of the first and the third are pinned.
    """
    path = tmp_path / "two.db"
    run = ReplayRun(
        id="run-1",
        started_at=moment(600),
        status="finished",
        toolbox="t:box",
        coverage={"tool_count": 2, "calls": {"get_weather": 2}, "tools": ["book"]},
    )
    records: list[object] = [run, verdict("run-1", "a-sun", 1, Verdict.SAME)]
    for trace, tool in (("a-sun", "get_weather"), ("b-trip", "book"), ("c-cal", "list_days")):
        records += [Trace(id=trace, started_at=moment(1)), tool_call(trace, 1, tool)]
    records.append(Trace(id="d-idle", started_at=moment(1)))
    pins = [
        Pin(id=pin_id(one, None), trace_id=one, pinned_at=moment(9)) for one in ("a-sun", "c-cal")
    ]
    write(path, *records, *pins)
    return path


def test_traces_that_call_none_of_a_toolbox_are_counted(two_apps: Path) -> None:
    database = Database.open(two_apps)

    assert strangers(database, "t:box", ()) == Strangers(1, 3)
    assert strangers(database, "t:box", ("b-trip", "c-cal", "d-idle")) == Strangers(1, 2)
    assert strangers(database, "t:box", (), is_pinned=True) == Strangers(1, 2)
    assert strangers(database, "other:box", ()) is None


def test_the_dialog_says_how_many_traces_have_none_of_the_tools(two_apps: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("a-sun")
        await person.press("r")
        await person.sees("this trace, a-sun", "t:box")
        assert "none of these" not in person.screen
        await person.press("s")
        await person.sees("what is pinned", "1 of 2 traces call none of these tools: not judged")
        await person.press("s")
        await person.sees("1 of 3 traces call none of these tools: not judged")
        await person.press("s")
        await person.sees("this trace")
        assert "none of these" not in person.screen

    use(two_apps, script, trace="a-sun")
    use(two_apps, its_own, trace="c-cal")


async def its_own(person: Person) -> None:
    await person.sees("c-cal")
    await person.press("r")
    await person.sees("it calls none of these tools: nothing of it is judged")


def test_commands_and_bundles_take_the_same_run(judged: Path, tmp_path: Path) -> None:
    shown = {
        "a-hidden": Verdict.RESPONSE_CHANGED,
        "b-failing": Verdict.NOW_FAILING,
        "c-never": Verdict.NOT_RUN,
        "d-mended": Verdict.SAME,
        "e-between": Verdict.NOW_REJECTED,
    }
    with Store.open(judged) as store:
        run = store.judging_run("a-hidden")
        for trace, said in shown.items():
            assert [one.verdict for one in newest_verdicts(store, trace).values()] == [said], trace

    assert run is not None
    assert run.id == "run-0"
    bundle, copied = str(tmp_path / "bundle.zip"), str(tmp_path / "copy.db")
    assert exit_code_of(["export", str(judged), "--to", "bundle", "-o", bundle]) == 0
    assert exit_code_of(["import", copied, bundle]) == 0
    with Store.open(Path(copied)) as copy:
        kept = {one.trace_id: one.verdict for run in copy.runs() for one in copy.verdicts(run.id)}
    assert kept == shown
