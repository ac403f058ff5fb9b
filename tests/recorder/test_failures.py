"""A failure of ours is logged and counted, and never reaches the application."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from replay import Recorder, Toolbox
from replay.demo.model_server import Call, ModelServer
from replay.errors import StoreError
from replay.records import ModelCall
from replay.store import Store
from tests.recorder.conftest import AgentRun


class BrokenStore(Store):
    """A store on a disk that is full."""

    def append(self, record: Any) -> None:
        raise StoreError("The disk is full.")

    def append_fields(self, kind: str, fields: Any) -> None:
        raise StoreError("The disk is full.")

    def append_turn(self, model_call: Any, before: Any, after: Any) -> None:
        raise StoreError("The disk is full.")

    def append_all(self, records: Any) -> None:
        raise StoreError("The disk is full.")


def test_an_agent_runs_on_when_nothing_can_be_stored(
    tmp_path: Path,
    model: Callable[..., ModelServer],
    hold_conversation: AgentRun,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = model([Call("double", {"x": 4}), "Eight."])
    with BrokenStore.open(tmp_path / "traces.db", "create") as store:
        recorder = Recorder(store)

        with caplog.at_level(logging.WARNING, "replay"):
            messages = hold_conversation(
                server.base_url, "Hi", {"double": recorder.tool(_double)}, recorder
            )

    assert "Eight." in str(messages[-1])
    assert "8" in str(messages[-2])
    assert recorder.failures >= 4
    assert recorder.last_failure == "close a trace: StoreError: The disk is full."
    assert len(caplog.records) == 1
    assert "the application goes on" in caplog.text


def _double(x: int) -> int:
    return 2 * x


def test_a_toolbox_runs_on_when_nothing_can_be_stored(tmp_path: Path) -> None:
    toolbox = Toolbox("t")
    toolbox.add(_double)
    asked = {"type": "function_call", "name": "_double", "arguments": '{"x": 4}', "call_id": "c"}
    with BrokenStore.open(tmp_path / "traces.db", "create") as store:
        recorder = Recorder(store)
        with recorder.trace():
            (told,) = toolbox.dispatch_sync([asked])

    assert told["output"] == "8"
    assert recorder.failures > 0


@pytest.fixture
def shut_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that may not be written."""
    folder = tmp_path / "shut"
    folder.mkdir()
    yield folder
    folder.chmod(0o755)


def run_on(path: Path, caplog: pytest.LogCaptureFixture) -> Recorder:
    """Run an agent whose recorder gets no database at ``path``."""
    toolbox = Toolbox("t")
    toolbox.add(_double)
    asked = {"type": "function_call", "name": "_double", "arguments": '{"x": 4}', "call_id": "c"}
    caplog.set_level(logging.WARNING, "replay")
    with Recorder(path) as recorder, recorder.trace(id="mine"):
        (told,) = toolbox.dispatch_sync([asked])
    assert told["output"] == "8"
    assert len(caplog.records) == 1
    assert "the application goes on" in caplog.text
    assert str(path) in caplog.text
    with pytest.raises(StoreError):
        _ = recorder.store
    return recorder


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
@pytest.mark.parametrize("exists", [False, True])
def test_an_agent_runs_on_in_a_folder_that_may_not_be_written(
    shut_folder: Path, exists: bool, caplog: pytest.LogCaptureFixture
) -> None:
    path = shut_folder / "traces.db"
    if exists:
        Store.open(path, "create").close()
    before = sorted(shut_folder.iterdir())
    shut_folder.chmod(0o555)

    recorder = run_on(path, caplog)

    assert recorder.failures > 0
    assert sorted(shut_folder.iterdir()) == before


@pytest.mark.parametrize("trouble", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_an_agent_runs_on_when_its_database_cannot_be_made(
    tmp_path: Path, trouble: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *args: Any, **options: Any) -> None:
        raise OSError(trouble, os.strerror(trouble), str(self))

    monkeypatch.setattr(Path, "touch", refuse)

    assert run_on(tmp_path / "traces.db", caplog).failures > 0
    assert list(tmp_path.iterdir()) == []


def test_an_agent_runs_on_when_its_database_is_locked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "traces.db"
    Store.open(path, "create").close()
    monkeypatch.setattr("replay.store.database._BUSY_MS", 50)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")

        assert run_on(path, caplog).failures > 0

    with Recorder(path) as recorder:
        assert recorder.store.trace_ids() == []


@pytest.mark.parametrize("name", ["", "missing/traces.db"])
def test_a_path_that_cannot_be_meant_is_refused_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError):
        Recorder(tmp_path / name)

    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_no_database_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to look at: " * 10)

    with pytest.raises(StoreError):
        Recorder(path)


@pytest.mark.parametrize(
    "body",
    [b"not json", b"[]", b'{"choices": 3}', b'{"choices": [{"message": {"tool_calls": 4}}]}', b""],
)
def test_answers_that_make_no_sense_reach_the_agent_as_they_are(
    recorder: Recorder, body: bytes
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        recorder.wrap(client)
        asked = {"messages": [{"role": "user", "content": "Hi"}, 7, None]}
        response = client.post("http://m/chat/completions", json=asked)

    assert response.content == body
    assert len(recorder.store.trace_ids()) == 1


@pytest.mark.parametrize("text", ["lone \ud800 surrogate", "NUL \x00 byte", "x" * 5_000_000])
def test_hard_texts_are_recorded(recorder: Recorder, text: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        body = json.dumps({"choices": [{"message": {"content": text}}]})
        return httpx.Response(200, content=body)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        recorder.wrap(client)
        client.post(
            "http://m/chat/completions",
            content=json.dumps({"messages": [{"role": "user", "content": text}]}),
        )

    (trace_id,) = recorder.store.trace_ids()
    (call,) = recorder.store.transcript(trace_id).steps
    assert isinstance(call, ModelCall)
    assert call.messages == [{"role": "user", "content": text}]
    assert call.output == {"content": text}


def test_requests_that_are_no_model_calls_pass_unseen(recorder: Recorder) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200)

    def pieces() -> Any:
        yield b"{}"

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        recorder.wrap(client)
        client.get("http://m/v1/responses")
        client.post("http://m/v1/embeddings", json={"input": "x"})
        client.post("http://m/v1/chat/completions", json={"not": "messages"})
        client.post("http://m/v1/chat/completions", content=b"\xff")
        client.post("http://m/v1/chat/completions", content=pieces())

    assert recorder.store.trace_ids() == []
