from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.interchange import ExportReport, export_lines
from replay.interchange.building import trace_id_of, transcript_of
from replay.interchange.contexts import Contexts
from replay.interchange.formats import CHAT_FORMATS
from replay.interchange.import_report import count_written
from replay.interchange.importing import made_exact
from replay.interchange.line_fields import ReadOptions
from replay.records import (
    Feedback,
    Interaction,
    ModelCall,
    Outcome,
    Record,
    Selection,
    ToolCall,
    ToolSchema,
    Trace,
)
from replay.store import Store
from tests.interchange.chats import (
    WEATHER_TOOL,
    answers,
    asked_by_user,
    asks,
    call,
    exported,
    imported,
    says,
    weather_chat,
)
from tests.interchange.conftest import WriteLines

NOON = "2026-11-20T12:00:00.000000Z"


def model_call(step: int, messages: list[Any], output: Any, **more: Any) -> ModelCall:
    return ModelCall(
        id=f"t#{step}",
        trace_id="t",
        step_number=step,
        api=more.pop("api", "chat.completions"),
        model="gpt-4o",
        messages=messages,
        output=output,
        started_at=NOON,
        **more,
    )


def tool_call(step: int, of: int, response: str, **more: Any) -> ToolCall:
    return ToolCall(
        id=f"t#{step}",
        trace_id="t",
        step_number=step,
        model_call_id=f"t#{of}",
        provider_call_id="c1",
        tool="get_weather",
        arguments="{}",
        response=response,
        outcome=more.pop("outcome", Outcome.OK),
        started_at=NOON,
        **more,
    )


TRACE = Trace(id="t", started_at=NOON, start={"seed": 1})


def keep(store: Store, *records: Record) -> None:
    store.append_all([TRACE, *records])
    store.flush()


def test_a_recorded_trace_becomes_one_line_with_the_answers_of_its_tools(store: Store) -> None:
    asked = asks(call("c1", "get_weather", "{}"))
    keep(
        store,
        model_call(1, [asked_by_user()], asked, tools=[WEATHER_TOOL]),
        tool_call(2, 1, "broken", outcome=Outcome.FAILED),
    )

    assert exported(store, "openai-chat") == [
        {
            "id": "t",
            "recorded_at": NOON,
            "model": "gpt-4o",
            "init": {"seed": 1},
            "messages": [asked_by_user(), asked, answers("c1", "broken", error=True)],
            "tools": [WEATHER_TOOL],
        }
    ]


def test_a_second_agent_inside_a_trace_becomes_a_line_of_its_own(store: Store) -> None:
    first = [asked_by_user("Plan a trip")]
    inner = [{"role": "system", "content": "You look up weather."}, asked_by_user("Paris?")]
    asked = asks(call("c1", "get_weather", "{}"))
    keep(
        store,
        model_call(1, first, asked),
        model_call(2, inner, says("15 C")),
        tool_call(3, 1, "15 C"),
        model_call(4, [*first, asked, answers("c1", "15 C")], says("Go to Paris.")),
    )

    lines = exported(store, "openai-chat")
    assert [line["messages"] for line in lines] == [
        [*first, asked, answers("c1", "15 C"), says("Go to Paris.")],
        [*inner, says("15 C")],
    ]


def test_an_answer_that_the_next_prompt_repeats_in_other_words_is_no_second_line(
    store: Store,
) -> None:
    first = [asked_by_user("Hello")]
    raw = says("Hi", refusal=None, annotations=[])
    keep(
        store,
        model_call(1, first, raw),
        model_call(2, [*first, says("Hi"), asked_by_user("Bye")], says("Bye")),
    )

    lines = exported(store, "openai-chat")
    assert [line["messages"] for line in lines] == [
        [*first, says("Hi"), asked_by_user("Bye"), says("Bye")]
    ]


def test_response_items_become_chat_messages_and_the_rest_is_told(store: Store) -> None:
    output = [
        {"type": "reasoning", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]},
        {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": "{}"},
    ]
    prompt = [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]
    tools = [{"type": "function", "name": "get_weather", "parameters": {}, "strict": False}]
    keep(
        store,
        model_call(1, prompt, output, api="responses", tools=[*tools, {"type": "web_search"}]),
        tool_call(2, 1, "15 C"),
    )
    report = ExportReport()

    (line,) = map(json.loads, export_lines(store, Selection(), "openai-chat", report))

    assert line["messages"] == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "a", "tool_calls": [call("c1", "get_weather", "{}")]},
        {"role": "tool", "content": "15 C", "tool_call_id": "c1"},
    ]
    assert line["tools"][0]["function"]["name"] == "get_weather"
    assert report.lost == {"items of type reasoning": 1, "tools that the provider runs": 1}


