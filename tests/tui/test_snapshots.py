"""Each screen in each of its states, at two sizes and in both themes, as it was last looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.tui.person import Person, use
from tests.tui.records import trip, write
from tests.tui.snapshot_answers import CHECK, DIFFERENCE
from tests.tui.snapshot_database import write_snapshot_database
from tests.tui.snapshots import SIZES, Camera, Shot
from tui.screens.schemas import SchemasScreen


async def _compared(person: Person) -> None:
    screen = person.app.screen
    assert isinstance(screen, SchemasScreen)
    assert screen.asking is not None
    screen._compared(screen.asking, DIFFERENCE, True)
    await person.settle()


async def _counted(person: Person) -> None:
    screen = person.app.screen
    assert isinstance(screen, SchemasScreen)
    assert screen.asking is not None
    screen._counted(screen.asking, CHECK)
    await person.settle()


EVERYTHING: Sequence[Shot] = (
    ("traces", "j j", "3 / 4"),
    ("traces-filter", "slash v e r", "filter"),
    ("traces-empty", "x escape slash z z z z enter", "0 traces"),
    ("help-traces", "escape question_mark", "Keys"),
    ("transcript-verdict", "escape j j enter", "stopped at 3"),
    ("transcript-prompt", "1", "What is the weather"),
    ("transcript-output", "2", "get_weather"),
    ("transcript-payload", "3", "payload"),
    ("transcript-response", "4", "temperature"),
    ("transcript-outside", "p 5", "http://api.test"),
    ("transcript-timing", "6", "where the time went"),
    ("transcript-schema", "7", "what validated it"),
    ("transcript-not-replayed-model", "p", "model call"),
    ("transcript-error", "n n n 4", "no [room] left"),
    ("transcript-search", "p tab slash O s l o enter", "/Oslo"),
    ("origins", "escape j j w", "Where it came from"),
    ("help-transcript", "escape question_mark", "next step"),
    ("comparison", "escape v", "change"),
    ("comparison-beside", "D", "side by side"),
    ("comparison-context", "right_curly_bracket D", "equal beside"),
    ("comparison-same", "left_curly_bracket C", "no tool call that differs"),
    ("findings", "escape R", "5161a7e1"),
    ("findings-approve", "a", "approve: why?"),
    ("runs", "escape escape escape r", "travel_v2:toolbox"),
    ("schemas-loading", "escape v", "comparing"),
    ("schemas-counting", _compared, "counting"),
    ("schemas", _counted, "2 of 3"),
    ("schemas-beside", "tab D", "definition"),
)

NOTHING: Sequence[Shot] = (
    ("runs-empty", "r", "no replay runs yet"),
    ("schemas-empty", "escape v", "No schema of a tool was recorded"),
    ("transcript-empty", "escape G enter", "This trace has no steps"),
    ("comparison-empty", "escape g enter n v", "No replay run has judged"),
)


def _broken(name: str, open_keys: str, ready: str) -> Sequence[Shot]:
    """A screen that is opened, then loses its database, then is asked to read."""

    async def loses_it(person: Person) -> None:
        person.app.the_database._connection.close()
        person.app.screen.database_changed()  # type: ignore[attr-defined]  # all screens here have it
        await person.settle()

    return ((f"{name}-before", open_keys, ready), (f"{name}-broken", loses_it, "×"))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in: paths on the screen are the same everywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SchemasScreen, "_ask", lambda *_: None)  # its answers are handed in
    return Path("traces.db")


def _tour(path: Path, shots: Sequence[Shot], **more: Any) -> None:
    async def script(person: Person) -> None:
        await Camera(person).tour(shots)

    use(path, script, size=SIZES[-1], **more)


def test_every_screen_with_something_to_show(place: Path) -> None:
    write_snapshot_database(place)

    _tour(place, EVERYTHING)


def test_every_screen_with_nothing_to_show(place: Path) -> None:
    plain = [one for one in trip("b-trip", 60) if one.kind != "model_call"]
    write(place, trip("a-trip", 0)[0], *plain)

    _tour(place, NOTHING)
