"""What OpenAI documents of fine-tuning files, and its own types, held on real traffic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ConfigDict, TypeAdapter, with_config

from replay.cli.main import exit_code_of
from tests.training.conftest import Export, corrected, retried, weather

jsonschema = pytest.importorskip("jsonschema")
chat_types = pytest.importorskip("openai.types.chat")

CORPORA = Path(__file__).parents[3] / "shared" / "corpora" / "transcripts"
FILES = (
    "tau1-airline-gpt4o.jsonl",
    "tau2-qwen25_7b_retries_airline.jsonl",
    "bfcl-claude45_small.jsonl",
    "apibank.jsonl",
)


def problems(line: dict[str, Any]) -> list[str]:
    """OpenAI's rules for a line of chat, from its fine-tuning guide and its cookbook's checks."""
    found: list[str] = []
    messages = line["messages"]
    if set(line) - {"messages", "tools", "parallel_tool_calls"}:
        found.append(f"fields {sorted(line)}")
    if messages[-1]["role"] != "assistant":
        found.append("the last message is not the assistant's")
    open_ids: list[str] = []
    for message in messages:
        typed(message)
        known = {"role", "content", "name", "tool_calls", "tool_call_id", "weight", "refusal"}
        if set(message) - known:
            found.append(f"unknown fields {sorted(message)}")
        if message.get("weight") not in (None, 0, 1):
            found.append("a weight that is not 0 or 1")
        if message["role"] == "tool":
            open_ids.remove(message["tool_call_id"])
        elif open_ids:
            found.append("a call without its answer")
        if message["role"] == "assistant":
            open_ids = [call["id"] for call in message.get("tool_calls") or ()]
            if not open_ids and not str(message.get("content") or "").strip():
                found.append("an assistant who says nothing")
    ids = [call["id"] for one in messages for call in one.get("tool_calls") or ()]
    if len(set(ids)) < len(ids):
        found.append("two calls with one id")
    return found + [problem for message in messages for problem in misfits(message, line)]


def anthropic_problems(line: dict[str, Any]) -> list[str]:
    """Anthropic's rules for the messages of a request, and for tools."""
    found: list[str] = []
    tools = {tool["name"]: tool["input_schema"] for tool in line.get("tools") or ()}
    roles = [message["role"] for message in line["messages"]]
    if roles != ["user", "assistant"] * (len(roles) // 2):
        found.append(f"roles {roles}")
    waiting: list[str] = []
    uses: list[str] = []
    for message in line["messages"]:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        kinds = [block["type"] for block in blocks]
        if sorted(kinds, key=lambda kind: kind != "tool_result") != kinds:
            found.append("a result after other blocks")
        if waiting != [one["tool_use_id"] for one in blocks if one["type"] == "tool_result"]:
            found.append("a call without its answer, or out of order")
        if any(one["type"] == "text" and not one["text"].strip() for one in blocks):
            found.append("a text that says nothing")
        waiting = [one["id"] for one in blocks if one["type"] == "tool_use"]
        uses += waiting
        for one in blocks:
            if one["type"] == "tool_use":
                errors = jsonschema.Draft202012Validator(tools[one["name"]]).iter_errors(
                    one["input"]
                )
                found += [f"{one['name']}: {error.message}" for error in errors]
    if len(set(uses)) < len(uses):
        found.append("two calls with one id")
    return found


def typed(message: dict[str, Any]) -> None:
    """The message fits the types of OpenAI's own client."""
    rest = {name: value for name, value in message.items() if name != "weight"}
    MESSAGE.validate_python(rest)


MESSAGE: TypeAdapter[Any] = TypeAdapter(
    with_config(ConfigDict(extra="forbid"))(chat_types.ChatCompletionMessageParam)
    if isinstance(chat_types.ChatCompletionMessageParam, type)
    else chat_types.ChatCompletionMessageParam
)
TOOL: TypeAdapter[Any] = TypeAdapter(chat_types.ChatCompletionToolParam)


def misfits(message: dict[str, Any], line: dict[str, Any]) -> list[str]:
    """Calls that do not fit the schema shown, by jsonschema, which is not what wrote the line."""
    shown = {tool["function"]["name"]: tool["function"] for tool in line.get("tools") or ()}
    found = []
    for call in message.get("tool_calls") or ():
        function = call["function"]
        schema = shown[function["name"]].get("parameters") or {}
        errors = jsonschema.Draft202012Validator(schema).iter_errors(
            json.loads(function["arguments"])
        )
        found += [f"{function['name']}: {error.message}" for error in errors]
    return found


def check_parts(parts: dict[str, list[dict[str, Any]]], *, is_dpo: bool) -> int:
    count = 0
    for line in (line for lines in parts.values() for line in lines):
        count += 1
        for tool in (line["input"] if is_dpo else line).get("tools") or ():
            TOOL.validate_python(tool)
        if not is_dpo:
            assert problems(line) == []
            continue
        assert set(line) == {"input", "preferred_output", "non_preferred_output"}
        for name in ("preferred_output", "non_preferred_output"):
            (message,) = line[name]
            assert message["role"] == "assistant"
            typed(message)
        whole = {
            "messages": [*line["input"]["messages"], *line["preferred_output"]],
            "tools": line["input"].get("tools") or [],
        }
        assert problems(whole) == []
        assert line["input"]["messages"][-1]["role"] in ("user", "tool")
    return count


def test_files_hold_what_openai_documents(export: Export) -> None:
    right = {"tool": "get_weather", "arguments": {"city": "Bonn"}}
    chats = [
        weather("Paris"),
        retried("Rome", '{"town": "Rome"}'),
        corrected("Bonn", "Berlin", right),
        weather("Bern", '{"place": "Bern"}', id="bad"),
        weather("Bern", id="good"),
    ]
    assert check_parts(export("openai-sft", *chats), is_dpo=False) == 3
    assert all(
        one["weight"] == 1
        for line in export("openai-sft", options="--split train=1")["train"]
        for one in line["messages"][-1:]
    )
    assert check_parts(export("dpo"), is_dpo=True) == 3
    lines = export("anthropic", options="--split train=1")["train"]
    assert [anthropic_problems(line) for line in lines] == [[], [], []]


def test_the_checks_see_what_is_wrong() -> None:
    line = {"messages": weather("Paris", '{"town": "Paris"}')["messages"], "tools": []}
    line["tools"] = weather("Paris")["tools"]
    assert len(problems(line)) == 2
    line["messages"] = line["messages"][:3]
    assert "the last message is not the assistant's" in problems(line)


@pytest.mark.slow
@pytest.mark.corpora
@pytest.mark.parametrize("name", FILES)
@pytest.mark.skipif(not CORPORA.is_dir(), reason="the recorded corpora are not beside the checkout")
def test_real_traffic_becomes_files_that_openai_documents(name: str, tmp_path: Path) -> None:
    database = tmp_path / "traces.db"
    assert exit_code_of(["import", str(database), str(CORPORA / name)]) == 0
    for format_name in ("openai-sft", "dpo", "anthropic"):
        folder = tmp_path / format_name
        wanted = ["--to", format_name, "-o", str(folder), "--keep", "valid"]
        assert exit_code_of(["export", str(database), *wanted]) == 0
        parts = {
            path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            for path in folder.glob("*.jsonl")
        }
        if format_name == "anthropic":
            lines = [line for part in parts.values() for line in part]
            assert lines
            assert [anthropic_problems(line) for line in lines] == [[]] * len(lines)
            continue
        count = check_parts(parts, is_dpo=format_name == "dpo")
        assert count or format_name == "dpo"
