"""The registry of real transcripts, against a count of the files themselves."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.records import JsonObject
from replay.store import Store

CORPORA = Path(__file__).parents[3] / "shared" / "corpora" / "transcripts"
FILES = ["tau2-gpt4o_telecom_20250810", "livemcp-sonnet4", "apibank"]

pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not CORPORA.is_dir(), reason=f"no corpora in {CORPORA}"),
]


@pytest.mark.parametrize("name", FILES)
def test_traces_and_calls_of_every_schema_are_those_of_the_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    assert exit_code_of(["import", str(path), str(CORPORA / f"{name}.jsonl")]) == 0
    with Store.open(path) as store:
        registry = store.schema_registry()
        told = {
            json.dumps(store.tool_schema(one.id).definition, sort_keys=True): (
                one.trace_count,
                one.model_call_count,
                one.call_count,
            )
            for one in registry.schemas
        }
        calls_in_all = sum(one.call_count for one in store.tools())
        problems = store.check()

    assert told == counted(name)
    shown_calls = sum(calls for _, _, calls in told.values())
    assert shown_calls + sum(registry.bare_calls.values()) == calls_in_all
    assert problems == []


def counted(name: str) -> dict[str, tuple[int, int, int]]:
    """Return (traces, model calls, calls) of every definition, counted line by line."""
    contexts = json.loads((CORPORA / "contexts.json").read_text())
    traces: Counter[str] = Counter()
    model_calls: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for line in map(json.loads, (CORPORA / f"{name}.jsonl").read_text().splitlines()):
        tools = {
            tool["function"]["name"]: json.dumps(tool, sort_keys=True)
            for tool in contexts[line["context"]]["tools"]
        }
        asked = [message for message in line["messages"] if message["role"] == "assistant"]
        for definition in set(tools.values()):
            traces[definition] += bool(asked)
            model_calls[definition] += len(asked)
        for tool in (call for message in asked for call in called(message)):
            if tool in tools:
                calls[tools[tool]] += 1
    return {one: (traces[one], model_calls[one], calls[one]) for one in traces if traces[one]}


def called(message: JsonObject) -> list[str]:
    """Return the tools that a message asks for."""
    return [call["function"]["name"] for call in message.get("tool_calls") or []]
