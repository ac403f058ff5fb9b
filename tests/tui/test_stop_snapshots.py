"""Pictures of stepping: breakpoints, watches, and their lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.stepping.order_traces import write_orders
from tests.tui.person import use
from tests.tui.snapshots import SIZES, Camera, Shot
from tui.app import ReplayApp

pytestmark = pytest.mark.slow


def keys(text: str) -> str:
    """The keys that type ``text``, as a shot has them."""
    signs = {
        " ": "space",
        ".": "full_stop",
        "'": "apostrophe",
        "=": "equals_sign",
        "_": "underscore",
        "!": "exclamation_mark",
        ">": "greater_than_sign",
    }
    return " ".join(signs.get(char, char) for char in text)


OK = "outcome != 'ok'"

STEPPING: Sequence[Shot] = (
    ("breakpoints-empty", "B", "No breakpoints"),
    ("watches-empty", "escape K", "Nothing is watched"),
    ("transcript-breakpoint", "escape t t b c", "stopped at 10: ●"),
    ("transcript-asking-error", f"W {keys('response.status =')}", "has no meaning here"),
    ("transcript-watch", "backspace backspace enter C", "stopped at 8"),
    ("watches", "K", "c and C stop where it changes"),
    ("stops-found", "f", "2 traces looked at"),
    ("breakpoints", f"escape escape B a {keys(OK)} enter t", "○"),
    ("breakpoints-hits", "h", "hits"),
)


def test_stepping_with_breakpoints_and_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ReplayApp, "_poll", lambda _: None)
    write_orders(Path("traces.db"))

    async def script(person: object) -> None:
        await Camera(person).tour(STEPPING)  # type: ignore[arg-type]  # the person that `use` has

    use(Path("traces.db"), script, size=SIZES[-1], trace="orders-a")
