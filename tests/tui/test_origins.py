"""Where a value came from, and the way there and back; and the screen left to a debugger."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.records import ReplayRun
from tests.tui.person import Person, use
from tui.debugging import debug_command


def test_a_value_is_followed_to_where_it_came_from_and_back(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("4", "tab", "j", "j")  # the response's city
        assert '"city": "Oslo"' in person.screen
        await person.press("w")
        await person.sees("Where it came from", "came from")
        lines = [line for line in person.screen.splitlines() if "city" in line or "uri" in line]
        assert [line.split()[1:3] for line in lines][:4] == [
            ["2", "payload"],
            ["2", "outside"],
            ["2", "response"],
            ["3", "payload"],
        ]
        await person.press("g", "enter")
        await person.sees("this is where it was")
        assert "2 get_weather" in person.screen
        await person.press("backspace")
        await person.sees("3 get_weather")
        assert "response" in person.screen

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_a_value_that_stands_nowhere_before_is_told_to_be_new(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("t", "4", "tab", "w")  # how the booking failed
        await person.sees("nowhere before this step")
        await person.press("tab", "w")
        await person.sees("put the cursor on a value first")
        await person.press("backspace")
        await person.sees("nothing to go back to")

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_a_model_call_cannot_be_stopped_in(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("g", "d")
        await person.sees("only a tool call can be stopped in")

    use(database, script, trace="b-trip")


def test_the_debugger_gets_the_tools_of_the_run_that_is_looked_at() -> None:
    run = ReplayRun(
        id="r1",
        started_at="2026-11-20T10:00:00.000000Z",
        toolbox="shop.tools:toolbox",
        options={"paths": ["/srv/app"]},
    )
    command = debug_command(Path("traces.db"), "t1", 3, run)
    assert command[3:] == [
        "debug",
        "traces.db",
        "t1",
        "--step",
        "3",
        "--tools",
        "shop.tools:toolbox",
        "--path",
        "/srv/app",
    ]
    assert "--tools" not in debug_command(Path("traces.db"), "t1", 3, None)
