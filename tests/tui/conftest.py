"""The databases that these tests look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.tui.big import write_big
from tests.tui.records import interaction, replay_run, trip, write
from tests.tui.shop import make_shop


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Three traces, ``c-trip`` the newest; ``b-trip`` is replayed and has one difference."""
    path = tmp_path / "traces.db"
    records = [*trip("a-trip", 0), *trip("b-trip", 60), *trip("c-trip", 120)]
    write(path, *records, interaction("b-trip"), *replay_run())
    return path


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two traces with a call whose answer is big and differs today, and its finding."""
    path = tmp_path_factory.mktemp("big") / "big.db"
    write_big(path)
    return path


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Breakpoints are kept in a folder of the test's own."""
    folder = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop whose tools run, in the folder where one is; an editor runs beside the screen."""
    monkeypatch.chdir(tmp_path)

    @contextmanager
    def left(app: Any) -> Iterator[None]:
        yield  # what stands in for a terminal here cannot be left; the tmux tests do it in one

    monkeypatch.setattr("tui.editors.screen_left", left)
    return make_shop(tmp_path)
