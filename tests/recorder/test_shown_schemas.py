"""The real OpenAI client shows a toolbox's tools in each dialect; the registry keeps what was shown
apart from what judged the calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from openai import OpenAI

from replay import Recorder, Toolbox
from replay.demo.model_server import Call, ModelServer

toolbox = Toolbox("travel")


@toolbox.tool(version="3")
def get_weather(city: str, unit: Literal["c", "f"] = "c") -> dict[str, object]:
    """Current weather in a city."""
    return {"city": city, "unit": unit}


SCRIPT = [[Call("get_weather", {"city": "Paris", "unit": "f"})], "18 °C."]


def converse(recorder: Recorder, server: ModelServer, dialect: str) -> None:
    tools = toolbox.schemas(dialect)
    with OpenAI(base_url=server.base_url, api_key="none") as plain, recorder.trace():
        client = recorder.wrap(plain)
        if dialect.startswith("openai-responses"):
            answer = client.responses.create(
                model="gpt-5",
                input="To Paris?",
                tools=tools,  # type: ignore[arg-type]
            )
        else:
            answer = client.chat.completions.create(
                model="gpt-5",
                messages=[{"role": "user", "content": "To Paris?"}],
                tools=tools,  # type: ignore[arg-type]
            )
        toolbox.dispatch_sync(answer)


@pytest.mark.parametrize(
    "dialect", ["openai", "openai-strict", "openai-responses", "openai-responses-strict"]
)
def test_shown_and_validator_are_told_apart_by_dialect_and_joined_by_version(
    recorder: Recorder, model: Callable[..., ModelServer], dialect: str
) -> None:
    converse(recorder, model(SCRIPT), dialect)
    recorder.store.flush()

    by_role = {one.roles[-1]: one for one in recorder.store.schema_registry().schemas}
    shown, judge = by_role.pop("shown"), by_role.pop("validator")
    assert by_role == {}
    assert (shown.dialect, shown.roles, shown.versions) == (dialect, ("shown",), ("3",))
    assert (judge.dialect, judge.roles, judge.versions) == (
        "pydantic",
        ("source", "validator"),
        ("3",),
    )
    assert (shown.call_count, judge.call_count) == (1, 1)
    assert recorder.store.tool_schema(shown.id).definition == toolbox.schemas(dialect)[0]
    assert judge.id == toolbox.tool_schemas()[0].id
    assert recorder.store.check() == []
