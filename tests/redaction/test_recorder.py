"""Redaction in front of the store: who switches it, what it does to records, what fails closed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from bank import Bank

from cassettes.placeholders import PLACEHOLDER
from cassettes.redaction import Redactor
from replay import Recorder, Toolbox
from replay.config import MaskConfig
from replay.errors import ReplayError
from replay.records import ModelCall, ToolCall
from replay.store import Store
from replay.store.redaction import Redaction
from replay.store.shape_only import OnlyShapes

AT = "2026-11-20T10:00:00.000000Z"


def open_store(folder: Path, **options: Any) -> Store:
    options.setdefault("environment", False)
    redaction = Redaction(Redactor(b"k" * 32, **options))
    return Store.open(folder / "traces.db", "create", masker=redaction)


def model_call(store: Store, number: int, messages: Any, **more: Any) -> None:
    fields = {
        "id": f"m{number}",
        "trace_id": "t",
        "step_number": number,
        "api": "chat.completions",
        "messages": orjson.dumps(messages),
        "tools": b"[]",
        "started_at": AT,
        **more,
    }
    store.append_fields("model_call", fields)


def read(store: Store) -> list[Any]:
    store.append({"kind": "trace", "id": "t", "started_at": AT})
    return store.transcript("t").steps


def masked(value: Any) -> str:
    return PLACEHOLDER.sub("<>", json.dumps(value))


def test_redaction_is_on_and_the_trace_says_so(tmp_path: Path) -> None:
    with Recorder(tmp_path / "traces.db") as recorder:
        with recorder.trace() as trace:
            pass
        attributes = recorder.store.transcript(trace.id).trace.attributes

    assert attributes == {"redacted": True}


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    with Recorder(tmp_path / "traces.db", mask=False) as recorder:
        tool = recorder.tool(lambda password: {"token": "q1w2e3r4"}, name="tool")
        with recorder.trace() as trace:
            tool("hunter2-x")
        [call] = recorder.store.transcript(trace.id).steps

    assert isinstance(call, ToolCall)
    assert (call.payload, call.result) == ({"password": "hunter2-x"}, {"token": "q1w2e3r4"})
    assert isinstance(recorder.store.masker, OnlyShapes)
    assert not (tmp_path / "traces.db.masking-key").exists()


def test_the_projects_settings_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "[tool.replay.mask]\nnames = ['customer_ref']\nallow = ['token']\n"
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.chdir(tmp_path)

    with Recorder(tmp_path / "traces.db") as recorder:
        tool = recorder.tool(lambda customer_ref: {"token": "q1w2e3r4"}, name="tool")
        with recorder.trace() as trace:
            tool("c-1234")
        [call] = recorder.store.transcript(trace.id).steps

    assert isinstance(call, ToolCall)
    assert masked(call.payload) == '{"customer_ref": "<>"}'
    assert call.result == {"token": "q1w2e3r4"}


def test_settings_in_code_and_a_redactor_of_ones_own_count(tmp_path: Path) -> None:
    with Recorder(tmp_path / "a.db", mask=MaskConfig(patterns=["ACME-[0-9]+"])) as recorder:
        masker = recorder.store.masker
        assert isinstance(masker, Redaction)
        assert masked(masker.redactor.text("see ACME-17")) == '"see <>"'
    own = Redactor(b"k" * 32)
    with Recorder(tmp_path / "b.db", mask=own) as recorder:
        assert isinstance(recorder.store.masker, Redaction)
        assert recorder.store.masker.redactor is own


def test_a_key_that_is_too_short_is_a_mistake_of_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPLAY_MASKING_KEY", "short")

    with pytest.raises(ReplayError, match="a masking key of 5 characters"):
        Recorder(tmp_path / "traces.db")


def test_where_no_key_can_be_made_it_records_redacted_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "traces.db.masking-key").mkdir()

    with Recorder(tmp_path / "traces.db") as recorder:
        tool = recorder.tool(lambda password: None, name="tool")
        with recorder.trace() as trace:
            tool("hunter2-x")
        [call] = recorder.store.transcript(trace.id).steps

    assert isinstance(call, ToolCall)
    assert masked(call.payload) == '{"password": "<>"}'
    assert recorder.failures == 1
    assert "traces.db.masking-key' cannot be read" in caplog.text


def test_a_variable_that_is_set_after_the_recorder_was_made_is_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Recorder(tmp_path / "traces.db") as recorder:
        monkeypatch.setenv("LATE_API_KEY", "l4te-k3y-value")
        tool = recorder.tool(lambda: "using l4te-k3y-value", name="tool")
        with recorder.trace() as trace:
            tool()
        [call] = recorder.store.transcript(trace.id).steps

    assert isinstance(call, ToolCall)
    assert masked(call.result) == '"using <>"'


def test_what_an_answer_shows_to_be_secret_is_so_in_its_own_prompt(tmp_path: Path) -> None:
    asked = {"name": "login", "arguments": '{"password": "hunter2-x"}'}
    output = {"role": "assistant", "tool_calls": [{"id": "c", "function": asked}]}
    with open_store(tmp_path) as store:
        messages = [{"role": "user", "content": "it is hunter2-x"}]
        model_call(store, 1, messages, output=output)
        [step] = read(store)

    assert isinstance(step, ModelCall)
    assert masked([step.messages, step.output]) == json.dumps([messages, output]).replace(
        "hunter2-x", "<>"
    )


def test_prompts_that_go_on_are_redacted_as_if_each_were_whole(tmp_path: Path) -> None:
    said: list[Any] = [{"role": "user", "content": "hi"}]
    with open_store(tmp_path) as store:
        for number in range(1, 7):
            model_call(store, number, said)
            said = [*said, {"role": "assistant", "content": f"q1w2e3r{number}"}]
            if number % 2:
                said = [*said, {"role": "tool", "content": f'{{"token": "q1w2e3r{number}"}}'}]
        steps = read(store)
        whole = Redactor(b"k" * 32, environment=False).json(said)

    last = steps[-1]
    assert isinstance(last, ModelCall)
    assert last.messages == whole[: len(last.messages)]
    assert masked(last.messages).count("<>") == 6


def test_a_prompt_without_secrets_is_stored_as_the_very_same_bytes(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "the password policy, please", "n": 1.50}]
    with open_store(tmp_path) as store:
        prompts = store._prompts
        assert prompts is not None
        encoded = orjson.dumps(messages)
        assert prompts.masked("t", encoded, b"[]")[0] is encoded


def test_schemas_of_tools_keep_their_properties(tmp_path: Path) -> None:
    schema = {"properties": {"password": {"type": "string", "default": "none-yet-1"}}}
    with open_store(tmp_path) as store:
        model_call(store, 1, [], tools=orjson.dumps([{"function": {"parameters": schema}}]))
        [step] = read(store)

    assert isinstance(step, ModelCall)
    assert step.tools == [{"function": {"parameters": schema}}]


def test_odd_values_are_redacted_and_kept(tmp_path: Path) -> None:
    """Beyond what the fast JSON carries: large integers and lone surrogates."""
    odd = {"password": "hunter2-x", "n": 2**70, "s": "\ud800 hunter2-x", "token": "\ud801 q1"}
    with open_store(tmp_path) as store:
        store.append(
            {
                "kind": "tool_call",
                "id": "c",
                "trace_id": "t",
                "step_number": 1,
                "tool": "x",
                "arguments": "{}",
                "result": odd,
                "started_at": AT,
            }
        )
        result = store.tool_call("c").result

    assert result["n"] == 2**70
    assert result["s"] == f"\ud800 {result['password']}"
    assert PLACEHOLDER.fullmatch(result["token"])


def test_what_cannot_be_redacted_is_left_out_and_the_record_says_so(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("no way")

    def ask(password: str) -> dict[str, str]:
        httpx.get(f"{bank.url}/x", headers={"Authorization": f"Bearer {password}"})
        return {"city": "Paris"}

    with Recorder(tmp_path / "traces.db") as recorder:
        tool = recorder.tool(ask)
        with recorder.trace() as trace:
            monkeypatch.setattr("cassettes.redaction.sweep.Sweep.named", broken)
            assert tool("hunter2-x") == {"city": "Paris"}
        read_back = recorder.store.transcript(trace.id)

    [call] = read_back.steps
    assert isinstance(call, ToolCall)
    assert (call.payload, call.result, call.outcome) == (None, {"city": "Paris"}, "ok")
    why = "it could not be masked: RuntimeError"
    assert call.attributes == {"left_out": {"arguments": why, "payload": why}}
    [asked] = read_back.interactions[call.id]
    assert asked.exchange["request"]["headers"] == {}
    assert asked.exchange["response"]["body"]["cut"]["why"] == why
    assert "hunter2-x" not in read_back.model_dump_json()


def test_an_id_that_is_a_secret_cannot_be_made_again_from_the_draws(tmp_path: Path) -> None:
    with Recorder(tmp_path / "traces.db") as recorder:
        tool = recorder.tool(lambda: {"session_id": str(uuid.uuid4()), "n": 1}, name="tool")
        with recorder.trace() as trace:
            made = tool()
        [call] = recorder.store.transcript(trace.id).steps

    assert isinstance(call, ToolCall)
    assert call.draws is not None
    [[draw]] = call.draws.values()
    drawn = uuid.UUID(draw["uuid"])
    assert str(drawn) != made["session_id"]
    assert call.result == {"session_id": str(drawn), "n": 1}


def test_a_masker_of_the_callers_own_stays(tmp_path: Path) -> None:
    def own(value: Any) -> Any:
        return value

    with (
        Store.open(tmp_path / "traces.db", "create", masker=own) as store,
        Recorder(store) as recorder,
    ):
        with recorder.trace() as trace:
            pass
        assert store.masker is own
        assert store.transcript(trace.id).trace.attributes == {}


def test_a_child_that_is_forked_while_another_thread_learns_goes_on_recording(
    tmp_path: Path,
) -> None:
    with Recorder(tmp_path / "traces.db") as recorder:
        masker = recorder.store.masker
        assert isinstance(masker, Redaction)
        prompts = recorder.store._prompts
        assert prompts is not None
        with masker.redactor.vault._lock, prompts._lock:
            child = os.fork()
            if child == 0:
                signal.alarm(20)  # a lock that nobody opens
                tool = recorder.tool(lambda token: None, name="tool")
                with recorder.trace():
                    tool("q1w2e3r4")
                model_call(recorder.store, 1, [{"role": "user", "content": "password=q1w2e3r4"}])
                recorder.close()
                os._exit(0 if recorder.failures == 0 else 1)
        _, status = os.waitpid(child, 0)
        _, rows = recorder.store.query("SELECT payload FROM tool_calls")

    assert status == 0
    assert [PLACEHOLDER.sub("<>", payload) for (payload,) in rows] == ['{"token":"<>"}']


_ONE_PROCESS = """
import sys
from replay import Recorder, Toolbox
with Recorder(sys.argv[1]) as recorder:
    tool = recorder.tool(lambda token: None, name="tool")
    with recorder.trace():
        tool("q1w2e3r4")
