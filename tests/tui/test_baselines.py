"""Replaying beside the old tools from the screen: they tell what a difference comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from replay.store import Store
from tests.tui.person import Person, use
from tests.tui.shop import TOOLS, make_shop
from tui.jobs import replay_command

OLD = TOOLS.replace('"items": len', '"total": len')


@pytest.fixture
def committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop whose last commit answers as was recorded; today's receipt says ``items``."""
    monkeypatch.chdir(tmp_path)
    shop = make_shop(tmp_path)
    (tmp_path / "shop.py").write_text(OLD)
    who = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"]
    for words in (["init", "-q"], ["add", "shop.py"], [*who, "commit", "-q", "-m", "old"]):
        subprocess.run(["git", *words], check=True, capture_output=True)
    (tmp_path / "shop.py").write_text(TOOLS)
    return shop


@pytest.mark.slow
def test_b_names_a_commit_whose_tools_tell_the_cause(committed: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at")
        await person.press("G", "r")
        await person.sees("baseline  none: a cause may stay unknown")
        await person.press("b", "enter")
        await person.sees("baseline  git:HEAD tells causes apart")
        await person.press("enter")
        await person.sees("replayed 3 calls", "today's code answers differently")
        await person.press("r")  # it is remembered, as the tools are
        await person.sees("baseline  git:HEAD")
        await person.press("b", "ctrl+u", "enter")
        await person.sees("baseline  none")
        await person.press("escape")

    use(committed, script, trace="tea")
    with Store.open(committed) as store:
        assert [run.baseline for run in store.runs()] == ["git:HEAD"]


@pytest.mark.slow
def test_a_baseline_that_is_not_there_is_told_and_another_can_be_named(committed: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at")
        await person.press("r", "b", "ctrl+u", *"git:nowhere", "enter", "enter")
        await person.sees("× The baseline 'git:nowhere' names 'nowhere', which is no commit")
        await person.press("b", "escape")
        await person.sees("git:nowhere")
        await person.press("escape")
        await person.sees("stopped at")

    use(committed, script, trace="tea")


@pytest.mark.slow
def test_the_baseline_of_the_run_that_is_looked_at_is_taken_again(committed: Path) -> None:
    """As its tools are: a replay from the screen told less than the run that it was to repeat."""
    old = committed.parent / "old"
    old.mkdir()
    (old / "shop_then.py").write_text(OLD)
    words = ["run", str(committed), "--baseline", "shop_then:toolbox", "--baseline-path", str(old)]
    assert subprocess.run(replay_command(*words), capture_output=True, check=False).returncode == 2

    async def script(person: Person) -> None:
        await person.sees("stopped at 6", "today's code answers differently")
        await person.press("r")
        await person.sees("baseline  shop_then:toolbox")
        await person.press("enter")
        await person.sees("replayed 3 calls", "today's code answers differently")

    use(committed, script, trace="tea")
    with Store.open(committed) as store:
        assert [run.baseline for run in store.runs()] == ["shop_then:toolbox"] * 2
