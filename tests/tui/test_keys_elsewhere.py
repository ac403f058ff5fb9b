"""Every key of every screen but the transcript, one after the other: something new is seen of it.

A key of the table without a line here fails `test_no_key_of_any_screen_is_left_out`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.person import Person, use
from tests.tui.records import write
from tests.tui.snapshot_acting import branch_run
from tests.tui.snapshot_answers import CHECK, DIFFERENCE
from tests.tui.snapshot_database import write_snapshot_database
from tests.tui.test_snapshots import stands_still
from tui.actions import ACTIONS, EVERYWHERE, LINES, OUTLINE, TRANSCRIPT, key_name
from tui.app import ReplayApp
from tui.jobs import Jobs
from tui.screens.schemas import SchemasScreen
from tui.screens.start import StartScreen
from tui.widgets.lines import Lines

Step = tuple[str, str]
"""Keys, of which the last one is looked at; and what is seen then, and was not before. Without a
text the keys only lead on."""
PRESSED_ELSEWHERE = {TRANSCRIPT, OUTLINE, LINES, EVERYWHERE}
"""By `test_every_key`."""


def each(keys: str, seen: str, back: str = "esc") -> list[Step]:
    """Every one of ``keys`` shows the same; ``back`` leads back."""
    return [step for key in keys.split() for step in ((key, seen), (back, ""))]


STEP_3 = "j j enter g j j"
MOVES, CHANGES, ENDS = "(the cursor moves)", "(another picture)", "(the program ends)"
"""What a key does where no text says it."""

KEYS: dict[str, list[Step]] = {
    "traces": [
        *each("enter l right", "stopped at"),
        ("f", "words  tool:NAME"),
        ("esc /", "id, app, model, asked"),
        ("t r i p enter", "/trip"),
        ("n", "2 / 4"),
        ("N", "1 / 4"),
        ("esc s", "trace↑"),
        ("S", "trace↓"),
        ("S s s s s", ""),
        ("F", "1 / 4  follow"),
        ("F g c", "b-trip  differs today"),
        ("G C", "b-trip  differs today"),
        ("y", "copied trace b-trip as JSON"),
        *each("x", "What there is"),
        *each("r R", "1 / 2 runs"),
        *each("v", "comparing"),
        *each("m", "Where the time goes"),
        *each("B", "No breakpoints"),
        *each("K", "Nothing is watched"),
    ],
    "help": [
        ("?", ""),
        ("/", "key or word"),
        ("esc esc", ""),
    ],
    "facets": [
        ("x", ""),
        ("]", "enter shows only model:small-1"),
        ("[", "enter shows only tool:get_weather"),
        ("/", "\n find\n"),
        ("e d enter", "/ed"),
        ("n", "enter shows only outcome:failed"),
        ("n", "enter shows only outcome:unfinished"),
        ("N", "enter shows only outcome:failed"),
        ("esc g j enter", "of 4 · tool:get_weather"),
        ("esc x l", "of 4 · tool:get_weather"),
        ("esc x right", "of 4 · tool:get_weather"),
    ],
    "runs": [
        ("r j", ""),
        *each("enter l right", "1 / 1 finding"),
        ("y", "copied run run-1 as JSON"),
    ],
    "findings": [
        ("r j enter", ""),
        ("a", "approve: why?"),
        ("esc n", "no more calls with this cause"),
        *each("v", "Recorded and today"),
        ("a esc p", "no more calls with this cause"),
        ("a esc N", "no more calls with this cause"),
        ("/", "\n find\n"),
        ("esc y", "copied"),
        ("O", "Where 'get_weather' is"),
        ("z", CHANGES),
        *each("enter", "stopped at 3"),
    ],
    "origins": [
        (f"{STEP_3} 4 tab w", ""),
        *each("enter l right", "this is where it was", "backspace w"),
        ("y", "copied"),
    ],
    "comparison": [
        (f"{STEP_3} v", ""),
        ("n", MOVES),
        ("n p", MOVES),
        ("n N", MOVES),
        ("D", "side by side, only"),
        ("}", "equal beside"),
        ("{", "only what changed"),
        ("c", "no tool call that differs"),
        ("} { f5", "no tool call that differs"),
        ("} { C", "no tool call that differs"),
        ("/", "\n find\n"),
        ("esc y", "copied"),
        ("Y", "copied both sides"),
    ],
    "replaying": [
        (f"{STEP_3} r", ""),
        ("s", "what is pinned"),
        ("space", "all traces of the database"),
        ("t", "\n tools travel_v2:toolbox"),
        ("esc b", "git:main   git:HEAD~1"),
        ("esc v", "parser    arguments are read strictly"),
        ("enter", "12 calls judged"),
        ("h", "H shows it"),
    ],
    "quitting": [
        (f"{STEP_3} r enter h Q", ""),
        ("s", ENDS),
    ],
    "quitting, again": [
        (f"{STEP_3} r enter h Q", ""),
        ("l", ENDS),
    ],
    "empty": [
        ("r", "looked again: waiting for a recording"),
        ("i", "import which file?"),
        ("esc t", "Recording two small agents"),
    ],
    "what-if": [
        ("r enter", ""),
        ("n", "no more calls that the edit"),
        ("k j p", "no more calls that the edit"),
        ("k j N", "no more calls that the edit"),
        ("v", "Recorded and today"),
        ("esc i", "cannot be left to another program"),
        ("/", "\n find\n"),
        ("esc y", "copied"),
        ("z", CHANGES),
    ],
    "copying": [
        (f"{STEP_3} Y", ""),
        *each("enter l right y", "copied", "1 Y"),
    ],
    "labelling": [
        (f"{STEP_3} L", ""),
        ("n", "call 3 of 3"),
        ("p", "call 2 of 3"),
        ("N", "call 1 of 3"),
        ("u", "nothing"),
    ],
    "breakpoints": [
        ("B", ""),
        ("a", "payload.total > 1000 and"),
        ("s t e p enter a k i n d enter", ""),
        ("enter", "breakpoint kind"),
        ("esc e", "breakpoint kind"),
        ("esc f", "4 traces looked at"),
        ("esc t", "2 ○ kind"),
        ("h", "hits each"),
        ("esc y", "copied"),
        ("x", "removed kind"),
        ("delete", "removed step"),
    ],
    "watches": [
        ("K", ""),
        ("a", "world.orders"),
        ("s t e p enter a k i n d enter", ""),
        ("enter", "watch kind"),
        ("esc e", "watch kind"),
        ("esc f", "4 traces looked at"),
        ("esc t", "only shown"),
        ("y", "copied"),
        ("x", "removed kind"),
        ("delete", "removed step"),
    ],
    "stops-found": [
        ("B a s t e p enter f", ""),
        *each("enter l right", "stopped at"),
        ("/", "\n find\n"),
        ("b o o k enter", "/book"),
        ("n", "11 / 17 stops"),
        ("N", "6 / 17 stops"),
        ("y", "copied"),
    ],
    "schemas": [
        ("v", ""),
        ("enter", "stopped at 3"),
        ("esc t", "(pydantic)"),
        ("tab z", CHANGES),
        ("n", MOVES),
        ("G p", MOVES),
        ("G N", MOVES),
        ("D", CHANGES),
        ("}", "1 equal beside each change"),
        ("{", "only what changed"),
        ("/", "\n find\n"),
        ("esc y", "copied"),
        ("z ]", CHANGES),
        ("<", "comparing"),
        (">", CHANGES),
        ("(", "comparing"),
        (")", CHANGES),
        ("< [", CHANGES),
    ],
    "metrics": [
        ("m", ""),
        ("t", "By tool"),
        ("s", "by not ok"),
        ("S", "by calls"),
        ("]", "last"),
        ("[", "all that was recorded"),
        ("/", "\n find\n"),
        ("esc y", "copied"),
        ("z", CHANGES),
        ("enter", "of 4 · tool:"),
    ],
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SchemasScreen, "_ask", lambda *_: None)
    monkeypatch.setattr(ReplayApp, "_poll", lambda _: None)
    monkeypatch.setattr(Jobs, "start", stands_still)
    monkeypatch.setattr("tui.rows.acting.judged_count", lambda *_: 12)
    monkeypatch.setattr(StartScreen, "_wait", lambda *_: None)
    monkeypatch.setattr("tui.screens.start.sys.executable", "true")  # in the demo's place
    path = Path("traces.db")
    write_snapshot_database(path)
    write(path, branch_run())
    return path


def keys_of(words: str) -> list[str]:
    """Return Textual's names of keys as people write them."""
    return [key_name(word) for word in words.split()]


