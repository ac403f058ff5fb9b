"""The same screens in tmux, as people have them, and in-process through Textual's Pilot."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.screens_database import BIG, LONG
from tui.app import ReplayApp


def tmux_ms(command: Sequence[str], pattern: str) -> float | None:
    """Return the milliseconds until tmux shows ``pattern``; None: there is no tmux."""
    if shutil.which("tmux") is None:
        return None
    tmux = ["tmux", "-L", f"replay-bench-{os.getpid()}", "-f", os.devnull]
    shell = shlex.join(command)
    subprocess.run([*tmux, "new-session", "-d", "-x", "120", "-y", "36", "cat"], check=True)
    try:
        began = time.perf_counter()
        subprocess.run([*tmux, "respawn-pane", "-k", shell], check=True)
        while time.perf_counter() < began + 60:
            shown = subprocess.run(
                [*tmux, "capture-pane", "-p"], capture_output=True, text=True, check=True
            ).stdout
            if re.search(pattern, shown):
                return (time.perf_counter() - began) * 1000
            time.sleep(0.005)
        raise TimeoutError(shown)
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True, check=False)


def pilot_table(path: Path) -> list[tuple[str, float]]:
    """Return the processor time that opening each screen takes on a huge terminal."""
    return asyncio.run(_pilot_table(path))


async def _pilot_table(path: Path) -> list[tuple[str, float]]:
    app = ReplayApp(path)
    found: list[tuple[str, float]] = []
    async with app.run_test(size=(300, 100)) as pilot:
        while type(app.screen).__name__ != "TracesScreen":
            await pilot.pause(0.05)
        await pilot.pause(1.0)

        async def opens(name: str, trace: str | None, *keys: str) -> None:
            before = time.process_time()
            if trace is not None:
                app.open_trace(trace)
            await pilot.press(*keys)
            await pilot.pause()
            found.append((name, (time.process_time() - before) * 1000))
            await pilot.pause(0.5)

        for _ in range(2):  # the first time also imports
            found.clear()
            await opens("ten thousand steps", LONG)
            app.pop_screen()
            await opens("five megabytes", BIG)
            app.pop_screen()
            await opens("replay runs", None, "r")
            await opens("findings", None, "enter")
            await pilot.press("q", "q")
    return found
