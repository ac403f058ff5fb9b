"""Pictures of states that pass: what is read just now, refused, taken back, or not there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from replay.cli.approvals import approvals_of
from replay.errors import ReplayError
from replay.store import Store
from tests.tui.person import Person, use
from tests.tui.records import moment, trip, write
from tests.tui.snapshot_acting import branch_run
from tests.tui.snapshot_database import write_snapshot_database
from tests.tui.snapshots import SIZES, Camera, Shot
from tests.tui.test_snapshots import stands_still
from tui.app import ReplayApp
from tui.jobs import Jobs
from tui.screens.base import PanesScreen
from tui.screens.facets import FacetsScreen
from tui.screens.replaying import ReplayingScreen
from tui.screens.start import StartScreen
from tui.screens.stops_found import StopsFoundScreen
from tui.screens.traces import TracesScreen
from tui.screens.what_if import WhatIfScreen

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with the database of all pictures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ReplayApp, "_poll", lambda _: None)
    write_snapshot_database(Path("traces.db"))
    return Path("traces.db")


def tour(path: Path, shots: Sequence[Shot], **more: Any) -> None:
    async def script(person: Person) -> None:
        await Camera(person).tour(shots)

    use(path, script, size=SIZES[-1], **more)


async def damages(person: Person) -> None:
    """Write something else over the file; what opens it anew can read it no longer."""
    person.app.path.write_bytes(b"no database" * 999)


def test_what_is_still_looked_for(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FacetsScreen, "_count", lambda _: None)
    monkeypatch.setattr(StopsFoundScreen, "_look", lambda *_: None)
    shots: Sequence[Shot] = (
        ("facets-loading", "x", "counting"),
        ("", "escape B a s t e p space greater_than_sign space 1 enter", "step > 1"),
        ("stops-found-loading", "f", "0 of 4 traces"),
    )
    tour(place, shots)


def test_a_filter_that_still_searches(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shots: Sequence[Shot] = (("traces-searching", "f z z z", "searching…"),)

    async def script(person: Person) -> None:
        await person.sees("1 / 4")
        monkeypatch.setattr(TracesScreen, "_run_find", lambda *_, **__: None)
        await Camera(person).tour(shots)

    use(place, script, size=SIZES[-1])


def test_a_value_that_is_still_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ReplayApp, "_poll", lambda _: None)
    monkeypatch.setattr(PanesScreen, "_make_in_thread", lambda _: None)
    big = f'{{"text": "{"0123456789" * 123_456}"}}'
    records = [
        one.model_copy(update={"response": big}) if getattr(one, "id", "").endswith("-c2") else one
        for one in trip("a-trip", 0)
    ]
    write(Path("traces.db"), *records)

    tour(Path("traces.db"), [("transcript-loading", "n", "reading 1.2 MB")], trace="a-trip")


def test_what_is_not_found(place: Path) -> None:
    shots: Sequence[Shot] = (
        ("facets-empty", "f z z z z enter x", "there is nothing to choose from"),
        ("", "escape escape B a s t e p space greater_than_sign space 9 9 enter", "step > 99"),
        ("stops-found-empty", "f", "Nothing stops there."),
    )
    tour(place, shots)


def test_what_cannot_be_read_any_more(place: Path) -> None:
    shots: Sequence[Shot] = (
        ("", "B a s t e p space greater_than_sign space 1 enter", "step > 1"),
        ("", damages, "step > 1"),
        ("stops-found-error", "f", "× "),
        ("facets-error", "escape escape x", "× "),
    )
    tour(place, shots)


def test_what_has_not_ended_and_what_is_looked_for_in_the_help(place: Path) -> None:
    shots: Sequence[Shot] = (
        ("transcript-live", "enter", "◐ not ended"),
        ("help-search", "question_mark slash b r e a k", "a breakpoint stops"),
    )
    tour(place, shots)


def test_what_is_approved_and_may_be_taken_back(place: Path) -> None:
    with Store.open(place, "w") as store:
        (approval,) = approvals_of(store.findings("run-1"), note="renamed on purpose")
        fixed = {"approved_at": moment(900), "approved_by": "ci"}
        store.append(approval.model_copy(update=fixed))
    shots: Sequence[Shot] = (
        ("transcript-approved", "g n n 8", "≈ approved"),
        ("transcript-take-back", "a", "take that back?"),
        ("findings-approved", "escape R", "counts as allowed"),
        ("findings-take-back", "a", "take that back?"),
    )
    tour(place, shots, trace="b-trip")


async def refuses(person: Person) -> None:
    await person.press("escape")
    screen = person.app.screen
    assert isinstance(screen, ReplayingScreen)
    screen.problem = ReplayError("There is no module 'nowhere'.", hint="Name one that there is.")
    screen._show()


def test_a_replay_asks_for_tools_and_says_why_they_cannot_be_used(place: Path) -> None:
    shots: Sequence[Shot] = (
        ("replaying-without-tools", "r", "none named yet"),
        ("replaying-tools", "enter", "package.module:toolbox"),
        ("replaying-refused", refuses, "There is no module"),
    )
    with Store.open(place, "w") as store:
        store.delete_run("run-1")

    tour(place, shots, trace="b-trip")


async def ends_the_job(person: Person) -> None:
    person.app.jobs.now = None


async def shows_an_idle_branch(person: Person) -> None:
    run = branch_run()
    assert run.branch is not None
    steps = [one.model_copy(update={"differs": False}) for one in run.branch.steps]
    branch = run.branch.model_copy(update={"steps": steps})
    run = run.model_copy(update={"branch": branch})
    write(person.app.path, run)
    person.app.push_screen(WhatIfScreen(run, 2))
    await person.settle()


def test_what_acts_with_nothing_to_act_on(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Jobs, "start", stands_still)
    monkeypatch.setattr(Jobs, "soon", lambda *_: None)
    monkeypatch.setattr("tui.rows.acting.judged_count", lambda *_: 12)
    shots: Sequence[Shot] = (
        ("labelling-labelled", "L 1", "good"),
        ("what-if-same", shows_an_idle_branch, "makes no difference to this call"),
        ("", "escape escape r enter h Q", "stop it and quit"),
        ("quitting-ended", ends_the_job, "it has ended meanwhile"),
    )
    tour(place, shots, trace="b-trip")


def test_the_first_screen_while_the_demo_is_made_and_when_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ReplayApp, "_poll", lambda _: None)
    monkeypatch.setattr("tui.screens.start.sys", SimpleNamespace(executable="/bin/true"))
    monkeypatch.setattr(StartScreen, "_wait", lambda *_: None)

    async def fails(person: Person) -> None:
        screen = person.app.screen
        assert isinstance(screen, StartScreen)
        assert screen._process is not None
        screen._process.communicate()
        screen._ran(3, "Error: no room left on the disk.\nMake some.\n", Path("nowhere.db"))

    shots: Sequence[Shot] = (
        ("start-running", "t", "esc or q stops it"),
        ("start-failed", fails, "no room left on the disk"),
    )
    tour(Path("traces.db"), shots)
