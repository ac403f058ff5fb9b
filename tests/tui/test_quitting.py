"""Quitting while a command is under way: it is asked for, and what is judged is kept."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from replay.store import Store
from tests.tui.person import Person, use
from tests.tui.shop import held_records, let_go, make_shop
from tui.screens.quitting import QuittingScreen

SECONDS_MAX = 60


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """The file that the only call of the trace ``long`` takes until it is there."""
    return tmp_path / "go"


@pytest.fixture
def shop(tmp_path: Path, gate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_shop(tmp_path, *held_records(gate))


async def replaying(person: Person) -> None:
    """Begin to replay the trace, and go on with something else."""
    await person.sees("stopped at 1")
    for key in ("r", "enter"):
        await person.pilot.press(key)
        await person.pilot.pause()
    await person.sees("◐ replaying this trace, long")
    await person.pilot.press("h")
    await person.sees("H shows it")


@pytest.mark.slow
def test_quitting_asks_while_a_replay_runs_and_stays_or_stops_it(shop: Path) -> None:

    async def script(person: Person) -> None:
        app = person.app
        await replaying(person)
        for asks, stays in (("Q", "escape"), ("ctrl+c", "q")):
            await person.pilot.press(asks)
            await person.sees(
                "◐ replaying this trace, long", "s    stop it and quit", "let it go on"
            )
            await person.pilot.press(stays)
            await person.sees("stopped at 1", "H shows it")
        await person.pilot.press("question_mark", "ctrl+q")  # from where no screen has the keys
        await person.sees("stop it and quit")
        await person.pilot.press("escape", "escape")
        await person.sees("stopped at 1", "H shows it")
        await person.pilot.press("q")  # to the list: there it would end the program
        await person.sees("1 / 2")
        await person.pilot.press("q")
        await person.sees("esc  stay")
        job = app.jobs.now
        assert job is not None
        assert job.process is not None
        begun.append(job.process)
        await person.pilot.press("s")
        await person.pilot.pause()
        assert app._exit

    begun: list[subprocess.Popen[bytes]] = []
    use(shop, script, trace="long", is_settled=False)
    begun[0].wait(SECONDS_MAX)
    with Store.open(shop) as store:
        assert store.check() == []
        assert [run.status for run in store.runs()] in ([], ["interrupted"])


@pytest.mark.slow
def test_left_to_go_on_it_ends_as_if_nobody_had_left(shop: Path, gate: Path) -> None:
    said: list[str] = []

    async def script(person: Person) -> None:
        await replaying(person)
        await person.pilot.press("Q", "l")
        await person.pilot.pause()
        assert person.app._exit
        said.extend(str(one) for one in person.app._exit_renderables)

    use(shop, script, trace="long", is_settled=False)
    assert "replaying this trace, long goes on: `kill -INT " in said[0]
    let_go(gate)
    end = time.monotonic() + SECONDS_MAX
    with Store.open(shop) as store:
        while [run.status for run in store.runs()] != ["finished"]:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert store.runs()[0].verdict_counts == {"same": 1}


@pytest.mark.slow
def test_what_ends_beneath_the_question_is_told_and_its_dialog_is_gone(
    shop: Path, gate: Path
) -> None:
    """The dialog that began a replay stayed beneath another screen, and offered to start it."""

    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        for key in ("r", "enter", "Q"):
            await person.pilot.press(key)
            await person.pilot.pause()
        await person.sees("◐ replaying this trace, long", "esc  stay")
        let_go(gate)
        await person.sees("✓ it has ended meanwhile", "replayed 1 call")
        assert isinstance(person.app.screen, QuittingScreen)
        await person.pilot.press("escape")
        await person.sees("stopped at 1", "today ✓ same")

    use(shop, script, trace="long", is_settled=False)
