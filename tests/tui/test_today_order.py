"""The list of traces by what they are today, the worst first."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.records import Approval, ReplayRun, Trace, Verdict
from tests.tui.person import Person, use
from tests.tui.records import moment, replay_run, tool_call, trip, verdict, write
from tui.rows.database import Database
from tui.rows.filters import parse_filter
from tui.rows.sorting import TraceSort
from tui.rows.traces import TraceList

WORST = {
    "a-same": (Verdict.SAME,),
    "b-changed": (Verdict.SAME, Verdict.RESPONSE_CHANGED),
    "c-failing": (Verdict.RESPONSE_CHANGED, Verdict.NOW_FAILING),
    "d-rejected": (Verdict.NOW_REJECTED, Verdict.EFFECT_CHANGED),
    "e-unsure": (Verdict.UNANSWERED,),
    "f-approved": (Verdict.ERROR_CHANGED,),
    "g-mended": (Verdict.SAME,),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace of each sign; of one an older run said something worse; one nobody judged."""
    path = tmp_path_factory.mktemp("today") / "traces.db"
    records: list[object] = [
        ReplayRun(
            id=run,
            started_at=moment(second),
            status="finished",
            toolbox="t:box",
            trace_count=7,
            call_count=10,
        )
        for run, second in (("run-1", 600), ("run-2", 700))
    ]
    records.append(Trace(id="h-new", started_at=moment(500)))
    for at, (trace, said) in enumerate(WORST.items()):
        records.append(Trace(id=trace, started_at=moment(60 * at)))
        for number, one in enumerate(said, 1):
            signature = "ab" if trace == "f-approved" else None
            records.append(tool_call(trace, number, "get_weather"))
            records.append(verdict("run-2", trace, number, one, signature=signature))
    records.append(verdict("run-1", "g-mended", 1, Verdict.NOW_FAILING))
    finding = replay_run()[-1].model_copy(
        update={
            "run_id": "run-2", "signature": "ab", "verdict": Verdict.ERROR_CHANGED,
            "example_trace_id": "f-approved", "example_tool_call_id": "f-approved-c1",
        }
    )  # fmt: skip
    approval = Approval(signature="ab", title="it", approved_at=moment(800))
    write(path, *records, finding, approval)
    return path


def found(path: Path, text: str, sort: TraceSort) -> list[str]:
    database = Database.open(path)
    try:
        traces = TraceList(database, parse_filter(text), sort)
        traces.find()
        return [line.id for at in range(len(traces)) if (line := traces.line(at)) is not None]
    finally:
        database.close()


def test_the_worst_is_first_and_what_no_run_judged_last_either_way(judged: Path) -> None:
    order = ["c-failing", "d-rejected", "b-changed", "e-unsure", "f-approved", "g-mended", "a-same"]
    best = ["g-mended", "a-same", "f-approved", "e-unsure", "b-changed", "d-rejected", "c-failing"]

    assert found(judged, "", TraceSort("today")) == [*order, "h-new"]
    assert found(judged, "", TraceSort("today", is_reversed=True)) == [*best, "h-new"]


def test_a_filtered_list_is_sorted_so_too(judged: Path) -> None:
    assert found(judged, "verdict:changed", TraceSort("today")) == ["c-failing", "b-changed"]


def test_s_goes_through_the_columns_as_they_stand_and_says_which_are_first(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("started↓", "1 / 3")
        for name, way in (
            ("trace↑", "by trace ↑ a to z"),
            ("app↑", "by app ↑ a to z"),
            ("model↑", "by model ↑ a to z"),
            ("calls↓", "by calls ↓ most first"),
            ("not ok↓", "by not ok ↓ most first"),
            ("today↓", "by today ↓ worst first"),
        ):
            await person.press("s")
            await person.sees(f"{name} ", way)
        assert person.app.screen.line_here().id == "b-trip"
        await person.press("S")
        await person.sees("today↑ ", "by today ↑ best first")
        await person.press("s")
        await person.sees("started↓ ")

    use(database, script)


def test_a_match_says_which_of_how_many_it_is(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("slash", *"-trip", "enter")
        await person.sees("/-trip   1 of 3   n next")
        await person.press("n")
        await person.sees("/-trip   2 of 3")
        await person.press("N")
        await person.sees("/-trip   1 of 3")
        await person.press("j")
        await person.sees_no("/-trip")

    use(database, script)


def test_the_count_of_matches_is_of_the_list_that_is_shown(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.press("f", *"verdict:any", "enter")
        await person.sees("1 / 1 of 3")
        await person.press("slash", *"-trip", "enter")
        await person.sees("/-trip   1 of 1")

    use(database, script)


def test_a_trace_that_goes_on_has_the_sign_of_what_is_under_way(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    trace, *rest = trip("a-trip", 0)
    write(path, trace.model_copy(update={"ended_at": None}), *rest)

    async def script(person: Person) -> None:
        await person.sees("│◐ ·")
        await person.press("enter")
        await person.sees("◐ not ended")
        assert "●" not in person.screen

    use(path, script)
