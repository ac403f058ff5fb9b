"""Snapshots: what each screen shows in each of its states, as text in git.

    SNAPSHOTS=update pytest tests/tui/test_snapshots.py

writes them anew; `git diff` then says what changed. One file holds one state at both sizes. Both
themes must look the same but for the colours themselves, which `theme.txt` holds.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from tests.tui.person import Person
from tests.tui.pictures import picture
from tui.screens.base import BaseScreen

FOLDER: Final = Path(__file__).parent / "snapshots"
SIZES: Final = ((80, 24), (120, 36))
SMALL: Final = (40, 10)
_LOOKS_MAX: Final = 20
IS_UPDATING: Final = os.environ.get("SNAPSHOTS") == "update"

Step = str | Callable[[Person], Awaitable[None]]
Shot = tuple[str, Step, str]
"""Its name, ``SCREEN`` or ``SCREEN-STATE``; the keys to press since the last one, or what else to
do; and a text that is seen when it is ready."""


class Camera:
    """Takes pictures, and says in the end which are not what they were."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.failures: list[str] = []
        self._was_small: set[type] = set()

    async def tour(self, shots: Sequence[Shot]) -> None:
        """Go from shot to shot, each from where the last one was taken."""
        for name, step, seen in shots:
            if isinstance(step, str):
                await self.person.press(*step.split())
            else:
                await step(self.person)
            await self.person.sees(seen)
            if name:
                await self.shoot(name)
        assert not self.failures, "\n\n".join(self.failures) + "\n\nMeant? SNAPSHOTS=update"

    async def shoot(self, name: str) -> None:
        """Compare the screen at both sizes and in both themes with what it was."""
        app = self.person.app
        taken: dict[tuple[int, int], str] = {}
        for size in reversed(SIZES):  # the large one is where keys are pressed
            await self._resize(size)
            taken[size] = await self._both_themes(size)
        self.compare(
            name, f"screen {type(app.screen).__name__}\n{''.join(taken[size] for size in SIZES)}"
        )
        if isinstance(app.screen, BaseScreen) and type(app.screen) not in self._was_small:
            self._was_small.add(type(app.screen))
            await self._resize(SMALL)
            self.compare("too-small", f"screen any\n== 40x10\n{await self._settled()}")
        await self._resize(SIZES[-1])

    async def _both_themes(self, size: tuple[int, int]) -> str:
        """Return the screen in the theme that is on, and in the other one where that differs."""
        app = self.person.app
        words = f"== {size[0]}x{size[1]}"
        before = await self._settled()
        app.toggle_theme()
        after = await self._settled()
        return f"{words}\n{before}" + ("" if before == after else f"{words} {app.theme}\n{after}")

    async def _resize(self, size: tuple[int, int]) -> None:
        pilot = self.person.pilot
        if tuple(self.person.app.size) != size:
            await pilot.resize_terminal(*size)
        await pilot.pause()

    async def _settled(self) -> str:
        """Return the picture once the next one is the same: a busy machine paints it in parts."""
        app, pilot = self.person.app, self.person.pilot
        before = ""
        for _ in range(_LOOKS_MAX):
            await pilot.pause()
            now = picture(app)
            if now == before and app.screen.size == app.size:
                return now
            before = now
        return before

    def compare(self, name: str, text: str) -> None:
        """Compare one picture with its file, or write the file."""
        if (difference := difference_of(name, text)) is not None:
            self.failures.append(difference)


def check_text(name: str, text: str) -> None:
    """Compare a text with its file, or write the file.

    Raises:
        AssertionError: it is another.
    """
    difference = difference_of(name, text)
    assert difference is None, difference


def difference_of(name: str, text: str) -> str | None:
    """Return how a text differs from its file; None: it does not, or the file was written."""
    path = FOLDER / f"{name}.txt"
    if IS_UPDATING:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return None
    before = path.read_text("utf-8") if path.exists() else ""
    if before == text:
        return None
    lines = difflib.unified_diff(
        before.splitlines(), text.splitlines(), f"{name}, in git", "now", lineterm="", n=1
    )
    return "\n".join(lines)
