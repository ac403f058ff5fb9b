"""Langfuse's API, as its documentation has it: no server of it was at hand."""

from __future__ import annotations

from typing import Any

import pytest

from replay.records import Outcome, Selection, Transcript
from replay.store import Store
from tests.interchange.chats import (
    WEATHER_TOOL,
    answers,
    asked_by_user,
    asks,
    call,
    imported,
    model_calls,
    says,
    tool_calls,
)
from tests.interchange.conftest import WriteLines

ASKED = asks(call("c1", "get_weather", '{"city": "Paris"}'))
AT = "2026-11-20T10:00:0{}.000Z"


def observation(number: int, kind: str, given: Any, came: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": f"o{number}",
        "traceId": "t1",
        "type": kind,
        "name": "get_weather" if kind == "TOOL" else "answer",
        "startTime": AT.format(number),
        "endTime": AT.format(number + 1),
        "parentObservationId": None,
        "input": given,
        "output": came,
        **more,
    }


FIRST = {"messages": [asked_by_user()], "tools": [WEATHER_TOOL]}
OBSERVATIONS = [
    observation(1, "GENERATION", FIRST, ASKED, usageDetails={"input": 3, "output": 4}),
    observation(2, "TOOL", {"city": "Paris"}, "no such city", level="ERROR"),
    observation(
        3,
        "GENERATION",
        {**FIRST, "messages": [asked_by_user(), ASKED, answers("c1", "no such city")]},
        says("I do not know."),
        model="gpt-5",
    ),
    observation(4, "SPAN", None, None),
]
TRACE = {
    "id": "t1",
    "timestamp": AT.format(0),
    "name": "travel",
    "sessionId": "s1",
    "userId": "u1",
    "tags": ["beta"],
    "release": "1.2",
    "metadata": {"init": {"plan": "pro"}},
}
SCORE = {
    "id": "s1",
    "traceId": "t1",
    "observationId": "o2",
    "name": "right",
    "value": 0,
    "comment": "it is a city",
    "timestamp": AT.format(9),
}

FORMS = {
    "a trace with all of it": [{**TRACE, "observations": OBSERVATIONS, "scores": [SCORE]}],
    "lists of the API": [
        {"data": [{**TRACE, "observations": ["o1", "o2"]}], "meta": {"page": 1}},
        {"data": OBSERVATIONS, "meta": {}},
        {"data": [SCORE], "meta": {}},
    ],
    "one a line": [TRACE, *OBSERVATIONS, SCORE],
    "events of older SDKs": [
        {"batch": [{"id": "e1", "type": "trace-create", "body": TRACE}]},
        {
            "batch": [
                {"id": f"e{one['id']}", "type": f"{kind}-create", "body": one}
                for kind, one in zip(
                    ("generation", "observation", "generation", "span"), OBSERVATIONS, strict=True
                )
            ]
        },
        {"batch": [{"id": "e9", "type": "score-create", "body": SCORE}]},
    ],
}


def only(store: Store) -> Transcript:
    (trace_id,) = store.trace_ids(Selection())
    return store.transcript(trace_id)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_the_same_trace(store: Store, write_lines: WriteLines, form: str) -> None:
    report = imported(store, write_lines(*FORMS[form]))

    transcript = only(store)
    (get_weather,) = tool_calls(transcript)
    (feedback,) = transcript.feedback
    assert report.format == "langfuse"
    assert transcript.trace.labels == {"session": "s1", "user": "u1", "tag:beta": "true"}
    assert (transcript.trace.app, transcript.trace.code_version) == ("travel", "1.2")
    assert transcript.trace.start == {"init": {"plan": "pro"}}
    assert get_weather.arguments == '{"city": "Paris"}'
    assert (get_weather.outcome, get_weather.response) == (Outcome.FAILED, "no such city")
    assert get_weather.duration_ms == 1000
    assert model_calls(transcript)[0].usage == {
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 7,
    }
    assert (feedback.step_number, feedback.label, feedback.score) == (2, "right", 0)
