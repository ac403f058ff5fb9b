"""Sessions of command-line agents: what is taken back in them, and older forms of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.errors import ImportFileError
from replay.interchange import ImportOptions, ReadOptions
from replay.interchange.cline import IN_WORDS
from replay.records import Outcome
from replay.store import Store
from tests.interchange.chats import imported, model_calls, only_transcript, tool_calls
from tests.interchange.conftest import WriteLines

FIXTURES = Path(__file__).parent / "fixtures"
SESSION = {"sessionId": "s1", "projectHash": "p", "startTime": "2026-11-20T10:00:00Z"}


def said(kind: str, name: str, text: str, **more: Any) -> dict[str, Any]:
    at = "2026-11-20T10:00:01Z"
    return {"id": name, "type": kind, "timestamp": at, "content": text, "model": "m", **more}


def asking(name: str, call: str, city: str) -> dict[str, Any]:
    result = [{"functionResponse": {"id": call, "name": "look", "response": {"output": city}}}]
    one = {"id": call, "name": "look", "args": {"city": city}, "result": result}
    return said("gemini", name, "", toolCalls=[{**one, "status": "success"}])


def test_what_was_taken_back_in_a_session_of_gemini_cli_is_not_told(
    store: Store, write_lines: WriteLines
) -> None:
    lines = [
        SESSION,
        {"$set": {"messages": [said("user", "u0", "Context.")]}},
        said("user", "u1", "Rome?"),
        asking("g1", "c1", "Rome"),
        {"$rewindTo": "u1"},
        said("user", "u2", "Paris?"),
        said("gemini", "g2", ""),
        asking("g2", "c2", "Paris"),
        said("gemini", "g3", "Warm."),
    ]

    imported(store, write_lines(*map(json.dumps, lines)))

    assert [call.arguments for call in tool_calls(only_transcript(store))] == ['{"city":"Paris"}']
    texts = [
        content["parts"][0]["text"] for content in model_calls(only_transcript(store))[0].messages
    ]
    assert texts == ["Context.", "Paris?"]


def test_a_session_of_gemini_cli_in_one_object_has_its_answers_with_the_calls(
    store: Store, write_lines: WriteLines
) -> None:
    messages = [said("user", "u1", "Rome?"), asking("g1", "c1", "Rome"), said("gemini", "g2", "Ok")]
    path = write_lines(json.dumps({**SESSION, "messages": messages}))

    imported(store, path)

    (call,) = tool_calls(only_transcript(store))
    assert (call.outcome, call.response, call.bound_by) == (Outcome.OK, "Rome", "provider_call_id")
    assert len(model_calls(only_transcript(store))[1].messages) == 3


def test_what_gemini_cli_refused_itself_is_invalid_arguments_in_its_words(store: Store) -> None:
    imported(store, FIXTURES / "gemini-cli" / "session.jsonl")

    (refused,) = (
        one
        for one in tool_calls(only_transcript(store))
        if one.outcome == Outcome.INVALID_ARGUMENTS
    )
    assert refused.response == "params must have required property 'destination'"
    assert refused.attributes["shown_as"] == "mcp_travel_search_flights"


def test_a_prefix_that_is_named_is_taken_off_the_tools(store: Store) -> None:
    path = FIXTURES / "opencode" / "session.json"

    imported(store, path)
    shown = {call.tool for call in tool_calls(only_transcript(store))}
    imported(store, path, ImportOptions(read=ReadOptions(tool_prefixes=("travel_",))))

    assert shown == {"travel_get_weather", "travel_search_flights"}
    assert {call.tool for call in tool_calls(only_transcript(store))} == {
        "get_weather",
        "search_flights",
    }
    assert tool_calls(only_transcript(store))[0].attributes["shown_as"] == "travel_get_weather"


def test_a_bare_list_of_a_task_is_a_session_named_by_its_folder(
    store: Store, tmp_path: Path
) -> None:
    use = {"type": "tool_use", "id": "t1", "name": "travel__look", "input": {"city": "Rome"}}
    told = {"content": [{"type": "text", "text": "Warm."}], "isError": False}
    answer = {"type": "tool_result", "tool_use_id": "t1", "content": json.dumps(told)}
    in_words = "<execute_command><command>ls</command></execute_command>"
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "Rome?"}], "ts": 1795664767199},
        {"role": "assistant", "content": [use], "ts": 1795664768199},
        {"role": "user", "content": [answer], "ts": 1795664769199},
        {"role": "assistant", "content": [{"type": "text", "text": in_words}], "ts": 1795664770199},
    ]
    path = tmp_path / "1795664767000" / "api_conversation_history.json"
    path.parent.mkdir()
    path.write_text(json.dumps(messages))

    report = imported(store, path)

    assert report.format == "cline"
    assert report.notes[IN_WORDS] == 1
    (call,) = tool_calls(only_transcript(store))
    assert (call.tool, call.response) == ("look", "Warm.")


def test_a_history_of_aider_is_refused_with_the_reason(store: Store, tmp_path: Path) -> None:
    path = tmp_path / ".aider.chat.history.md"
    path.write_text("\n# aider chat started at 2026-11-20 10:00:00\n\n#### add a test\n")

    with pytest.raises(ImportFileError, match="call no tools: there is nothing to replay"):
        imported(store, path)