@pytest.mark.slow
@pytest.mark.parametrize("screen", KEYS)
def test_every_key_of_a_screen_shows_something_new(place: Path, screen: str) -> None:
    async def script(person: Person) -> None:
        await person.sees("Nothing recorded yet" if screen == "empty" else "1 / 4")
        for words, seen in KEYS[screen]:
            await press_and_look(person, words, seen)

    use(Path("none.db") if screen == "empty" else place, script)


async def press_and_look(person: Person, words: str, seen: str) -> None:
    """Press keys, and see what the last one does."""
    *first, key = keys_of(words)
    if first:
        await person.press(*first)
    if isinstance(person.app.screen, SchemasScreen):
        hand_in(person.app.screen)
    before, place = person.screen, cursor(person)
    await person.press(key)
    if seen == MOVES:
        assert cursor(person) != place, words
    elif seen == CHANGES:
        assert person.screen != before, words
    elif seen == ENDS:
        assert person.app._exit
    elif seen:
        assert seen not in before, (words, seen, before)
        await person.sees(seen)
    if isinstance(person.app.screen, SchemasScreen):
        hand_in(person.app.screen)


def cursor(person: Person) -> int:
    pane = person.app.focused
    return pane.cursor if isinstance(pane, Lines) else -1


def hand_in(screen: SchemasScreen) -> None:
    """Give the answers that a process would."""
    if screen.asking is not None and screen.difference is None:
        screen._compared(screen.asking, DIFFERENCE, True)
        screen._counted(screen.asking, CHECK)


def test_no_key_of_any_screen_is_left_out() -> None:
    pressed = {
        (screen.partition(",")[0], keys_of(words)[-1])
        for screen, steps in KEYS.items()
        for words, seen in steps
        if seen
    }
    wanted = {
        (action.place, key)
        for action in ACTIONS
        if action.place not in PRESSED_ELSEWHERE
        for key in action.keys
    }

    assert wanted - pressed == set()