"""


@pytest.mark.slow
def test_processes_that_record_at_once_share_one_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _ONE_PROCESS, str(tmp_path / "traces.db")]
    running = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]

    with Store.open(tmp_path / "traces.db") as store:
        _, rows = store.query("SELECT DISTINCT payload FROM tool_calls")
        _, [(count,)] = store.query("SELECT count(*) FROM tool_calls")
    assert (len(rows), count) == (1, 2)


LONG = "".join(f"Qz{number:02d}kW" for number in range(16))


def login(password: str, count: int) -> str:
    return "in"


@pytest.mark.parametrize(
    "arguments",
    [
        json.dumps({"password": LONG, "count": LONG}),
        json.dumps({"password": "a", "count": {"password": LONG}}),
        json.dumps({"password": "a", "count": "ann.lee" * 9 + "@mail.org"}),
        '{"count": 1, "password": "' + LONG,
        '{"password": "' + LONG + '" "count": 1}',
        '{"count": "ann.lee@mail.org" 1}',
    ],
)
def test_what_an_error_quotes_of_a_masked_value_is_no_part_of_it(
    tmp_path: Path, arguments: str
) -> None:
    toolbox = Toolbox("quoting")
    toolbox.tool(login)
    asked = {"id": "c", "type": "function", "function": {"name": "login", "arguments": arguments}}
    with Recorder(tmp_path / "traces.db", mask="personal") as recorder:
        with recorder.trace() as trace, toolbox.session():
            [told] = toolbox.dispatch_sync([asked])
        [call] = recorder.store.transcript(trace.id).steps
        redaction = recorder.store.masker
        assert isinstance(redaction, Redaction)
        said_again = redaction.masked_messages([told])

    assert isinstance(call, ToolCall)
    asked["function"] = {"name": "login", "arguments": call.arguments}
    [of_placeholders] = toolbox.dispatch_sync([asked])
    stored = json.dumps([call.model_dump(mode="json"), said_again])
    assert not any(part in stored for part in ("Qz00kW", "Qz15kW", "ann.lee", "nn.lee"))
    assert call.response == redaction.redactor.text(of_placeholders["content"])
