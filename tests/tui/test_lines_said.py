"""What lines say where there is little room, or little to say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from replay.records import CallError, Cause, Outcome, Verdict
from tests.tui.person import Person, use
from tests.tui.records import changed, replay_run, trip, write
from tui.rows.traces import TraceLine
from tui.views.parts import cut_middle, parts_text, within
from tui.views.table_lines import trace_header, trace_parts


def trace_line(**more: Any) -> TraceLine:
    given: dict[str, Any] = {
        "key": 1,
        "id": "airline-gpt4o/9-3~be75c92bc4",
        "app": "travel",
        "started_at": "2026-11-20T10:00:00Z",
        "ended": True,
        "outcome": None,
        "source": "recorded",
        "model": "small",
        "model_call_count": 1,
        "tool_call_count": 2,
        "outcome_counts": {"ok": 2},
        "asked": "How is Paris on Tuesday, and is there a flight for two?",
    }
    return TraceLine(**{**given, **more})


def test_what_is_wider_than_its_line_ends_with_an_ellipsis(database: Path) -> None:
    async def script(person: Person) -> None:
        line = next(one for one in person.screen.splitlines() if "c-trip" in one)
        assert line.endswith("…│")

    use(database, script, size=(80, 24))


def test_spaces_at_the_end_are_not_worth_an_ellipsis() -> None:
    parts = [("same", "good"), ("       ", "")]

    assert within(parts, 6) is parts
    assert parts_text(within([("differs ", ""), ("today", "")], 10)) == "differs t…"


def test_ids_that_begin_alike_are_told_apart_by_their_end() -> None:
    ids = ["airline-gpt4o/9-3~be75c92bc4", "airline-gpt4o/9-2~ddbd979177"]
    shown = [parts_text(trace_parts(trace_line(id=one), 78)) for one in ids]

    assert shown[0] != shown[1]
    assert "airline-gp…e75c92bc4" in shown[0]
    assert cut_middle("weekend", 20) == "weekend"
    assert cell_len(cut_middle("旅行" * 20, 20)) <= 20


@pytest.mark.parametrize(("width", "is_shown"), [(58, False), (78, True), (118, True)])
def test_what_was_asked_is_shown_where_it_says_something(width: int, is_shown: bool) -> None:
    names, line = parts_text(trace_header(width)), parts_text(trace_parts(trace_line(), width))

    assert ("asked" in names, "How is Paris" in line) == (is_shown, is_shown)
    if not is_shown:  # the id has its room
        assert "airline-gpt…be75c92bc4" in line
        assert cell_len(line.rstrip()) <= width


def test_a_wide_terminal_shows_long_ids_and_models_whole() -> None:
    line = parts_text(trace_parts(trace_line(model="claude-sonnet-4-5-20250929"), 198))

    assert "airline-gpt4o/9-3~be75c92bc4 " in line
    assert "claude-sonnet-4-5-20250929 " in line


def test_steps_that_were_not_timed_leave_their_room_to_the_names(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    long = "search_direct_flights_of_the_day"
    timed, untimed = trip("a-trip", 0), trip("b-trip", 60)
    untimed = [
        one.model_copy(update={"duration_ms": None}) if hasattr(one, "duration_ms") else one
        for one in untimed
    ]
    renamed = [
        one.model_copy(update={"tool": long}) if hasattr(one, "tool") else one
        for one in [*timed, *untimed]
    ]
    write(path, *renamed)

    async def script(person: Person) -> None:
        assert long in person.screen
        person.app.open_trace("a-trip")
        await person.sees("2 ms")
        assert long not in person.screen.split("╮")[0]

    use(path, script, trace="b-trip")


def test_the_status_line_names_the_cause_of_what_differs(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("today ≠ changed: today's code answers differently")

    use(database, script, trace="b-trip", size=(80, 24))


def test_that_todays_toolbox_has_no_such_tool_is_said_as_the_cause(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    run, verdict, finding = replay_run()[0], changed("run-1", "b-trip", 3), replay_run()[-1]
    told = verdict.replayed
    assert told is not None
    gone = told.model_copy(
        update={
            "outcome": Outcome.UNKNOWN_TOOL,
            "error": CallError(type="UnknownTool", message="there is no get_weather"),
        }
    )
    update = {"verdict": Verdict.NOW_REJECTED, "cause": Cause.SCHEMA}
    write(
        path,
        *trip("b-trip", 60),
        run,
        verdict.model_copy(update={**update, "replayed": gone}),
        finding.model_copy(update={**update, "error_type": "UnknownTool"}),
    )
    words = "today's toolbox has no such tool"

    async def script(person: Person) -> None:
        await person.sees(f"cause  {words}", f"today ∅ rejected: {words}")
        await person.press("R")
        await person.sees(f"cause  {words}")
        assert "reads the arguments" not in person.screen

    use(path, script, trace="b-trip")


def test_a_short_list_leaves_its_rows_to_the_detail_below_it(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3", "cause", '"degrees": 4')
        lines = person.screen.splitlines()
        assert lines[1].startswith("╭─ Steps")
        assert lines[7].startswith("╰")  # five steps, and the frame
        await person.press("z")
        assert person.screen.splitlines()[-3].startswith("╰")  # alone it has all the room
        await person.press("z")
        await person.pilot.resize_terminal(120, 36)
        await person.settle()
        assert person.screen.splitlines()[-3].count("╰") == 2

    use(database, script, trace="b-trip", size=(80, 24))


def test_a_removed_breakpoint_comes_back_with_up(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("B", "a", *"step > 1", "enter", "x")
        await person.sees("removed step > 1   a and ↑ bring it back")
        await person.press("a", "up", "enter")
        await person.sees("1 / 1 breakpoint")

    use(database, script)


def test_a_detail_that_is_shown_alone_begins_at_its_first_change(tmp_path: Path) -> None:
    """While it was hidden it had one column, and so hundreds of lines above the change."""
    path = tmp_path / "traces.db"
    run, verdict, finding = replay_run()[0], changed("run-1", "b-trip", 3), replay_run()[-1]
    note = "A note that is long enough to be wrapped. " * 8
    write(path, *trip("b-trip", 60), run, verdict.model_copy(update={"note": note}), finding)

    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("escape", "p", "n", "tab")
        await person.sees("≠ changed", "cause  today's code")
        assert person.app.screen.outline.cursor == 0  # type: ignore[attr-defined]  # a transcript's

    use(path, script, trace="b-trip", size=(70, 18))


def test_a_watch_says_that_no_step_has_its_value(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("W", *"response.price", "enter")
        await person.sees("response.price  no step of this trace has it")
        await person.press("W", *"response.sky", "enter")
        await person.sees('response.sky    "grey"')
        await person.press("g")
        await person.sees("response.sky    no value yet")

    use(database, script, trace="b-trip")
