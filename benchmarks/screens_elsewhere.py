"""The same screens in-process, through Textual's Pilot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tui.app import ReplayApp

Opening: TypeAlias = tuple[str, str | None, str]
"""A screen's name, the trace to open or None, and the key to press."""


@dataclass(frozen=True, slots=True)
class InProcess:
    """Processor milliseconds of one opening."""

    name: str
    screen_ms: float
    """Of the thread that paints and answers keys, until it has nothing more to do."""
    read_ms: float
    """Of all threads, until what they read is shown, too."""


def pilot_table(path: Path, openings: Sequence[Opening], size: tuple[int, int]) -> list[InProcess]:
    """Return what opening each screen takes on a terminal of ``size``."""
    return asyncio.run(_pilot_table(path, openings, size))


async def _pilot_table(
    path: Path, openings: Sequence[Opening], size: tuple[int, int]
) -> list[InProcess]:
    app = ReplayApp(path)
    found: list[InProcess] = []
    async with app.run_test(size=size) as pilot:
        while type(app.screen).__name__ != "TracesScreen":
            await pilot.pause(0.05)
        await pilot.pause(1.0)
        for _ in range(2):  # the first time also imports
            found.clear()
            for name, trace, key in openings:
                before, all_before = time.thread_time(), time.process_time()
                if trace is not None:
                    app.open_trace(trace)
                if key:
                    await pilot.press(key)
                await pilot.pause()
                screen = time.thread_time() - before
                await pilot.pause(0.5)
                await app.workers.wait_for_complete()
                await pilot.pause()
                read = time.process_time() - all_before
                found.append(InProcess(name, screen * 1000, read * 1000))
                if trace is not None:
                    app.pop_screen()
                    await pilot.pause(0.1)
            while type(app.screen).__name__ != "TracesScreen":
                app.pop_screen()
                await pilot.pause(0.1)
    return found
