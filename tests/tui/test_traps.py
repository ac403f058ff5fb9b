"""The traps of Textual and of terminals, each sprung once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from textual import events

from tests.tui.person import Person, use
from tests.tui.records import model_call, tool_call, trip, write
from tui.views.parts import printable

ROOT = Path(__file__).parent.parent.parent

HEAVY = {"deepdiff", "sqlite_utils", "vcr", "tree_sitter", "openai", "httpx", "requests", "numpy"}
TOOL_CODE = {"replay.tools", "replay.recorder", "replay.replayer", "replay.demo", "cassettes"}

TOUR = """
import json, sys
from pathlib import Path
from tests.tui.person import use

async def script(person):
    await person.sees("1 / 3")
    await person.press("j", "enter")
    await person.sees("stopped at 3")
    await person.press("b", "c", "W", *"step", "enter", "K", "escape", "B", "escape")
    await person.press("4", "tab", "w", "escape", "tab", *"12345678", "question_mark", "escape")
    await person.press("v", "D", "right_curly_bracket", "n", "escape")
    await person.press("escape", "v", "escape", "m", "t", "escape", "enter", "R")
    await person.sees("b-trip, step 3")
    await person.press("a", "enter")
    await person.sees("≈ approved")

use(Path(sys.argv[1]), script)
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.slow
def test_the_whole_tour_loads_neither_tool_code_nor_anything_heavy(database: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", TOUR, str(database)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    loaded = set(json.loads(ran.stdout.splitlines()[-1]))
    assert loaded & (HEAVY | TOOL_CODE) == set()


def test_textual_is_asked_for_without_its_crashing_extra() -> None:
    wanted = (ROOT / "pyproject.toml").read_text("utf-8")

    assert '"textual>=8.2,<9"' in wanted
    assert "textual[" not in wanted


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 1), (4, 3), (8, 3), (20, 8), (49, 30), (60, 11)])
def test_too_small_a_terminal_is_told_so_and_nothing_breaks(
    database: Path, size: tuple[int, int]
) -> None:
    async def script(person: Person) -> None:
        await person.press("n", "tab", "enter", "ctrl+p", "escape", "question_mark", "escape")
        if size[0] >= 20:
            assert "needs 50x12" in person.screen
        await person.pilot.resize_terminal(100, 30)
        await person.sees("Steps", "? help")

    use(database, script, trace="b-trip", size=size)


@pytest.mark.slow
def test_every_size_from_tiny_to_huge_draws_the_transcript(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        for width in (60, 79, 80, 99, 100, 149, 150, 220):
            for height in (16, 19, 20, 60):
                await person.pilot.resize_terminal(width, height)
                await person.pilot.pause()
                lines = person.screen.splitlines()
                assert len(lines) == height
                assert lines[-1].endswith("? help  q back")
                assert "get_weather" in person.screen

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_at_60x16_one_pane_is_shown_at_a_time(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3", "3 get_weather ─")  # what differs is shown first
        assert "╭─ Steps" not in person.screen
        await person.press("escape")
        await person.sees("Steps")
        assert "3 get_weather ─" not in person.screen
        await person.press("tab")
        await person.sees("3 get_weather ─")

    use(database, script, trace="b-trip", size=(60, 16))


@pytest.mark.slow
def test_the_cursor_stays_in_sight_when_the_terminal_shrinks(tmp_path: Path) -> None:
    path = tmp_path / "long.db"
    steps = [tool_call("long", number, "get_weather") for number in range(2, 200)]
    write(path, *trip("long", 0)[:2], *steps)

    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        await person.press("G")
        await person.sees("» 199")
        await person.pilot.resize_terminal(80, 22)
        await person.sees("» 199")

    use(path, script, trace="long")


def test_at_80_columns_the_panes_are_stacked_and_from_110_side_by_side(database: Path) -> None:
    """A breakpoint class once matched nothing, because a screen's CSS is scoped to its inside."""

    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        table, detail = person.app.screen.table, person.app.screen.detail_pane
        assert table.region.bottom <= detail.region.y
        await person.pilot.resize_terminal(110, 24)
        await person.pilot.pause()

        assert table.region.right <= detail.region.x

    use(database, script, trace="b-trip", size=(80, 24))


@pytest.mark.slow
def test_the_first_change_is_seen_at_80x24(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees('-   "temperature": 4', '+   "degrees": 4')

    use(database, script, trace="b-trip", size=(80, 24))


def test_nothing_is_animated(database: Path) -> None:
    async def script(person: Person) -> None:
        assert person.app.animation_level == "none"

    use(database, script)


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_theme_is_chosen_at_the_start_and_changed_with_a_key(
    database: Path, theme: str
) -> None:
    async def script(person: Person) -> None:
        assert person.app.theme == f"replay-{theme}"
        await person.press("f2")
        assert person.app.theme != f"replay-{theme}"

    use(database, script, theme=theme)


@pytest.mark.slow
def test_no_color_is_grey_and_says_everything_in_words(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def script(person: Person) -> None:
        await person.sees("× book failed", "≠ changed", "✓ same")
        colours = {
            tuple(segment.style.color.triplet)
            for strip in person.app.screen._compositor.render_strips()
            for segment in strip
            if segment.style and segment.style.color and segment.style.color.triplet
        }

        assert person.app.no_color
        assert colours

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_recorded_text_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    evil = "\x1b[2J\x1b]52;c;aGk=\x07 \x9b1m \u202e[bold]\ud800"
    records = trip("evil", 0)
    records[2] = tool_call("evil", 2, "get_weather\x1b[31m", response=evil, payload={evil: evil})
    records[1] = model_call("evil", 1, {"role": "assistant", "content": evil}, [])
    write(path, *records)

    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        await person.press("n")
        for key in "12345678":
            await person.press(key)
            assert not set(person.screen) & set("\x1b\x07\x9b\u202e\ud800")
        await person.press("4")
        assert "\\x1b[2J" in person.screen
        await person.press("y")

    use(path, script, trace="evil")


def test_printable_text_has_no_character_that_a_terminal_obeys() -> None:
    for code in [*range(0x300), 0x200B, 0x202E, 0x2028, 0xD800, 0xFEFF]:
        assert printable(f"a{chr(code)}b").isprintable()


def test_a_pipe_gets_a_hint_and_no_screen(database: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "replay.cli.main", "ui", str(database)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "TERM": "xterm"},
    )

    assert ran.returncode == 3
    assert ran.stdout == ""
    assert "needs a terminal" in ran.stderr
    assert f"replay list {database}" in ran.stderr
    assert "\x1b" not in ran.stderr


def test_what_is_typed_ahead_of_the_line_is_for_the_line(database: Path) -> None:
    """Keys of one packet were given to what had the focus: `:3` turned to the third tab."""

    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        for key, character in (("colon", ":"), ("5", "5"), ("enter", "\r")):
            person.app.post_message(events.Key(key, character))
        await person.sees("stopped at 5")

    use(database, script, trace="b-trip")
