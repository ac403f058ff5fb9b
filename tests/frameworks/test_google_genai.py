"""Google's GenAI client: functions that it calls by itself, and streams."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

genai = pytest.importorskip("google.genai", reason="google-genai is not installed")

from google.genai import types  # noqa: E402

from replay import Recorder  # noqa: E402
from replay.records import ModelCall, Outcome, ToolCall  # noqa: E402
from tests.frameworks.provider import Provider  # noqa: E402
from tests.frameworks.suite import Suite, tool_calls  # noqa: E402
from tests.frameworks.travel import QUESTION, SCHEMAS, SYSTEM, Tools  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

RETRIES = {
    "attempts": 3,
    "initial_delay": 0.001,
    "max_delay": 0.001,
    "http_status_codes": [429, 529],
}


def client(url: str, recorder: Recorder | None) -> Any:
    options = types.HttpOptions(
        base_url=url, retry_options=types.HttpRetryOptions.model_validate(RETRIES)
    )
    made = genai.Client(api_key="none", http_options=options)
    if recorder is not None:
        from replay.recorder.middleware.google_genai import recorded_client

        made = recorded_client(recorder, made)
    return made


class TestAutomatic(Suite):
    """The client runs the functions; it gives up at an unknown one."""

    has_ids = False
    streams = True
    scenarios: ClassVar = [
        "parallel",
        "tool_error",
        "invalid_arguments",
        "rate_limited",
        "overloaded",
    ]

    def run(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        made = client(url, recorder)
        config = types.GenerateContentConfig(tools=tools.all, system_instruction=SYSTEM)
        if stream:
            pieces = made.models.generate_content_stream(
                model=scenario, contents=QUESTION, config=config
            )
            texts = [p.text for p in pieces if p.candidates[0].content.parts[0].text]
            return texts[-1]
        return str(
            made.models.generate_content(model=scenario, contents=QUESTION, config=config).text
        )

    def tells(self, provider: Provider, call: ToolCall) -> bool:
        # Before 2.18, of the calls of a stream that come in pieces, the model is told the last.
        return f'"functionResponse": {{"name": "{call.tool}"' in json.dumps(
            [json.loads(request.body) for request in provider.seen], sort_keys=True
        )

    def schemas(self, tools: Tools) -> Any:
        made = genai.Client(api_key="none")
        return [
            types.FunctionDeclaration.from_callable(
                client=made._api_client, callable=function
            ).model_dump(mode="json")
            for function in tools.all
        ]


class TestOwnLoop(Suite):
    has_ids = False
    streams = False

    def run(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        made = client(url, recorder)
        declared = [
            types.FunctionDeclaration(name=name, parameters_json_schema=schema)
            for name, schema in SCHEMAS.items()
        ]
        config = types.GenerateContentConfig(
            tools=[types.Tool(function_declarations=declared)], system_instruction=SYSTEM
        )
        contents: list[Any] = [types.UserContent(QUESTION)]
        while True:
            answer = made.models.generate_content(model=scenario, contents=contents, config=config)
            if not answer.function_calls:
                return str(answer.text)
            contents.append(answer.candidates[0].content)
            parts = [self._part(tools, call) for call in answer.function_calls]
            contents.append(types.UserContent(parts))

    def _part(self, tools: Tools, call: Any) -> Any:
        function = getattr(tools, call.name, None)
        if function is None:
            response = {"error": f"There is no function {call.name}"}
        else:
            try:
                response = {"result": function(**call.args)}
            except (TypeError, LookupError) as error:
                response = {"error": str(error)}
        return types.Part.from_function_response(name=call.name, response=response)

    def test_the_system_prompt_and_the_declarations_are_kept(
        self, provider: Provider, recorder: Recorder
    ) -> None:
        transcript = self.recorded(provider, recorder, "parallel")

        first = transcript.steps[0]
        assert isinstance(first, ModelCall)
        assert (first.api, first.model) == ("generate_content", "parallel")
        assert first.messages[0] == {"role": "system", "parts": [{"text": SYSTEM}]}
        assert {t["name"]: t["parameters"] for t in first.tools} == SCHEMAS  # type: ignore[index,call-overload]
        assert {call.outcome for call in tool_calls(transcript)} == {Outcome.OK}
