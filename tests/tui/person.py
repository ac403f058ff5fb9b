"""Somebody in front of the screen, for tests: presses keys, waits, looks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual import events

from tui.app import ReplayApp

_LOOKS_MAX = 600
"""Twenty a second: a machine with much else to do has half a minute, a quiet one needs none."""

Script = Callable[["Person"], Awaitable[None]]


class Person:
    """Somebody at the keyboard: presses keys, waits until the screen has settled, looks."""

    def __init__(self, app: ReplayApp, pilot: Any) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def type_fast(self, *keys: str | tuple[str]) -> None:
        """Press keys that are all there before the first is looked at; in a tuple: a paste."""
        for key in keys:
            event: events.Event
            if isinstance(key, tuple):
                event = events.Paste(key[0])
            else:
                event = events.Key(key, key if len(key) == 1 else None)
            self.app.post_message(event)
        await asyncio.sleep(0)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(_LOOKS_MAX):
            if self.app.typed_ahead.is_idle:
                break
            await asyncio.sleep(0.01)
        for _ in range(3):
            await self.pilot.pause()
            await self.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def sees(self, *texts: str) -> None:
        """Wait until all ``texts`` are on the screen, for as long as a test may take."""
        for _ in range(_LOOKS_MAX):
            seen = screen_text(self.app)
            if all(text in seen for text in texts):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"not seen: {texts}\n{seen}")

    async def sees_no(self, text: str) -> None:
        """Wait until ``text`` is on the screen no longer."""
        for _ in range(_LOOKS_MAX):
            if text not in screen_text(self.app):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"still seen: {text}\n{screen_text(self.app)}")

    @property
    def screen(self) -> str:
        return screen_text(self.app)


def screen_text(app: ReplayApp) -> str:
    """What a person sees, as text; the one place that reaches into Textual."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def use(
    path: Path,
    script: Script,
    *,
    size: tuple[int, int] = (120, 36),
    is_settled: bool = True,
    **more: Any,
) -> None:
    """Run ``script`` in front of the app on the database ``path``."""

    async def session() -> None:
        app = ReplayApp(path, **more)
        async with app.run_test(size=size) as pilot:
            person = Person(app, pilot)
            if is_settled:
                await person.settle()
            await script(person)

    asyncio.run(session())
