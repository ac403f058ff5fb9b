"""Agents that ran under vcrpy: their cassettes become traces, and replay with no network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr  # noqa: TID251 - the tool whose files these are
import yaml  # type: ignore[import-untyped]  # as above

from replay.cli.main import exit_code_of
from replay.demo.model_server import Call, ModelServer
from replay.errors import ImportFileError
from replay.interchange.vcrpy_runs import NO_MODEL, NOBODYS, TRIED
from replay.records import Selection
from replay.store import Store
from tests.cassettes.conftest import Server
from tests.interchange.chats import imported, model_calls, only_transcript, tool_calls

FIXTURES = Path(__file__).parent / "fixtures" / "vcrpy"

TOOLS = '''
import httpx
from replay import Toolbox

toolbox = Toolbox("asking")


@toolbox.tool
def look(item: str) -> dict:
    """Look at an item."""
    answer = httpx.post("{url}/echo/" + item, json={{"item": item}})
    return {{"item": item, "said": answer.json()["body"]}}
'''


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


def asked(address: str, messages: list[Any]) -> dict[str, Any]:
    body = {"model": "gpt-5", "messages": messages, "tools": []}
    said = httpx.post(f"{address}/chat/completions", json=body).json()["choices"][0]["message"]
    return {name: one for name, one in said.items() if one is not None}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_what_tools_asked_under_vcrpy_answers_them_in_a_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("asking.py").write_text(TOOLS.format(url=server.url))
    messages: list[Any] = [{"role": "user", "content": "Tea?"}]
    script = [[Call("look", {"item": "tea"}, id="c1")], "Good."]
    with ModelServer(script) as model, vcr.use_cassette("run.yaml"):
        httpx.get(f"{server.url}/echo/before")
        messages.append(asked(model.base_url, messages))
        answer = httpx.post(f"{server.url}/echo/tea", json={"item": "tea"}).json()
        told = json.dumps({"item": "tea", "said": answer["body"]}, separators=(",", ":"))
        messages.append({"role": "tool", "tool_call_id": "c1", "content": told})
        asked(model.base_url, messages)
    server.stop()

    with Store.open("traces.db", "create") as store:
        report = imported(store, Path("run.yaml"))
        again = imported(store, Path("run.yaml"))
        (call,) = tool_calls(only_transcript(store))
        outside = only_transcript(store).interactions[call.id]

    assert (report.new_count, again.known_count) == (1, 1)
    assert report.notes[NOBODYS] == 1
    assert [one.bound_by for one in outside] == ["turn"]
    assert exit_code_of(["run", "traces.db", "--tools", "asking.py:toolbox", "--jobs", "1"]) == 0


def test_a_streamed_run_in_json_is_read_as_the_answers_that_it_adds_up_to(store: Store) -> None:
    imported(store, FIXTURES / "streamed.json")

    transcript = only_transcript(store)
    first, last = model_calls(transcript)
    (call,) = tool_calls(transcript)
    assert (call.tool, json.loads(call.arguments)) == ("get_weather", {"city": "Rome"})
    assert call.response == '{"city":"Rome","temperature":24.0,"unit":"celsius"}'
    assert (first.streamed, last.output["content"]) == (True, "24 degrees in Rome.")
    assert last.usage is not None


def cassette_of(tmp_path: Path, change: Any) -> Path:
    """The fixture with its interactions changed."""
    whole = yaml.safe_load((FIXTURES / "runs.yaml").read_text("utf-8"))
    change(whole["interactions"])
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.safe_dump(whole))
    return path


def test_a_question_that_failed_and_was_asked_again_is_one(store: Store, tmp_path: Path) -> None:
    def fail_first(interactions: list[Any]) -> None:
        busy = {"status": {"code": 429, "message": "busy"}, "headers": {}, "body": {"string": "{}"}}
        interactions.insert(0, {"request": interactions[0]["request"], "response": busy})

    report = imported(store, cassette_of(tmp_path, fail_first))

    assert report.notes[TRIED] == 1
    assert sorted(len(store.transcript(one).steps) for one in store.trace_ids(Selection())) == [
        3,
        9,
    ]


def test_the_last_question_that_failed_is_told_with_its_error(store: Store, tmp_path: Path) -> None:
    def fail_last(interactions: list[Any]) -> None:
        said = {"error": {"message": "no more", "type": "insufficient_quota"}}
        interactions[-1]["response"] = {
            "status": {"code": 429, "message": "busy"},
            "headers": {},
            "body": {"string": json.dumps(said)},
        }

    imported(store, cassette_of(tmp_path, fail_last))

    errors = [
        call.error
        for one in store.trace_ids(Selection())
        for call in model_calls(store.transcript(one))
        if call.error is not None
    ]
    assert [error.message for error in errors] == ["no more"]


def test_a_cassette_without_a_model_says_which_command_takes_it(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "test_weather.yaml"
    path.write_text(
        "interactions:\n- request: {method: GET, uri: 'http://127.0.0.1:9/', body: null, "
        "headers: {}}\n  response: {status: {code: 200, message: OK}, headers: {}, "
        "body: {string: ok}}\nversion: 1\n"
    )

    report = imported(store, path)

    assert report.notes[NO_MODEL] == 1
    assert "`replay cassettes import` takes those" in NO_MODEL
    assert store.trace_ids(Selection()) == []


def test_a_broken_cassette_is_refused_in_words(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("interactions:\n- request: {")

    with pytest.raises(ImportFileError, match=r"broken.yaml' is no cassette of vcrpy: This is not"):
        imported(store, path)
