from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from replay import Recorder
from replay.demo.model_server import Call, ModelServer
from replay.records import ReplayRun
from replay.replayer import Replayer
from replay.store import Store
from replay.tools.loading import load_toolbox

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from bank import PIN, SECRETS, Bank  # noqa: E402 -- beside this file, as the tools import it

ENVIRONMENT_KEY = SECRETS["a variable of the environment, in a path"]
SAID = SECRETS["a token in words of the user"]
MODEL_KEY = "sk-the-model-providers-own-k3y-0001"
SCRIPT = [
    [Call("login", {"user": "ann", "password": SECRETS["a password in JSON"]})],
    [Call("balance"), Call("headers"), Call("fields")],
    [Call("answers"), Call("confirm", {"pin": PIN})],
    [Call("refused"), Call("answer")],
    f"Your token is {SECRETS['a token in a gzip answer']}. Anything else?",
]


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bank]:
    running = Bank()
    monkeypatch.setenv("BANK_API", running.url)
    monkeypatch.setenv("BANK_API_KEY", ENVIRONMENT_KEY)
    yield running
    running.stop()


@pytest.fixture
def converse(bank: Bank, tmp_path: Path) -> Callable[..., list[Any]]:
    """Hold a conversation with the bank's tools, recorded; returns all its messages."""

    def run(recorder: Recorder) -> list[Any]:
        sys.modules.pop("bank_tools", None)
        toolbox = load_toolbox("bank_tools:toolbox")
        messages: list[Any] = [{"role": "user", "content": f"My token: {SAID}. Log me in."}]
        with (
            ModelServer(SCRIPT) as server,
            OpenAI(base_url=server.base_url, api_key=MODEL_KEY) as plain,
            recorder.trace(id="the trace"),
            toolbox.session() as session,
        ):
            client = recorder.wrap(plain)
            while True:
                completion = client.chat.completions.create(
                    model="m", messages=messages, tools=toolbox.schemas("openai")
                )
                said = completion.choices[0].message
                messages.append(said.model_dump(exclude_none=True))
                if not said.tool_calls:
                    return messages
                messages += toolbox.dispatch_sync(completion, world=session.world)

    return run


@pytest.fixture
def replay_bank(bank: Bank) -> Callable[..., ReplayRun]:
    """Replay everything in a database through the same tools; the bank is gone by then."""

    def run(store: Store, **options: Any) -> ReplayRun:
        bank.stop()
        environment = {"BANK_API": bank.url, "BANK_API_KEY": ENVIRONMENT_KEY}
        return Replayer(
            store,
            toolbox="bank_tools:toolbox",
            folder=HERE,
            jobs=1,
            environment=environment,
            **options,
        ).run()

    return run


def everything(store: Store) -> str:
    """All that can be read out of a database, unpacked."""
    parts = []
    for view in ("traces", "model_calls", "tool_calls", "attempts", "interactions"):
        _, rows = store.query(f"SELECT * FROM {view}")
        parts += [json.dumps(row, ensure_ascii=False, default=str) for row in rows]
    for view in ("call_verdicts", "findings", "replay_runs", "tool_schemas", "feedback"):
        _, rows = store.query(f"SELECT * FROM {view}")
        parts += [json.dumps(row, ensure_ascii=False, default=str) for row in rows]
    transcripts = [store.transcript(trace_id) for trace_id in store.trace_ids()]
    parts += [one.model_dump_json() for one in transcripts]
    return "\n".join(parts)
