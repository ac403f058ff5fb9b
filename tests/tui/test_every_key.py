"""Every key of a transcript, one after the other: what it does is seen on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.person import Person, use
from tui.actions import EVERYWHERE, LINES, OUTLINE, TRANSCRIPT, actions_of
from tui.screens.traces import TracesScreen
from tui.screens.transcript import TranscriptScreen

FROM_STEP_3 = ["g", "j", "j"]
"""To the second of three parallel calls, which differs today."""
IN_RESPONSE = [*FROM_STEP_3, "4", "tab"]

STEPS: list[tuple[list[str], str, str]] = [
    (FROM_STEP_3, "n", "stopped at 4"),
    (FROM_STEP_3, "f10", "stopped at 4"),
    (FROM_STEP_3, "p", "stopped at 2"),
    (FROM_STEP_3, "N", "stopped at 2"),
    (["g"], "c", "stopped at 3: differs today"),
    (["g"], "f5", "stopped at 3: differs today"),
    (["G"], "C", "stopped at 3: differs today"),
    (FROM_STEP_3, "e", "stopped at 4"),
    (["G"], "E", "stopped at 4"),
    (FROM_STEP_3, "m", "stopped at 5"),
    (FROM_STEP_3, "M", "stopped at 1"),
    (FROM_STEP_3, "t", "stopped at 4"),
    (FROM_STEP_3, "T", "stopped at 2"),
    (FROM_STEP_3, "greater_than_sign", "stopped at 5"),
    (FROM_STEP_3, "less_than_sign", "stopped at 1"),
    (FROM_STEP_3, "u", "stopped at 1"),
    (["g"], "colon", "go to step"),
    (["4"], "escape", "Traces"),
]
LOOKS: list[tuple[list[str], str, str]] = [
    ([*FROM_STEP_3, "2"], "s", "payload: {"),
    ([*FROM_STEP_3, "2"], "f11", "payload: {"),
    ([*FROM_STEP_3, "3"], "S", "→ get_weather"),
    (FROM_STEP_3, "1", "What is the weather for b-trip?"),
    (FROM_STEP_3, "2", "→ get_weather"),
    (FROM_STEP_3, "3", "payload: {"),
    (FROM_STEP_3, "4", "response: {"),
    ([*FROM_STEP_3, "p"], "5", "http://api.test/weather"),
    (FROM_STEP_3, "6", "provider's id"),
    (FROM_STEP_3, "7", "what the model was shown"),
    (FROM_STEP_3, "8", "today's code answers differently"),
    ([*FROM_STEP_3, "3"], "right_square_bracket", "response: {"),
    ([*FROM_STEP_3, "3"], "left_square_bracket", "→ get_weather"),
    (["g"], "slash", "find"),
    (FROM_STEP_3, "y", "copied step 3 as JSON"),
    (FROM_STEP_3, "B", "No breakpoints"),
    (FROM_STEP_3, "K", "Nothing is watched"),
    (FROM_STEP_3, "W", "watch"),
    (IN_RESPONSE, "w", "Where it came from"),
    (["g"], "w", "put the cursor on a value first"),
    (["g"], "backspace", "nothing to go back to"),
    (["g"], "question_mark", "Keys"),
    (["g"], "f1", "Keys"),
    (FROM_STEP_3, "R", "5161a7e1"),
    (FROM_STEP_3, "v", "only what changed"),
]
ACTS: list[tuple[list[str], str, str]] = [
    (FROM_STEP_3, "b", "● breakpoint: tool == 'get_weather'"),
    (FROM_STEP_3, "f9", "no breakpoint any more"),
    (["g"], "d", "only a tool call can be stopped in"),
    (["g"], "r", "Replay"),
    (["g"], "i", "only a tool call can be edited"),
    (["g"], "I", "no edited branch yet"),
    (["g"], "a", "not replayed yet"),
    (["g"], "P", "pin the trace"),
    (["g"], "f", "feedback on step 1"),
    (["g"], "L", "labelling"),
    (["g"], "o", "cannot be left to another program"),
    (["g"], "O", "only a tool has a source"),
    (["g"], "Y", "Copy step 1"),
    (["g"], "H", "nothing is under way"),
    (["g"], "f3", "nothing in this database is hidden"),
]
MOVES: list[tuple[list[str], str, str]] = [
    (["g"], "j", "stopped at 2"),
    (["g"], "down", "stopped at 2"),
    (FROM_STEP_3, "k", "stopped at 2"),
    (FROM_STEP_3, "up", "stopped at 2"),
    (["g"], "space", "stopped at 5"),
    (["g"], "pagedown", "stopped at 5"),
    (["g"], "ctrl+f", "stopped at 5"),
    (["G"], "pageup", "stopped at 1"),
    (["G"], "ctrl+b", "stopped at 1"),
    (["g"], "ctrl+d", "stopped at 5"),
    (["G"], "ctrl+u", "stopped at 1"),
    (["G"], "g", "stopped at 1"),
    (["G"], "home", "stopped at 1"),
    (["g"], "G", "stopped at 5"),
    (["g"], "end", "stopped at 5"),
]
FOLDS: list[tuple[list[str], str, str]] = [
    (IN_RESPONSE, "enter", "{ 3 keys }"),
    ([], "l", '"sky": "grey"'),
    ([], "h", "{ 3 keys }"),
    ([], "right", '"sky": "grey"'),
    ([], "left", "{ 3 keys }"),
    ([], "plus", '"sky": "grey"'),
    (["minus", "l"], "minus", '"sky": "grey"'),
    (["8", "g"], "full_stop", "≠ changed"),
    (["G"], "comma", "≠ changed"),
]


def keys_of(*groups: list[tuple[list[str], str, str]]) -> set[str]:
    return {key for group in groups for _, key, _ in group}


async def stand_in_the_list(person: Person) -> None:
    """Leave whatever a key opened."""
    app = person.app
    while len(app.screen_stack) > 3:
        app.pop_screen()
        await person.settle()
    if isinstance(app.screen, TracesScreen):
        app.open_trace("b-trip")
        await person.settle()
    screen = app.screen
    assert isinstance(screen, TranscriptScreen)
    if screen.prompt.is_asking:
        await person.press("escape")
    screen.table.focus()
    await person.settle()


LEAVES = {"q", "Q", "ctrl+q", "ctrl+c", "tab", "shift+tab", "f2", "z", "ctrl+z"}
"""Looked at one by one below."""


def test_no_key_of_a_transcript_is_left_out() -> None:
    actions = actions_of(TRANSCRIPT, OUTLINE, LINES, EVERYWHERE)
    pressed = keys_of(STEPS, LOOKS, ACTS, MOVES, FOLDS) | LEAVES

    assert {key for action in actions for key in action.keys} == pressed


@pytest.mark.slow
@pytest.mark.parametrize(
    "group", [STEPS, LOOKS, ACTS, MOVES], ids=["steps", "looks", "acts", "moves"]
)
def test_every_key_does_what_it_says(
    database: Path, group: list[tuple[list[str], str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "true")

    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        for before, key, seen in group:
            await person.press(*before, key)
            await person.sees(seen)
            await stand_in_the_list(person)

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_every_key_folds_and_finds_changes(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        for before, key, seen in FOLDS:
            await person.press(*before, key)
            assert seen in person.screen, key

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_panes_theme_and_leaving(database: Path) -> None:
    async def script(person: Person) -> None:
        app, screen = person.app, person.app.screen
        await person.sees("stopped at 3")
        await person.press("tab")
        assert screen.focused is screen.outline
        await person.press("shift+tab")
        assert screen.focused is screen.table
        await person.press("z")
        assert "3 get_weather ─" not in person.screen
        await person.press("z", "tab", "u")
        assert screen.focused is screen.table
        before = app.theme
        await person.press("f2")
        assert app.theme != before
        await person.press("q")
        assert "╭─ Traces" in person.screen

    use(database, script, trace="b-trip")


@pytest.mark.slow
@pytest.mark.parametrize("key", ["Q", "ctrl+q", "ctrl+c"])
def test_these_keys_end_the_program(database: Path, key: str) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press(key)
        assert not person.app.is_running or person.app._exit

    use(database, script, trace="b-trip")
