"""What the status row says of keys: also of one that does nothing where one is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.person import Person, use
from tui.screens.transcript import TranscriptScreen
from tui.widgets.bars import KeyBar


def test_a_key_that_does_nothing_on_a_screen_says_so(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("P")
        await person.sees("P does nothing here   ? lists the keys")
        await person.press("j")
        await person.sees_no("does nothing here")
        await person.press("r")
        await person.sees("run-1")
        await person.press("m")
        await person.sees("m does nothing here")
        await person.press("q", "B", "x")
        await person.sees("no breakpoints yet   a adds one")

    use(database, script)


def test_in_a_prompt_only_the_keys_that_edit_do_anything(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("f", *"good", "f5", "tab", "left", "left", "x")
        await person.sees("feedback on step 3: goxod")
        assert person.app.focused is person.app.screen.query_one("#prompt-input")

    use(database, script, trace="b-trip")


def test_a_number_that_is_no_step_is_asked_for_again_with_what_was_typed(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.type_fast("colon", *"99", "enter", "backspace", "backspace", *"2x", "enter")
        await person.sees("'2x' is no step", "go to step 2x")
        await person.type_fast("backspace", "enter")
        await person.sees("stopped at 2")
        await person.press("colon", *"99", "enter")
        await person.sees("there is no step 99: this trace has 1 to 5", "go to step 99")
        await person.press("escape", "n")
        await person.sees("stopped at 3")

    use(database, script, trace="b-trip")


def test_another_part_of_the_last_step_is_not_the_end_any_more(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("G", "2", "s")
        await person.sees("this is the last step")
        await person.press("S")
        await person.sees("stopped at 5")
        await person.sees_no("this is the last step")

    use(database, script, trace="b-trip")


def test_capital_h_tells_of_what_is_looked_through_beside_the_screen(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        screen = person.app.screen
        assert isinstance(screen, TranscriptScreen)
        screen.looking = 7
        await person.press("H")
        await person.sees("the trace is looked through for its breakpoints and watches")
        screen.looking = 0
        await person.press("H")
        await person.sees("nothing is under way")

    use(database, script, trace="b-trip")


def test_a_call_that_differs_opens_on_its_verdict_whatever_tab_was_left_open(
    database: Path,
) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("j", "enter", "4")
        await person.sees("response: {")
        await person.press("q", "enter")
        await person.sees("today's code answers differently", "cause  ")
        await person.press("n", "6")
        await person.sees("duration")
        await person.press("q", "enter")
        await person.sees("Steps 4/5", "duration")

    use(database, script)


def test_the_keys_are_there_with_the_first_picture_of_a_screen(database: Path) -> None:
    filled: list[tuple[int, str]] = []

    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("m")
        await person.sees("? help")
        await person.press("q", "x")
        await person.sees("? help")

    def fill(bar: KeyBar, was: Callable[[KeyBar], None] = KeyBar._fill) -> None:
        was(bar)
        filled.append((bar.size.width, str(bar.content)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KeyBar, "_fill", fill)
        use(database, script)
    assert [words for width, words in filled if width == 0]
    assert all("? help" in words for _, words in filled)


@pytest.mark.slow
def test_while_the_demo_runs_both_keys_that_stop_it_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def script(person: Person) -> None:
        await person.sees("Nothing recorded yet")
        await person.pilot.press("t")
        await person.sees("esc or q stops it.", "q stop")
        await person.pilot.press("i")
        await person.sees("the demo runs   esc stops it")
        await person.pilot.press("escape")
        await person.sees("stopped")

    use(tmp_path / "traces.db", script, is_settled=False)
