"""A tool call is in the store before its tool runs: a process that dies in it leaves no hole."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from replay.demo.model_server import Call, ModelServer
from replay.records import ModelCall, Outcome, ToolCall
from replay.store import Store

HEAD = textwrap.dedent(
    """
    import os, signal, sys
    from openai import OpenAI
    from replay import Recorder, Toolbox

    recorder = Recorder(sys.argv[1])
    client = recorder.wrap(OpenAI(base_url=sys.argv[2], api_key="none"))
    toolbox = Toolbox("shop")

    def ask():
        return client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": "Hi"}]
        )
    """
)
BY_DECORATOR = """
@recorder.tool
def refund(order): os.kill(os.getpid(), signal.SIGKILL)

with recorder.trace():
    ask()
    refund("o1")
"""
BY_TOOLBOX = """
@toolbox.tool
def refund(order: str) -> str: os.kill(os.getpid(), signal.SIGKILL)

with recorder.trace():
    toolbox.dispatch_sync(ask())
"""
UNASKED = """
@recorder.tool(actor="user")
def refund(order): os.kill(os.getpid(), signal.SIGKILL)

with recorder.trace():
    refund("o1")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "program", [BY_DECORATOR, BY_TOOLBOX, UNASKED], ids=["decorator", "toolbox", "unasked"]
)
def test_a_process_killed_inside_a_tool_leaves_the_call_unfinished(
    tmp_path: Path, model: Callable[..., ModelServer], program: str
) -> None:
    server = model([Call("refund", {"order": "o1"})])
    database = tmp_path / "traces.db"

    run = subprocess.run(
        [sys.executable, "-c", HEAD + program, str(database), server.base_url], check=False
    )

    assert run.returncode == -9
    with Store.open(database, "w") as store:
        (trace_id,) = store.trace_ids()
        transcript = store.transcript(trace_id)
    call = transcript.steps[-1]
    assert isinstance(call, ToolCall)
    assert (call.tool, call.outcome, call.duration_ms) == ("refund", Outcome.UNFINISHED, None)
    assert call.actor == ("user" if program is UNASKED else "assistant")
    if program is not UNASKED:
        asked = transcript.steps[0]
        assert isinstance(asked, ModelCall)
        assert (call.model_call_id, call.arguments) == (asked.id, '{"order": "o1"}')
    assert transcript.trace.ended_at is None


BEFORE_THE_ANSWER = """
import httpx

transport = httpx.MockTransport(lambda request: os.kill(os.getpid(), signal.SIGKILL))
client = recorder.wrap(OpenAI(api_key="none", http_client=httpx.Client(transport=transport)))

with recorder.trace():
    ask()
"""


@pytest.mark.slow
def test_a_process_killed_before_the_model_answers_leaves_the_model_call_unfinished(
    tmp_path: Path,
) -> None:
    database = tmp_path / "traces.db"

    run = subprocess.run(
        [sys.executable, "-c", HEAD + BEFORE_THE_ANSWER, str(database), "http://127.0.0.1:9"],
        check=False,
    )

    assert run.returncode == -9
    with Store.open(database) as store:
        (trace_id,) = store.trace_ids()
        (call,) = store.transcript(trace_id).steps
    assert isinstance(call, ModelCall)
    assert call.messages == [{"role": "user", "content": "Hi"}]
    assert (call.model, call.output, call.error, call.duration_ms) == ("gpt-5", None, None, None)
