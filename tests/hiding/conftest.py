"""A desk that was replayed once: what today's tools say of its customer is hidden, too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from tests.hiding.desk import make_desk


@pytest.fixture(scope="session")
def replayed_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    make_desk(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert exit_code_of(["run", "traces.db", "--output", "first.txt"]) == 1
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def desk(replayed_desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the desk, which is the working directory."""
    monkeypatch.chdir(replayed_desk)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return replayed_desk
