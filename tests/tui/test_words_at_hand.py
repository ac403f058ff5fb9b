"""What a newcomer meets says what differs, where, and which key goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from replay.records import CallResult, CallVerdict, Cause, Change, Feedback, Outcome, Verdict
from replay.records.traces import NO_TRANSLATION
from replay.verdicts.origins import Origin
from tests.tui.person import Person, use
from tests.tui.records import changed, replay_run, trip, verdict, write
from tui.screens.origins import first_words
from tui.screens.reviewing import feedback_words
from tui.sources import source_words
from tui.views.feedback_view import feedback_entries
from tui.views.finding_view import behind_words
from tui.views.value_changes import value_change
from tui.views.verdict_view import notes_entries
from tui.views.what_differs import what_differs


def differing(*changes: Change, verdict: Verdict = Verdict.RESPONSE_CHANGED) -> CallVerdict:
    return changed("run-1", "b-trip", 3).model_copy(
        update={"changes": list(changes), "verdict": verdict}
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            [Change(path="free[2]", change="removed", recorded="12:00")],
            '"12:00" is gone from `free`',
        ),
        ([Change(path="free[0]", change="added", replayed=4)], "4 is new in `free`"),
        (
            [Change(path="price", change="changed", recorded=1, replayed=2)],
            "`price` differs (1 → 2)",
        ),
        (
            [
                Change(path="temperature", change="removed", recorded=18.5),
                Change(path="degrees", change="added", replayed=18.5),
            ],
            "`temperature` is now `degrees`",
        ),
    ],
)
def test_a_verdict_says_what_differs_in_words(changes: list[Change], words: str) -> None:
    assert what_differs(differing(*changes)) == words


def test_what_is_the_same_differs_in_nothing() -> None:
    assert what_differs(differing(verdict=Verdict.SAME)) == ""


def test_the_verdict_tab_says_what_differs_and_where_todays_tool_is(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    run = replay_run()[0].model_copy(
        update={"tool_sources": {"get_weather": {"file": "shop/weather.py", "line": 12}}}
    )
    change = Change(path="degrees", change="changed", recorded=3, replayed=4)
    write(path, *trip("b-trip", 60), run, differing(change), replay_run()[-1])

    async def script(person: Person) -> None:
        await person.sees(
            "≠ changed   `degrees` differs (3 → 4)",
            "cause  today's code answers differently ",
            "tool   begins at shop/weather.py:12   O opens it",
            "O source",
        )

        await person.press("R")
        await person.sees("tool   begins at shop/weather.py:12   O opens it")
        await person.press("O")
        await person.sees("The source of 'get_weather' is not here: 'shop/weather.py'")

    use(path, script, trace="b-trip", size=(80, 24))


def test_a_tool_begins_at_its_def_and_is_named_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python says that a function begins at its first decorator, and so do older runs."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "weather.py").write_text(
        "@toolbox.tool(\n    version='2'\n)\n@other\nasync def get_weather(): ...\n\ndef b(): ...\n"
    )
    monkeypatch.chdir(tmp_path)
    run = replay_run()[0]
    told = {
        "get_weather": {"file": "weather.py", "line": 1},
        "b": {"file": str(tmp_path / "shop" / "weather.py"), "line": 7},
        "gone": {"file": "gone.py", "line": 3},
    }
    run = run.model_copy(update={"tool_sources": told, "options": {"paths": ["shop"]}})

    said = [source_words(run, tool) for tool in (*told, "unknown")]

    assert said == ["shop/weather.py:5", "shop/weather.py:7", "gone.py:3", ""]


EVENTS = [{"title": "standup", "time": "09:00"}]


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ([*EVENTS, {"title": "review"}], '[1]: + {"title": "review"}'),
        ([], '[0]: - {"title": "standup", "time": "09:00"}'),
        ([{**EVENTS[0], "time": "10:00"}], '[0].time: "09:00" → "10:00"'),
        ([{**EVENTS[0], "room": 4}], "[0].room: + 4"),
    ],
)
def test_a_long_value_that_changed_says_where(after: list[object], words: str) -> None:
    assert value_change([EVENTS], [after]) == words


def test_short_values_stand_side_by_side_whole() -> None:
    assert value_change(["open"], ["sent"]) == ""


def test_where_nothing_more_differs_the_key_that_goes_on_is_said(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("j", "enter")
        await person.sees("stopped at 3")
        await person.press("c")
        await person.sees("nothing differs after this step   q, then c: next trace")

    use(database, script, size=(60, 16))


def test_while_something_is_typed_the_footer_names_the_keys_of_that(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("enter open")
        await person.press("f")
        await person.sees("enter done  esc never mind")
        assert "enter open" not in person.screen
        await person.press(*"a-trip", "enter")
        await person.sees("enter open")
        await person.press("f")
        await person.sees("esc never mind  ↑ ↓ what was typed before")
        await person.press("escape")
        await person.sees("enter open")

    use(database, script, size=(80, 24))


def test_a_click_on_a_column_sorts_by_it_and_once_more_turns_it_round(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        column = person.screen.splitlines()[1].index("trace")
        await person.pilot.click("#columns", offset=(column, 0))
        await person.settle()
        await person.sees("trace↑", "by trace ↑")
        await person.pilot.click("#columns", offset=(column, 0))
        await person.settle()
        await person.sees("trace↓")

    use(database, script, size=(80, 24))


def test_where_one_pane_is_shown_the_footer_names_the_key_to_the_other(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3", "tab other pane")
        await person.pilot.resize_terminal(120, 36)
        await person.settle()
        assert "c next ≠  a approve" in person.screen

    use(database, script, trace="b-trip", size=(60, 16))


def test_an_answer_that_cannot_be_read_is_told_whole(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("B", "a", "x", "backspace")
        await person.sees("names: step", "world")  # more names than one line has room for
        await person.press("escape")
        await person.sees_no("names: step")

    use(database, script, trace="b-trip", size=(80, 24))


def test_the_help_explains_every_sign_of_the_screens() -> None:
    from tui.screens.help import help_entries
    from tui.views.parts import parts_text

    said = "\n".join(parts_text(one.parts) for one in help_entries([]))
    for sign in "◆✓≠×∅?≈·●~=∈✎⚑◐":
        assert f"{sign} " in said


def test_what_a_debugger_said_does_not_stay_in_the_shell(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import io
    import sys
    from contextlib import nullcontext
    from types import SimpleNamespace
    from typing import cast

    from tui.debugging import leave_screen_to

    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    app = cast("Any", SimpleNamespace(suspend=nullcontext))
    leave_screen_to(app, [sys.executable, "-c", "print('stopped in the tool')"])
    said = capfd.readouterr().out
    entered, left = said.index("\x1b[?1049h"), said.index("\x1b[?1049l")
    assert entered < said.index("stopped in the tool") < left


def test_a_footer_says_that_there_are_more_keys_than_it_has_room_for(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("  … ? help  q back")
        assert len(person.screen.splitlines()[-1]) <= 80

    async def wide(person: Person) -> None:
        await person.sees("? help  q back")
        assert "… ? help" not in person.screen

    use(database, script, trace="b-trip", size=(80, 24))
    use(database, wide, trace="b-trip", size=(320, 40))


def test_where_one_pane_is_shown_a_trace_opens_on_what_differs(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("≠ changed", "`temperature` is now `degrees`", '"degrees": 4')
        await person.press("escape")
        await person.sees("get_weather", "Steps 3/5")

    async def same(person: Person) -> None:
        await person.sees("Steps 1/5")

    use(database, script, trace="b-trip", size=(60, 16))
    use(database, same, trace="a-trip", size=(60, 16))


def test_that_there_is_no_translation_is_said_where_arguments_are_read_otherwise() -> None:
    note = f"Recorded with version 1 of the tool, read by version 2 as it is: {NO_TRANSLATION}"
    replayed = CallResult(outcome=Outcome.OK, tool="get_weather", response="1", notes=[note])

    def notes(**fields: Any) -> list[str | None]:
        call = verdict("run-1", "b-trip", 3, replayed=replayed, **fields)
        return [entry.text for entry in notes_entries(call) if entry.text]

    assert notes(said=Verdict.RESPONSE_CHANGED, cause=Cause.CODE) == []
    assert notes(said=Verdict.NOW_REJECTED, cause=Cause.SCHEMA) == [note]
    assert notes(said=Verdict.PAYLOAD_CHANGED, cause=Cause.UNKNOWN) == [note]


def test_where_the_model_wrote_a_value_first_its_origin_says_so() -> None:
    made_up = Origin(2, "payload", "book", "date", "2026-11-20", True)
    asked = Origin(1, "prompt", "user", "", "on 2026-11-20", False)

    assert first_words(made_up) == "the model wrote it first; nothing recorded before holds it"
    assert first_words(asked) == "the first place"


def test_a_finding_says_in_how_many_traces_something_differs_before_it() -> None:
    finding = replay_run()[-1]

    def said(traces: int, first: int) -> str:
        counts = {"trace_count": traces, "first_divergence_count": first}
        return behind_words(finding.model_copy(update=counts))

    assert said(1, 1) == ""
    assert said(1, 0) == ", behind an earlier difference"
    assert said(3, 0) == ", behind an earlier difference in each"
    assert said(3, 2) == ", in 1 of them behind an earlier difference"


def test_a_label_is_a_short_word_and_anything_else_a_note() -> None:
    assert feedback_words("wrong_tool it asked twice") == [
        "--label",
        "wrong_tool",
        "--note",
        "it asked twice",
    ]
    assert feedback_words("late") == ["--label", "late"]
    assert feedback_words("xtool:get_weather") == ["--note", "xtool:get_weather"]
    assert feedback_words("a" * 41) == ["--note", "a" * 41]


def test_a_long_note_is_one_line_until_it_is_opened() -> None:
    said = Feedback(id="f", trace_id="t", created_at="2026-11-20T10:00:00Z", text="so long " * 90)

    last = feedback_entries([said])[-1]

    assert last.parts == (("so long so long so long so long so long … ", ""),)
    assert last.folded == (("720 characters", "dim"),)
    assert [entry.text for entry in last.made()] == [said.text]
