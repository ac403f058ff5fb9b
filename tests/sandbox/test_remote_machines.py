"""Workers on a machine elsewhere: the real SDK of E2B against a stand-in on loopback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.errors import WorkerError
from replay.replayer.sandbox.backends import Needs, sandbox_named
from replay.replayer.sandbox.lines import LineBuffer, line_of
from replay.replayer.sandbox.remote import packed

pytest_e2b = pytest.importorskip("e2b", reason="the SDK is an extra: replay-sandbox[e2b]")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from tests.sandbox.e2b_stand_in import StandIn

    standing = StandIn()
    monkeypatch.setenv("E2B_API_KEY", "e2b_" + "0" * 40)
    monkeypatch.setenv("E2B_API_URL", standing.url)
    monkeypatch.setenv("E2B_SANDBOX_URL", standing.url)
    monkeypatch.setenv("E2B_HTTP_VERSION", "1.1")
    monkeypatch.setenv("REPLAY_E2B_PYTHON", sys.executable)
    monkeypatch.setenv("REPLAY_E2B_TEMPLATE", "shop-tools")
    monkeypatch.setenv("REPLAY_E2B_FOLDER", str(tmp_path / "machine"))
    yield standing
    standing.close()


@pytest.mark.slow
def test_calls_run_on_a_machine_that_is_made_for_them_and_ended(
    replay: Any, listener: Any, stand_in: Any, tmp_path: Path
) -> None:
    calls = [
        ("run_echo", {}, "?"),
        ("attempt", {"way": "by_ctypes", "port": listener.port}, "sent"),
    ]

    ended, verdicts = replay(calls, sandbox="e2b")

    assert ended.options["sandbox"] == "e2b"
    assert [one.verdict for one in verdicts] == ["unanswered", "unanswered"]
    assert listener.arrived == 0
    (created,) = stand_in.created
    assert (created["templateID"], created["allow_internet_access"]) == ("shop-tools", False)
    assert stand_in.killed == ["standin1"]
    shipped = tmp_path / "machine" / str(Path(__file__).with_name("escape_tools.py")).lstrip("/")
    assert shipped.exists()
    assert str(tmp_path / "machine") in stand_in.commands[0]


def test_without_a_key_it_is_said_which_one_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("E2B_API_KEY", raising=False)

    with pytest.raises(WorkerError, match="E2B_API_KEY is not set"):
        sandbox_named("e2b")


def test_bytes_come_back_from_lines_however_they_arrive() -> None:
    content = bytes(range(256)) * 3
    text = line_of("o", content) + line_of("e", b"") + line_of("x", b"0")

    lines = LineBuffer()
    found = [one for char in text for one in lines.take(char)]

    assert found == [("o", content), ("e", b""), ("x", b"0")]


def test_folders_that_are_too_large_are_not_shipped(tmp_path: Path) -> None:
    with (tmp_path / "model.bin").open("wb") as large:
        large.truncate(65 << 20)

    with pytest.raises(WorkerError, match="more than 64 MiB"):
        packed(Needs(folder=str(tmp_path), code=(str(tmp_path),)))
