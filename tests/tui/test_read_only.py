"""A database that may only be read: what would write says so at once, and what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tui.person import Person, use
from tui.jobs import Job, _run


@pytest.fixture
def read_only(database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(database.parent)
    database.chmod(0o444)
    if os.access(database, os.W_OK):  # root may write everything: be told what others would be
        told = os.access
        monkeypatch.setattr(
            os, "access", lambda path, mode: not mode & os.W_OK and told(path, mode)
        )
    return database


def test_what_would_write_names_the_file_and_says_what_to_do_before_it_asks(
    read_only: Path,
) -> None:
    said = "writes into 'traces.db', which is read-only for you. Make it and its folder writable"

    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        for key, what in (("a", "Approving"), ("f", "Feedback"), ("P", "Pinning")):
            await person.press(key)
            await person.sees(f"× {what} {said}", "`cp traces.db ~`.")
        await person.press("R", "a")
        await person.sees(f"× Approving {said}")
        await person.press("q", "n")
        await person.sees("stopped at 4")
        assert "read-only" not in person.screen

    use(read_only, script, trace="b-trip")


def test_a_command_that_does_not_start_says_which_file_and_what_was_wanted(tmp_path: Path) -> None:
    job = Job("approving", [str(tmp_path), "-m", "replay.cli.main", "approve", "x.db"], print)

    ended = _run(job)

    assert ended is not None
    assert str(ended.error()) == (
        f"approving: '{tmp_path}' did not start: Permission denied. "
        "In a shell it is `replay approve x.db`."
    )
