"""Make the screenshots of the documentation from the real app on the demo's data.

    python docs/screenshots/make.py [DEMO_DATABASE]

Needs ``rsvg-convert`` and Fira Code (Debian: librsvg2-bin, fonts-firacode).
"""

from __future__ import annotations

import asyncio
import html
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.cells import cell_len

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from tui.app import ReplayApp  # noqa: E402 - the checkout's own, found only now

SIZE = (116, 30)
WIDTH_PX = 1200
CELL_PX = 12.2
CHUNK = 4

SHOTS = {
    "tui-traces": (None, []),
    "tui-transcript": ("time-to-write", []),
    "tui-findings": (None, ["r", "down", "enter"]),
    "tui-diff": ("weekend-in-paris", ["v", "D"]),
    "tui-schemas": (None, ["v", "left_square_bracket", "WAIT", "WAIT"]),
    "tui-metrics": (None, ["m", "t"]),
}
"""Name: the trace to open, and the keys to press; ``WAIT``: until a process of its own answered."""


async def shoot(database: Path, name: str) -> None:
    """Drive the app to one screen and save it as a PNG."""
    trace, keys = SHOTS[name]
    app = ReplayApp(database, trace)
    async with app.run_test(size=SIZE) as pilot:
        for key in [None, *keys, None]:
            if key == "WAIT":
                await answered(app)
            elif key:
                await pilot.press(key)
            for _ in range(5):
                await pilot.pause()
                await app.workers.wait_for_complete()
        svg = app.export_screenshot(title=f"replay ui {database.name}")
    convert(svg, HERE / f"{name}.png")


async def answered(app: ReplayApp) -> None:
    """Wait until nothing on the screen is still being asked for."""
    while any(words in app.export_screenshot() for words in ("comparing", "counting")):  # noqa: ASYNC110 - the screen says when
        await asyncio.sleep(0.1)


def convert(svg: str, target: Path) -> None:
    """Save a screenshot as PNG, every few characters at their own place.

    rsvg-convert ignores ``textLength`` and drops leading spaces, so long runs would drift.
    """
    svg = re.sub(
        r'<text ([^>]*?)x="([\d.]+)"([^>]*?) textLength="[\d.]+"([^>]*)>([^<]*)</text>',
        lambda found: _chunks(found[1], float(found[2]), found[3] + found[4], found[5]),
        svg,
    )
    subprocess.run(
        ["rsvg-convert", "-w", str(WIDTH_PX), "-o", str(target)], input=svg.encode(), check=True
    )


def _chunks(before: str, x: float, after: str, body: str) -> str:
    text = html.unescape(body).replace("\xa0", " ")
    parts: list[str] = []
    column = 0
    held, start = "", 0
    for char in [*text, " "]:
        if char == " " or len(held) >= CHUNK:
            if held:
                place = f'x="{x + start * CELL_PX:.1f}"'
                parts.append(f"<text {before}{place}{after}>{html.escape(held)}</text>")
            held = ""
        if char != " ":
            start = start if held else column
            held += char
        column += cell_len(char)
    return "".join(parts)


def main() -> None:
    """Make all of them; without a database given the demo makes one."""
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 1:
            database = Path(sys.argv[1])
        else:
            database = Path(folder) / "traces.db"
            subprocess.run(
                [sys.executable, "-m", "replay.cli.main", "demo", "--directory", folder],
                stdout=subprocess.DEVNULL,
                check=False,  # it ends with its verdict's code
            )
        for name in SHOTS:
            asyncio.run(shoot(database, name))


if __name__ == "__main__":
    main()
