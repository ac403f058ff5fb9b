"""Each screen in each of its states, at two sizes and in both themes, as it was last looked at."""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from textual.color import Color
from textual.screen import ModalScreen, Screen
from textual.theme import Theme

import tui.screens
from tests.tui.person import Person, use
from tests.tui.records import replay_run, trip, write
from tests.tui.snapshot_acting import branch_run
from tests.tui.snapshot_answers import CHECK, DIFFERENCE
from tests.tui.snapshot_database import write_snapshot_database
from tests.tui.snapshots import FOLDER, SIZES, Camera, Shot, check_text
from tui.app import ReplayApp
from tui.jobs import Job, Jobs
from tui.screens.base import BaseScreen
from tui.screens.comparison import ComparisonScreen
from tui.screens.findings import FindingsScreen
from tui.screens.metrics import MetricsScreen
from tui.screens.runs import RunsScreen
from tui.screens.schemas import SchemasScreen
from tui.screens.start import StartScreen
from tui.screens.traces import TracesScreen
from tui.theme import DARK, LIGHT


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
    ("facets", "x", "enter shows only"),
    ("traces-filter", "escape f v e r", "filter"),
    ("traces-empty", "x escape f z z z z enter", "0 traces"),
    ("help-traces", "escape question_mark", "Keys"),
    ("transcript-verdict", "escape j j enter", "stopped at 3"),
    ("transcript-prompt", "1", "What is the weather"),
    ("transcript-output", "2", "get_weather"),
    ("transcript-payload", "3", "payload"),
    ("transcript-response", "4", "temperature"),
    ("transcript-outside", "p 5", "http://api.test"),
    ("transcript-timing", "6", "where the time went"),
    ("transcript-schema", "7", "what validated it"),
    ("transcript-not-replayed-model", "p", "stopped at 1"),
    ("transcript-failed-call", "n n n 4", "no [room] left"),
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
    ("metrics", "escape m", "Where the time goes"),
    ("metrics-by-tool", "t j", "By tool"),
)


def _pushes(screen: Callable[[], Screen[None]]) -> Callable[[Person], Awaitable[None]]:
    """Open a screen that no key leads to here."""

    async def step(person: Person) -> None:
        person.app.push_screen(screen())
        await person.settle()

    return step


async def _ends_it(person: Person) -> None:
    person.app.jobs.now = None
    person.app.show_job_line()


async def _writes_a_branch(person: Person) -> None:
    write(person.app.path, branch_run())


ACTING: Sequence[Shot] = (
    ("copying", "j j enter Y", "a pytest test of this call"),
    ("labelling", "escape L", "call 2 of 3"),
    ("replaying", "escape r", "enter starts it"),
    ("replaying-under-way", "enter", "12 calls judged"),
    ("transcript-replaying", "h", "H shows it"),
    ("quitting", "Q", "stop it and quit"),
    ("", "escape", "H shows it"),
    ("", _ends_it, "stopped at"),
    ("", _writes_a_branch, "stopped at"),
    ("what-if", "I", "Edited branch"),
)


async def _writes_a_calm_run(person: Person) -> None:
    run = replay_run("calm")[0].model_copy(update={"verdict_counts": {"same": 3}, "exit_code": 0})
    write(person.app.path, run)
    person.app.screen.database_changed()  # type: ignore[attr-defined]  # a screen of ours


NOTHING: Sequence[Shot] = (
    ("runs-empty", "r", "no replay runs yet"),
    ("", _writes_a_calm_run, "travel_v2"),
    ("findings-empty", _pushes(lambda: FindingsScreen("calm")), "Nothing is different"),
    ("schemas-empty", "escape escape v", "No schema of a tool was recorded"),
    ("transcript-empty", "escape G enter", "This trace has no steps"),
    ("comparison-empty", "escape g enter n v", "No replay run has judged"),
)


def _breaks(person: Person) -> None:
    """Take the database away from under the app."""
    gone = sqlite3.connect(":memory:")
    gone.close()
    person.app.the_database._connection = gone


