"""Every screen at every size: nothing breaks, and from 60x16 on help and the way back are named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.tui.person import Person, use
from tests.tui.snapshot_database import write_snapshot_database
from tests.tui.snapshots import Camera, Shot
from tests.tui.test_snapshots import ACTING, EVERYTHING, screen_classes, stands_still
from tui.app import ReplayApp
from tui.jobs import Jobs
from tui.screens.schemas import SchemasScreen

TINY = ((1, 1), (2, 9), (4, 3), (5, 40), (8, 3), (49, 30))
LAST_KEY = re.compile(r"q (back|quit|clear filter|end search)$")
"""However narrow: how to leave."""

SIZES = (*TINY, (50, 12), (60, 16), (99, 20), (300, 100))
LARGE = (120, 36)
MODAL = ("HelpScreen", "CommandPalette")

pytestmark = pytest.mark.slow


class Squeezer(Camera):
    """Pulls at the window's corner instead of taking pictures."""

    def __init__(self, person: Person) -> None:
        super().__init__(person)
        self.done: set[str] = set()

    async def shoot(self, name: str) -> None:
        """Show the screen at all sizes, the first time that it is there."""
        screen = type(self.person.app.screen).__name__
        if screen in self.done:
            return
        self.done.add(screen)
        for size in SIZES:
            await self._resize(size)
            lines = self.person.screen.split("\n")
            if len(lines) != size[1] or max(map(len, lines)) > size[0]:
                self.failures.append(f"{name} at {size}: {len(lines)} lines")
            if size >= (60, 16) and screen not in MODAL and not LAST_KEY.search(lines[-1]):
                self.failures.append(f"{name} at {size} ends with {lines[-1]!r}")
        await self._resize(LARGE)


def test_every_screen_is_drawn_at_sizes_from_1x1_to_300x100(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SchemasScreen, "_ask", lambda *_: None)
    monkeypatch.setattr(ReplayApp, "_poll", lambda _: None)
    monkeypatch.setattr(Jobs, "start", stands_still)
    monkeypatch.setattr("tui.rows.acting.judged_count", lambda *_: 12)
    path = Path("traces.db")
    write_snapshot_database(path)
    more: Sequence[Shot] = (
        ("breakpoints", "g j j enter B", "No breakpoints"),
        ("watches", "escape K", "Nothing is watched"),
        ("stops-found", "a s t e p enter f", "looked at"),
        ("palette", "escape escape ctrl+p", "previous step that is not ok"),
        ("", "escape escape g", "1 / "),
    )

    async def script(person: Person) -> None:
        squeezer = Squeezer(person)
        await squeezer.tour([*EVERYTHING, ("", "escape", "Traces"), *more, *ACTING])

        assert squeezer.done - {"CommandPalette"} == screen_classes() - {"StartScreen"}

    use(path, script, size=LARGE)


def test_the_first_screen_is_drawn_at_sizes_from_1x1_to_300x100(tmp_path: Path) -> None:
    async def script(person: Person) -> None:
        squeezer = Squeezer(person)
        await squeezer.tour([("start", "tab", "try the demo")])

    use(tmp_path / "none.db", script, size=LARGE)
