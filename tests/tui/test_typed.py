"""What is typed at questions: searches that show where they are, and what was typed before."""

from __future__ import annotations

from pathlib import Path

from tests.tui.person import Person, use
from tui.widgets.typed import Typed


def test_up_brings_back_what_was_typed_before_and_down_what_is_typed_now() -> None:
    answers = ["first", "second"]
    typed = Typed(answers)

    assert typed.before("thi") == "second"
    assert typed.before("second") == "first"
    assert typed.before("first") is None
    assert typed.after() == "second"
    assert typed.after() == "thi"
    assert typed.after() is None
    typed.add("first")
    typed.add("  ")
    assert answers == ["second", "first"]


def test_a_search_says_which_match_one_is_on_and_escape_leaves_the_cursor(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("4", "tab", "j")
        outline = person.app.screen.outline  # type: ignore[attr-defined]  # a transcript's
        assert outline.cursor == 1
        await person.press("slash", *"sky")
        assert outline.cursor == 3
        await person.press("backspace", "backspace", "backspace", *"city")
        assert outline.cursor == 2  # from where it began, not from the match of another text
        await person.press("escape")
        assert (outline.cursor, outline.needle) == (1, "")

        await person.press("slash", *'"', "enter")
        await person.sees('/"   1 of 3   n next   N previous   esc ends')
        await person.press("n")
        await person.sees('/"   2 of 3')
        await person.press("slash", *"nothing at all", "enter")  # in place of what was searched for
        await person.sees("nothing here holds 'nothing at all'")
        await person.press("slash", "up", "enter")
        await person.sees('/"   2 of 3')
        await person.press("escape")
        await person.sees(" stopped at 3")

    use(database, script, trace="b-trip")


def test_the_list_finds_what_is_typed_not_what_was_typed_before_it_too(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("slash", *"trip", "enter")
        await person.sees("/trip")
        await person.press("slash", *"zebra", "enter")
        await person.sees("no trace here holds 'zebra'")
        await person.press("slash", "up", "up")
        await person.sees("find trip")
        await person.press("escape", "f", *"tool:get_weather", "enter", "escape")
        await person.press("f", "up")
        await person.sees("filter tool:get_weather")

    use(database, script)


def test_the_help_shows_only_the_keys_that_are_looked_for(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("question_mark")
        await person.sees("next step", "/ finds")
        await person.press("slash", *"breakp")
        await person.sees("list and edit the breakpoints", "a breakpoint stops")
        assert "next step" not in person.screen
        await person.press("enter")
        await person.sees("/breakp   esc shows all")
        await person.press("slash", *"zzz", "enter")
        await person.sees("Nothing here holds 'zzz'.")
        await person.press("escape")
        await person.sees("next step")
        await person.press("slash", *"tool", "escape")  # leaves the line, not the help
        await person.sees("next step", "Keys")
        await person.press("escape")
        await person.sees_no("next step")

    use(database, script, trace="b-trip")
