from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay import starting
from replay.cli.early import workers_early
from replay.starting import (
    end_ahead,
    fixed_addresses,
    start_ahead,
    started_here,
    worker_command,
    worker_environment,
)


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    yield
    end_ahead()


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").exists()


def test_a_worker_that_was_started_ahead_is_taken_once() -> None:
    start_ahead(1, {"TOOLS_HOME": "/srv"})
    ((_, early),) = starting._ahead
    environment = worker_environment({"TOOLS_HOME": "/srv"}, {})
    here = str(Path.cwd().resolve())
    with fixed_addresses():
        taken = started_here(worker_command(), environment, here)
        other = started_here(worker_command(), environment, here)
    assert taken is early
    assert other is not early
    for process in (taken, other):
        process.communicate()
        assert process.returncode == 0


@pytest.mark.parametrize(
    ("more", "pinned"), [({}, {}), ({"TOOLS_HOME": "/srv"}, {"TZ": "Asia/Tokyo"})]
)
def test_a_worker_with_another_environment_is_not_taken(
    more: dict[str, str], pinned: dict[str, str]
) -> None:
    start_ahead(1, {"TOOLS_HOME": "/srv"})
    ((_, early),) = starting._ahead
    environment = worker_environment(more, pinned)
    other = started_here(worker_command(), environment, str(Path.cwd().resolve()))
    other.communicate()
    assert other.pid != early.pid


def test_workers_that_nobody_took_end_with_the_command() -> None:
    seen = []

    @workers_early
    def command(**options: object) -> None:
        seen.extend(process.pid for _, process in starting._ahead)
        raise ValueError(f"a mistake in {sorted(options)}")

    with pytest.raises(ValueError, match="a mistake"):
        command(jobs=2, variables=(), sandbox=None, database="x.db")
    assert len(seen) == 2
    assert not any(_is_alive(pid) for pid in seen)


@pytest.mark.parametrize(
    "written",
    [
        'sandbox = "kernel"',
        'env = ["NOT_SET_ANYWHERE"]',
        'env = "PATH"',
        "jobs = two",
    ],
)
def test_unusual_settings_start_nothing_ahead(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.replay]\n{written}\n")
    monkeypatch.chdir(tmp_path)
    seen = []

    @workers_early
    def command(**_: object) -> None:
        seen.extend(starting._ahead)

    command(jobs=1, variables=(), sandbox=None)
    assert seen == []


def test_settings_of_the_folder_reach_workers_that_start_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.replay]\njobs = 3\nenv = ["A=1", "PATH"]\n')
    monkeypatch.chdir(tmp_path)
    starts = []

    @workers_early
    def command(**_: object) -> None:
        starts.extend(start for start, _ in starting._ahead)

    command(jobs=None, variables=("B=2",), sandbox=None)
    assert len(starts) == 3
    _, environment, folder = starts[0]
    assert (environment["A"], environment["B"]) == ("1", "2")
    assert environment["PATH"] == os.environ["PATH"]
    assert folder == str(tmp_path.resolve())
