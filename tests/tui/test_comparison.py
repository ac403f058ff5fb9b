"""One call recorded against today on the whole screen: both forms, context, the way around."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tui.person import Person, use
from tests.tui.records import changed, replay_run, tool_call, trip, write


def test_v_compares_a_call_and_side_by_side_both_are_seen_at_once(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("v")
        await person.sees("b-trip, step 3", "payload   recorded", "2 changes", "unified")
        assert '-   "temperature": 4' in person.screen
        await person.press("D")
        await person.sees("side by side")
        (line,) = [line for line in person.screen.splitlines() if '"temperature": 4' in line]
        assert '+   "degrees"' not in line
        assert any(
            "… 2 equal" in line and line.count("…") == 2 for line in person.screen.split("\n")
        )
        await person.press("D", "escape")
        await person.sees("stopped at 3")

    use(database, script, trace="b-trip")


def test_more_context_shows_what_is_equal_and_less_folds_it_again(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("v")
        await person.sees("2 changes")
        assert '"sky": "grey"' not in person.screen
        await person.press("right_curly_bracket")
        await person.sees('"sky": "grey"', "1 equal beside each change")
        await person.press(*["right_curly_bracket"] * 3)
        await person.sees("everything shown")
        await person.press(*["left_curly_bracket"] * 4)
        await person.sees("only what changed")
        assert '"sky": "grey"' not in person.screen

    use(database, script, trace="b-trip")


def test_n_and_p_go_from_change_to_change(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("v", "n")
        await person.sees("change 1 of 2")
        await person.press("n")
        await person.sees("change 2 of 2")
        await person.press("p")
        await person.sees("change 1 of 2")

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_in_a_finding_c_goes_to_the_next_call_with_its_cause(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    run, *rest = replay_run()
    again = changed("run-1", "a-trip", 3)
    write(path, *trip("a-trip", 0), *trip("b-trip", 60), run, *rest, again)

    async def script(person: Person) -> None:
        await person.sees("1 / 2")
        await person.press("r", "enter")
        await person.sees("5161a7e1")
        await person.press("v")
        await person.sees("b-trip, step 3", "call with this cause 1 of 2")
        await person.press("c")
        await person.sees("a-trip, step 3", "call with this cause 2 of 2")
        await person.press("c")
        await person.sees("no call with this cause that differs after this one")

    use(path, script)


@pytest.mark.slow
def test_it_opens_scrolled_to_the_first_change(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    recorded = "\n".join(f"line {number}" for number in range(5_000))
    call = tool_call("b-trip", 2, "get_weather", response=recorded)
    run, _, verdict, *_ = replay_run()
    today = recorded.replace("line 4321", "LINE 4321")
    replayed = verdict.replayed.model_copy(update={"response": today})
    found = changed("run-1", "b-trip", 2).model_copy(update={"replayed": replayed})
    write(path, *trip("b-trip", 0)[:2], call, run, found)

    async def script(person: Person) -> None:
        await person.sees("stopped at 2")
        await person.press("v")
        await person.sees("-   line 4321", "+   LINE 4321", "4,319 equal lines")

    use(path, script, trace="b-trip", size=(80, 24))


def test_copying_the_same_once_more_writes_a_file_for_its_user_alone(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("v", "n", "y")
        await person.sees("once more writes a file")
        await person.press("y")
        await person.sees("written to")

    use(database, script, trace="b-trip")

    file = tmp_path / f"replay-{os.getuid()}" / "copied.json"
    assert file.read_text("utf-8") == "4"
    assert file.stat().st_mode & 0o777 == 0o600