def _asks(how: Callable[[Any], object], *, leaves: int = 0) -> Callable[[Person], Awaitable[None]]:
    """Break the database, leave some screens, and let the one below read."""

    async def step(person: Person) -> None:
        _breaks(person)
        await person.press(*["escape"] * leaves)
        how(person.app.screen)
        await person.settle()

    return step


async def _damages(person: Person) -> None:
    """Write something else over the file, and let it be read by a connection of its own."""
    person.app.path.write_bytes(b"no database" * 999)
    await person.press("m")


BROKEN: Sequence[Shot] = (
    ("", "r enter v", "change"),
    ("comparison-error", _asks(lambda screen: screen._read()), "could not be used"),
    (
        "findings-error",
        _asks(lambda screen: screen.database_changed(), leaves=1),
        "could not be used",
    ),
    ("runs-error", _asks(lambda screen: screen.database_changed(), leaves=1), "could not be used"),
    ("schemas-error", "escape v", "The schemas cannot be read"),
    ("traces-error", "escape enter", "│× 'traces.db' could not be used"),
    ("metrics-error", _damages, "cannot be counted"),
)
"""Without a name there is no picture."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in: paths on the screen are the same everywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SchemasScreen, "_ask", lambda *_: None)  # its answers are handed in
    monkeypatch.setattr(ReplayApp, "_poll", lambda _: None)  # what it says comes when it comes
    return Path("traces.db")


def _tour(path: Path, shots: Sequence[Shot], **more: Any) -> None:
    async def script(person: Person) -> None:
        await Camera(person).tour(shots)

    use(path, script, size=SIZES[-1], **more)


pytestmark = pytest.mark.slow


def test_every_screen_with_something_to_show(place: Path) -> None:
    write_snapshot_database(place)

    _tour(place, EVERYTHING)


def test_every_screen_that_acts(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_snapshot_database(place)
    monkeypatch.setattr(Jobs, "start", stands_still)
    monkeypatch.setattr("tui.rows.acting.judged_count", lambda *_: 12)
    _tour(place, ACTING)


def stands_still(jobs: Jobs, title: str, words: Sequence[str], done: Any) -> Job:
    """Begin a command that never gets anywhere."""
    jobs.now = StillJob(title, list(words), done)
    return jobs.now


class StillJob(Job):
    """Under way for two seconds, whenever somebody looks."""

    @property
    def elapsed_s(self) -> float:
        return 2.0


def test_every_screen_with_nothing_to_show(place: Path) -> None:
    plain = [one for one in trip("b-trip", 60) if one.kind != "model_call"]
    write(place, trip("a-trip", 0)[0], *plain)

    _tour(place, NOTHING)


def test_every_screen_that_cannot_read_its_database(place: Path) -> None:
    write_snapshot_database(place)

    _tour(place, BROKEN)


def test_a_transcript_that_cannot_read_its_database(place: Path) -> None:
    write_snapshot_database(place)
    shots: Sequence[Shot] = (
        ("", "p p", "stopped at 1"),
        ("transcript-error", _asks(lambda screen: screen.action_step(1)), "could not be used"),
    )

    _tour(place, shots, trace="b-trip")


def test_metrics_of_a_database_without_calls(place: Path) -> None:
    write(place, trip("a-trip", 0)[0])

    _tour(place, [("metrics-empty", "m", "No call was recorded")])


def test_the_first_screen_before_there_is_a_database(place: Path) -> None:
    _tour(place, [("start-empty", "", "is not there yet")])


def test_the_first_screen_of_a_database_without_traces(place: Path) -> None:
    write(place)

    _tour(place, [("start-no-traces", "", "has no traces yet")])


def test_the_first_screen_of_a_file_that_is_no_database(place: Path) -> None:
    place.write_bytes(b"no database at all, but long enough to be looked at" * 40)

    _tour(place, [("start-error", "", "look again")])


def test_the_first_screen_while_it_opens(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StartScreen, "_open", lambda _: None)  # it would take a moment

    _tour(place, [("start-loading", "", "opening traces.db")])


def test_screens_while_they_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_snapshot_database(place)
    monkeypatch.setattr(ComparisonScreen, "_compare", lambda *_: None)
    monkeypatch.setattr(MetricsScreen, "_measure", lambda *_: None)
    monkeypatch.setattr(RunsScreen, "_read", lambda _: None)
    monkeypatch.setattr(FindingsScreen, "_read", lambda _: None)

    shots: Sequence[Shot] = (
        ("metrics-loading", "m", "counting"),
        ("runs-loading", "escape r", "reading"),
        ("findings-loading", _pushes(lambda: FindingsScreen("run-1")), "reading"),
        ("comparison-loading", "escape escape j j enter v", "comparing"),
    )
    _tour(place, shots)


def test_the_list_of_traces_while_it_is_found(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_snapshot_database(place)
    monkeypatch.setattr(TracesScreen, "_run_find", lambda *_, **__: None)

    _tour(place, [("traces-loading", "", "Traces")])


_BACKS = ("added-back", "removed-back", "match-back", "row-cursor", "row-cursor-blurred")


def contrast(word: str, back: str) -> float:
    """Return how far two colours are apart, as WCAG counts it: 1 to 21."""
    light, dark = sorted((_luminance(word), _luminance(back)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    def linear(part: float) -> float:
        return float(part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(part) for part in Color.parse(color).normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def screen_classes() -> set[str]:
    for module in pkgutil.iter_modules(tui.screens.__path__):
        importlib.import_module(f"tui.screens.{module.name}")
    found: set[str] = set()
    waiting: list[type] = [BaseScreen, ModalScreen]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one.__module__.startswith("tui.screens") and not _is_part(one):
            found.add(one.__name__)
    return found


def _is_part(screen: type) -> bool:
    """Whether it is what others are made of: a screen of its own has no subclass here."""
    return any(one.__module__.startswith("tui.screens") for one in screen.__subclasses__())


def test_every_screen_has_its_picture_taken() -> None:
    taken = {path.read_text("utf-8").split("\n", 1)[0] for path in FOLDER.glob("*.txt")}

    assert {f"screen {name}" for name in screen_classes()} <= taken


@pytest.mark.parametrize(
    "screen",
    [
        "start",
        "traces",
        "facets",
        "runs",
        "findings",
        "comparison",
        "stops-found",
        "schemas",
        "metrics",
    ],
)
def test_every_screen_that_reads_has_its_four_states(screen: str) -> None:
    """Origins are read before they are opened, and nothing found is said where one was."""
    taken = {path.stem for path in FOLDER.glob(f"{screen}*.txt")}
    wanted = {f"{screen}-{state}" for state in ("loading", "empty", "error")}

    assert wanted <= taken
    assert (FOLDER / "too-small.txt").exists()


def test_no_picture_is_left_over() -> None:
    sources = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*snapshots.py")]

    left = [
        path.stem
        for path in FOLDER.glob("*.txt")
        if path.stem != "too-small"  # one for all of them
        and not any(f'"{path.stem}"' in source for source in sources)
    ]
    assert left == []


def test_the_colours_of_both_themes_are_what_was_looked_at() -> None:
    def values(theme: Theme) -> dict[str, str]:
        own = {one.name: getattr(theme, one.name) for one in fields(theme)}
        return {name: str(value) for name, value in (own | theme.variables).items()}

    dark, light = values(DARK), values(LIGHT)
    lines = [f"{name:<22}{dark[name]:<14}{light[name]}" for name in dark if "variables" not in name]
    check_text("theme", "\n".join(lines) + "\n")


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_every_word_can_be_read_on_every_background(theme: Theme) -> None:
    """A ratio of 4.5 is what WCAG asks of words."""
    words = {name: value for name, value in theme.variables.items() if name.startswith("words-")}
    words |= {name: value for name, value in theme.variables.items() if name.startswith("json-")}
    words["foreground"] = str(theme.foreground)
    backs = [str(theme.surface), str(theme.background), str(theme.panel)]
    backs += [theme.variables[name] for name in _BACKS]

    bad = {
        (name, back): round(contrast(word, back), 2)
        for name, word in words.items()
        for back in backs
        if contrast(word, back) < 4.5
    }
    assert bad == {}