def test_our_own_records_make_the_round_trip_with_everything_in_them(
    store: Store, tmp_path: Path
) -> None:
    keep(
        store,
        model_call(1, [asked_by_user()], says("Hi")),
        tool_call(2, 1, "15 C", schema_hash="s1"),
        ToolSchema(id="s1", tool="get_weather", dialect="pydantic", definition={"type": "object"}),
        ToolSchema(id="s2", tool="unused", dialect="pydantic", definition={}),
        Interaction(id="i", tool_call_id="t#2", interaction_index=0, exchange={"url": "x"}),
        Feedback(id="f", trace_id="t", label="good", created_at=NOON),
    )
    path = tmp_path / "records.jsonl"
    path.write_text("".join(export_lines(store, Selection(), "records", ExportReport())))
    other = Store.open(tmp_path / "other.db", mode="create")
    try:
        report = imported(other, path)

        assert report.read == report.written
        assert sorted(report.read) == [
            "feedback",
            "interaction",
            "model_call",
            "tool_call",
            "tool_schema",
            "trace",
        ]
        assert other.tool_schemas() == [s for s in store.tool_schemas() if s.id == "s1"]
        assert other.transcript("t") == store.transcript("t")
    finally:
        other.close()


def test_a_record_that_does_not_fit_is_refused_with_its_column(
    store: Store, write_lines: WriteLines
) -> None:
    from replay.errors import ImportFileError

    path = write_lines({**TRACE.model_dump(mode="json"), "started_at": 5})

    try:
        imported(store, path)
    except ImportFileError as error:
        message = str(error)

    assert "started_at" in message
    assert "found 5" in message
    assert "Nothing was imported" in message


def test_an_imported_line_is_selected_by_its_labels(store: Store, write_lines: WriteLines) -> None:
    imported(store, write_lines(weather_chat(), {**weather_chat(), "id": "w/2"}))
    report = ExportReport()

    lines = list(export_lines(store, Selection(labels={"id": "w/2"}), "openai-chat", report))

    assert [json.loads(line)["id"] for line in lines] == ["w/2"]
    assert (report.trace_count, report.line_count) == (1, 1)


JSON = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
FIELDS = st.dictionaries(
    st.sampled_from(["id", "timestamp", "usage", "cost", "x", "error", "name", "requestor"]),
    JSON | st.dictionaries(st.text(max_size=3), JSON, max_size=2),
    max_size=2,
)
CALLS = st.lists(
    st.builds(
        lambda call_id, name, arguments, more: {
            **call(call_id, name, arguments),
            **more,
        },
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["f", "g"]),
        st.sampled_from(["{}", "", "{", None]) | st.dictionaries(st.text(max_size=2), JSON),
        st.dictionaries(st.sampled_from(["index", "extra"]), JSON, max_size=1),
    ),
    max_size=3,
)
MESSAGES = st.lists(
    st.builds(
        lambda role, content, calls, answered, fields: {
            **fields,
            "role": role,
            "content": content,
            **({"tool_calls": calls} if role in ("assistant", "user") and calls else {}),
            **({"tool_call_id": answered} if role == "tool" and answered else {}),
        },
        st.sampled_from(["assistant", "user", "system", "tool"]),
        st.none() | st.text(max_size=5) | st.just([{"type": "text", "text": "t"}]),
        CALLS,
        st.sampled_from(["a", "b", None]),
        FIELDS,
    ),
    max_size=8,
)
LINES = st.builds(
    lambda messages, fields, tools: {
        **fields,
        "messages": messages,
        **({"tools": tools} if tools is not None else {}),
    },
    MESSAGES,
    st.dictionaries(st.sampled_from(["id", "model", "init", "outcome", "x"]), JSON, max_size=3),
    st.none() | st.just([]) | st.just([WEATHER_TOOL]),
)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LINES)
def test_any_line_comes_out_as_it_went_in_and_nothing_is_lost(line: dict[str, Any]) -> None:
    chat = CHAT_FORMATS["openai-chat"]
    conversation = chat.read_line(line, Contexts(), ReadOptions())

    transcript = transcript_of(conversation, trace_id_of(conversation))

    assert chat.write_lines(transcript, ExportReport().lost) == [line] or (
        made_exact(chat, conversation, transcript).trace.attributes["verbatim"] == line
    )
    assert count_written(conversation, transcript) == chat.count_line(line)
