"""Two versions of a tool's schema, compared and counted by real processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.person import Person, use
from tests.tui.snapshot_answers import CHECK, DIFFERENCE
from tests.tui.snapshot_database import write_snapshot_database
from tui.screens.schemas import SchemasScreen

TOOLS = '''
from replay import Toolbox

toolbox = Toolbox("travel")


@toolbox.tool(version="2")
def get_weather(city: str, day: str, unit: str = "celsius") -> str:
    """Tell the weather."""
    return "grey"
'''


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "travel_v2.py").write_text(TOOLS, "utf-8")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "traces.db"
    write_snapshot_database(path)
    return path


@pytest.mark.slow
def test_recorded_versions_and_todays_with_the_payloads_that_each_change_hits(place: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 4")
        await person.press("v")
        await person.sees("get_weather", "→ today", "changed field")
        await person.press("less_than_sign")
        await person.sees("version 1", "is new, and required", "REQUIRED_PROPERTY_ADDED")
        await person.sees("recorded payloads hit")
        await person.press("enter")
        await person.sees("stopped at 2", "payload")
        await person.press("escape", "left_parenthesis")
        await person.sees("payloads are counted against today's tools only")

    use(place, script)


def test_enter_says_why_there_is_no_call_to_open(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While payloads are counted nobody knows yet; that none is hit is known at the end only."""
    monkeypatch.setattr(SchemasScreen, "_ask", lambda *_: None)

    async def script(person: Person) -> None:
        await person.sees("1 / 4")
        await person.press("v")
        screen = person.app.screen
        assert isinstance(screen, SchemasScreen)
        assert screen.asking is not None
        await person.press("enter")
        await person.sees("◐ still comparing")
        assert "nothing changes here" not in person.screen
        for counts_hits, said in ((True, "still counting"), (False, "nobody has counted")):
            screen._compared(screen.asking, DIFFERENCE, counts_hits)
            await person.press("enter")
            await person.sees(said)
        screen._counted(screen.asking, CHECK)
        await person.press("j", "enter")
        await person.sees("no recorded payload is hit by this")
        await person.press("G", "enter")
        await person.sees("nothing changes here")

    use(place, script)


@pytest.mark.slow
def test_tools_that_do_not_import_are_told_and_other_versions_still_compared(place: Path) -> None:
    (place.parent / "travel_v2.py").write_text("import nothing_of_that_name", "utf-8")

    async def script(person: Person) -> None:
        await person.sees("1 / 4")
        await person.press("v")
        await person.sees("These two cannot be compared", "nothing_of_that_name")
        await person.press("left_parenthesis", "less_than_sign")
        await person.sees("REQUIRED_PROPERTY_ADDED")

    use(place, script)


@pytest.mark.slow
def test_the_schema_tab_of_a_call_leads_to_its_tool(place: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("p", "7", "v")
        await person.sees("get_weather", "→ today")
        await person.press("escape")
        await person.sees("stopped at 2")

    use(place, script, trace="b-trip")


@pytest.mark.slow
def test_leaving_ends_the_process_that_was_asked(place: Path, tmp_path: Path) -> None:
    asked = []

    async def script(person: Person) -> None:
        await person.sees("1 / 4")
        await person.press("v")
        screen = person.app.screen
        asked.append(screen.asking)  # type: ignore[attr-defined]  # the screen of schemas
        await person.press("escape")
        await person.settle()

    use(place, script)

    assert all(one.is_stopped for one in asked)
