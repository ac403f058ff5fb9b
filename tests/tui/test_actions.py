"""The table of actions: footer, help, bindings, page and palette all say the same."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from tests.tui.person import Person, use
from tui.actions import ACTIONS, EVERYWHERE, LINES, OUTLINE, actions_of, key_tables, key_words
from tui.screens.breakpoints import BreakpointsScreen
from tui.screens.comparison import ComparisonScreen
from tui.screens.copying import CopyingScreen
from tui.screens.facets import FacetsScreen
from tui.screens.findings import FindingsScreen
from tui.screens.help import HelpScreen, help_entries
from tui.screens.labelling import LabellingScreen
from tui.screens.metrics import MetricsScreen
from tui.screens.origins import OriginsScreen
from tui.screens.quitting import QuittingScreen
from tui.screens.replaying import ReplayingScreen
from tui.screens.runs import RunsScreen
from tui.screens.schemas import SchemasScreen
from tui.screens.start import StartScreen
from tui.screens.stops_found import StopsFoundScreen
from tui.screens.traces import TracesScreen
from tui.screens.transcript import TranscriptScreen
from tui.screens.watches import WatchesScreen
from tui.screens.what_if import WhatIfScreen
from tui.views.parts import parts_text
from tui.widgets.lines import Lines
from tui.widgets.outline import Outline

PAGE = Path(__file__).parent.parent.parent / "docs" / "tui.md"
OWNERS = {
    "everywhere": TracesScreen,
    "lines": Lines,
    "outline": Outline,
    "traces": TracesScreen,
    "facets": FacetsScreen,
    "empty": StartScreen,
    "transcript": TranscriptScreen,
    "runs": RunsScreen,
    "findings": FindingsScreen,
    "origins": OriginsScreen,
    "replaying": ReplayingScreen,
    "quitting": QuittingScreen,
    "what-if": WhatIfScreen,
    "copying": CopyingScreen,
    "labelling": LabellingScreen,
    "comparison": ComparisonScreen,
    "schemas": SchemasScreen,
    "metrics": MetricsScreen,
    "breakpoints": BreakpointsScreen,
    "watches": WatchesScreen,
    "stops-found": StopsFoundScreen,
    "help": HelpScreen,
}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_has_a_method_that_takes_its_arguments(action) -> None:  # type: ignore[no-untyped-def]
    name, _, arguments = action.call.partition("(")
    method = getattr(OWNERS[action.place], f"action_{name}")
    given = len(arguments.rstrip(")").split(",")) if arguments else 0

    inspect.signature(method).bind(None, *range(given))
    assert method.__doc__


@pytest.mark.parametrize(
    "places",
    [
        ("transcript", EVERYWHERE),
        ("traces", LINES, EVERYWHERE),
        ("facets", LINES, EVERYWHERE),
        ("findings", EVERYWHERE),
        ("runs", LINES, EVERYWHERE),
        ("empty", EVERYWHERE),
        ("origins", LINES, EVERYWHERE),
        ("comparison", LINES, EVERYWHERE),
        ("schemas", LINES, EVERYWHERE),
        ("metrics", LINES, EVERYWHERE),
        ("breakpoints", LINES, EVERYWHERE),
        ("watches", LINES, EVERYWHERE),
        ("stops-found", LINES, EVERYWHERE),
        ("transcript", LINES, EVERYWHERE),
        ("replaying", EVERYWHERE),
        ("quitting", EVERYWHERE),
        ("copying", LINES, EVERYWHERE),
        ("labelling", OUTLINE, LINES, EVERYWHERE),
        ("what-if", OUTLINE, LINES, EVERYWHERE),
    ],
)
def test_no_key_does_two_things_on_one_screen(places: tuple[str, ...]) -> None:
    keys = [key for action in actions_of(*places) for key in action.keys]

    assert sorted(keys) == sorted(set(keys))


def test_the_page_lists_every_key_of_the_table() -> None:
    page = PAGE.read_text("utf-8")

    assert page.endswith(key_tables()), (
        "docs/tui.md ends with tui.actions.key_tables(); write it there again"
    )


def test_the_help_lists_every_key_that_works_on_a_screen() -> None:
    actions = actions_of("transcript", LINES, OUTLINE, EVERYWHERE)
    words = "\n".join(parts_text(entry.parts) for entry in help_entries(actions))

    for action in actions:
        assert key_words(action) in words
        assert action.help in words


@pytest.mark.slow
def test_the_help_opens_on_every_screen_and_closes(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        for keys, own in (
            ([], "filter by what there is"),
            (["enter"], "next step"),
            (["q", "r"], "run found"),
        ):
            await person.press(*keys, "question_mark")
            await person.sees("Keys", own)
            await person.press("escape")
            assert "╭─ Keys" not in person.screen

    use(database, script)


@pytest.mark.slow
@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_footer_fits_and_always_has_help_and_back(database: Path, width: int) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at")
        footer = person.screen.splitlines()[-1]

        assert footer.strip().startswith("n next")
        assert footer.endswith("? help  q back")
        assert len(footer) <= width

    use(database, script, trace="b-trip", size=(width, 24))


@pytest.mark.slow
def test_the_palette_runs_an_action_by_its_name(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("ctrl+p", *"previous model", "enter")
        await person.sees("stopped at 1")

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_a_click_on_a_key_or_a_tab_does_it(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.pilot.click("#keys", offset=(2, 0))
        await person.sees("stopped at 4")
        await person.pilot.click("#tabs", offset=(3, 0))
        await person.sees("What is the weather for b-trip?")
        await person.pilot.click("#list-pane", offset=(8, 1))
        await person.sees("stopped at 1")

    use(database, script, trace="b-trip")
