"""Whatever happens to the database under a recorder: the agent has the same results.

One warning is logged, not one per call, and what was acknowledged before is kept.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from replay import Recorder
from replay.errors import StoreError
from replay.store import Store
from tests.robustness.conftest import conversation


def hold_conversations(recorder: Recorder | None, count: int = 20) -> list[Any]:
    """An agent: it asks a model, calls a tool, and returns all that it got."""

    def answer(request: httpx.Request) -> httpx.Response:
        said = {"role": "assistant", "content": "x" * 3_000}
        return httpx.Response(200, json={"choices": [{"message": said}]})

    def double(number: int) -> dict[str, int]:
        return {"doubled": 2 * number}

    got: list[Any] = []
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        tool = double
        if recorder is not None:
            recorder.wrap(client)
            tool = recorder.tool(double)
        for number in range(count):
            asked = {"messages": [{"role": "user", "content": f"Double {number}."}]}
            got.append(client.post("http://model/chat/completions", json=asked).content)
            got.append(tool(number))
    return got


def fill_up(disk: Path) -> None:
    file = os.open(disk / "fill", os.O_CREAT | os.O_WRONLY)
    try:
        while os.write(file, b"x" * 4096):
            pass
    except OSError:
        pass
    finally:
        os.close(file)


Warnings = list[logging.LogRecord]


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], Warnings]:
    caplog.set_level(logging.WARNING, "replay")
    return lambda: [one for one in caplog.records if one.name.startswith("replay")]


def test_on_a_full_disk_an_agent_goes_on_and_so_does_the_recording_after_it(
    small_disk: Path, warnings: Callable[[], Warnings]
) -> None:
    recorder = Recorder("traces.db")
    hold_conversations(recorder, 3)
    recorder.store.flush()
    before = set(recorder.store.trace_ids())
    fill_up(small_disk)

    got = hold_conversations(recorder)

    assert got == hold_conversations(None)
    assert recorder.failures > 20
    assert len(warnings()) == 1
    assert "The disk of" in warnings()[0].getMessage()
    assert "is full: the record was not stored." in warnings()[0].getMessage()
    assert warnings()[0].exc_info is None
    (small_disk / "fill").unlink()
    hold_conversations(recorder, 2)
    recorder.close()
    with Store.open("traces.db") as store:
        assert before < set(store.trace_ids())
        assert store.check() == []


def test_a_removed_folder_costs_an_agent_nothing(
    tmp_path: Path, warnings: Callable[[], Warnings]
) -> None:
    (tmp_path / "recordings").mkdir()
    recorder = Recorder(tmp_path / "recordings" / "traces.db")
    hold_conversations(recorder, 2)
    shutil.rmtree(tmp_path / "recordings")

    got = hold_conversations(recorder)
    recorder.close()

    assert got == hold_conversations(None)
    assert len(warnings()) == 1


def test_a_removed_database_is_made_anew_with_all_that_its_spool_holds(
    tmp_path: Path, warnings: Callable[[], Warnings]
) -> None:
    """SQLite made an empty file in its place, which nobody could open any more."""
    path = tmp_path / "traces.db"
    recorder = Recorder(path)
    hold_conversations(recorder, 2)
    for file in tmp_path.glob("traces.db*"):
        if file.is_file():
            file.unlink()

    got = hold_conversations(recorder)
    recorder.close()

    assert got == hold_conversations(None)
    assert len(warnings()) == 1
    assert not path.exists()
    with pytest.raises(StoreError, match="There is no database"):
        Store.open(path)
    with Store.open(path, "create") as store:
        assert len(store.trace_ids()) >= 20
        assert store.check() == []


def test_a_locked_database_costs_an_agent_nothing_and_loses_nothing(
    tmp_path: Path, warnings: Callable[[], Warnings]
) -> None:
    path = tmp_path / "traces.db"
    recorder = Recorder(path)
    locker = sqlite3.connect(path, isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    try:
        recorder.store._take_drainer()
        recorder.store._refused = True  # as after the first wait, which takes ten seconds
        got = hold_conversations(recorder)
        recorder.close()
    finally:
        locker.execute("ROLLBACK")
        locker.close()

    assert got == hold_conversations(None)
    assert [one.getMessage() for one in warnings()] == [
        f"{path} keeps a spool, taken in at the next opening: database is locked"
    ]
    with Store.open(path) as store:
        assert len(store.trace_ids()) >= 20
        assert store.check() == []


@pytest.mark.parametrize(
    "text", ["half \ud83d", "NUL \x00", "\x1b[31mred\x07", "‮desrever", "a" * 1_000_000]
)
def test_odd_texts_go_all_the_way(tmp_path: Path, text: str) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_all(conversation("t1", text))

        (first, *_) = store.transcript("t1").steps
        assert first.model_dump()["messages"] == [{"role": "user", "content": text}]
        assert store.check() == []


@pytest.mark.slow
def test_fifty_megabytes_are_recorded_whole(tmp_path: Path) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        records = conversation("t1")
        much = "m" * 50_000_000
        store.append_all([*records[:2], records[2].model_copy(update={"response": much})])

        assert len(store.tool_call("t1-c").response or "") == 50_000_000
        assert store.check() == []


def test_a_number_that_json_cannot_hold_is_refused_and_the_rest_is_kept(tmp_path: Path) -> None:
    from replay.errors import RecordError

    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_all(conversation("t1"))
        bad = conversation("t2")[2].model_copy(update={"result": float("nan")})

        with pytest.raises(RecordError, match=r"nan"):
            store.append(bad)

        assert store.trace_ids() == ["t1"]
