"""What holds for every SDK and framework: one script of truths, held against what was stored.

A module gives a class that derives from `Suite` and says how its framework runs the agent. The
truth is known without recording anything: the provider's script, and what the tools return.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest

from replay import Recorder
from replay.records import ModelCall, Outcome, ToolCall, Transcript
from tests.frameworks.provider import DONE, SCRIPTS, Provider
from tests.frameworks.travel import Tools

PARIS = {"city": "Paris", "degrees": 18, "unit": "c"}
FLIGHTS = {"flights": [{"number": "AF007", "price_eur": 412}]}

TRUTHS: dict[str, list[tuple[str, Any, Outcome, Any]]] = {
    "parallel": [
        ("get_weather", {"city": "Paris", "unit": "c"}, Outcome.OK, PARIS),
        ("search_flights", {"origin": "NYC", "destination": "PAR"}, Outcome.OK, FLIGHTS),
    ],
    "tool_error": [
        ("get_weather", {"city": "Atlantis", "unit": "c"}, Outcome.FAILED, None),
        ("search_flights", {"origin": "NYC", "destination": "PAR"}, Outcome.OK, FLIGHTS),
    ],
    "invalid_arguments": [
        ("get_weather", {"town": "Paris"}, Outcome.INVALID_ARGUMENTS, None),
        ("get_weather", {"city": "Paris", "unit": "c"}, Outcome.OK, PARIS),
    ],
    "unknown_tool": [("book_hotel", {"city": "Paris"}, Outcome.UNKNOWN_TOOL, None)],
    "rate_limited": [("get_weather", {"city": "Paris", "unit": "c"}, Outcome.OK, PARIS)],
    "overloaded": [("get_weather", {"city": "Paris", "unit": "c"}, Outcome.OK, PARIS)],
}
"""Of each scenario: tool, arguments, outcome and result of each call, in order."""

ATTEMPTS = {"rate_limited": [429, 200], "overloaded": [529, 529, 200]}
AGENTS = 20


class Suite:
    """One SDK or framework."""

    scenarios: ClassVar[list[str]] = [*TRUTHS]
    is_async: ClassVar[bool] = False
    streams: ClassVar[bool] = True
    has_ids: ClassVar[bool] = True
    """Whether the provider's calls have ids."""
    seen_by: ClassVar[str | None] = None
    """What sees undecorated tools run; None: nothing does."""
    raises: ClassVar[dict[str, str]] = {}
    """Scenarios in which the framework gives up, with the exception's name."""
    unfinished: ClassVar[set[str]] = set()
    """Scenarios whose first call the framework gives up at, so that the model is told nothing."""
    sdk_headers: ClassVar[tuple[str, ...]] = ()
    """Headers that the SDK itself sends more of when it is given a middleware, anybody's."""

    async def arun(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        """Hold the conversation; return its last words. For async frameworks."""
        raise NotImplementedError

    def run(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        """The same for sync ones."""
        return asyncio.run(self.arun(url, scenario, tools, recorder, stream))

    def schemas(self, tools: Tools) -> Any:
        """The tools' schemas as the framework derives them; None: it derives none."""
        return None

    # -- how it is held

    def hold(
        self,
        provider: Provider,
        scenario: str,
        recorder: Recorder | None,
        *,
        decorated: bool = True,
        stream: bool = False,
    ) -> str:
        tools = Tools(provider.url, recorder if decorated else None, is_async=self.is_async)
        try:
            return self.run(provider.url, scenario, tools, recorder, stream)
        except Exception as error:
            if self.raises.get(scenario) != type(error).__name__:
                raise
            return f"{type(error).__name__}: {error}"

    def recorded(
        self, provider: Provider, recorder: Recorder, scenario: str, **options: Any
    ) -> Transcript:
        provider.reset()
        with recorder.trace() as trace:
            said = self.hold(provider, scenario, recorder, **options)
            trace_id = trace.id
        if scenario not in self.raises:
            assert said == DONE
        recorder.store.flush()
        assert (recorder.failures, recorder.last_failure) == (0, None)
        return recorder.store.transcript(trace_id)

    # -- what must hold

    def test_stored_facts_equal_the_truth(
        self, provider: Provider, recorder: Recorder, scenario: str
    ) -> None:
        transcript = self.recorded(provider, recorder, scenario)

        self.check(transcript, scenario, provider)
        for call, truth in zip(tool_calls(transcript), TRUTHS[scenario], strict=True):
            if call.outcome is not truth[2]:
                continue  # `check` says when that may be
            assert call.result == truth[3]
            if truth[2] is Outcome.FAILED:  # whatever the framework made of it
                assert call.error is not None
                assert call.error.type == "LookupError"
            assert (len(transcript.interactions.get(call.id, [])) == 1) == (
                truth[2] in (Outcome.OK, Outcome.FAILED)
            )

    def test_a_streamed_run_stores_the_same(self, provider: Provider, recorder: Recorder) -> None:
        if not self.streams:
            pytest.skip("it has no streaming")
        transcript = self.recorded(provider, recorder, "parallel", stream=True)

        self.check(transcript, "parallel", provider)
        assert all(step.streamed for step in model_calls(transcript))

    def test_tools_that_are_not_decorated_are_seen_by_the_hook(
        self, provider: Provider, recorder: Recorder
    ) -> None:
        if self.seen_by is None:
            pytest.skip("it has no hook around its tools")
        transcript = self.recorded(provider, recorder, "parallel", decorated=False)

        calls = tool_calls(transcript)
        assert [call.outcome for call in calls] == [Outcome.OK, Outcome.OK]
        assert {call.attributes.get("seen_by") for call in calls} == {self.seen_by}
        assert [len(transcript.interactions.get(call.id, [])) for call in calls] == [1, 1]
        for call, truth in zip(calls, TRUTHS["parallel"], strict=True):
            told = call.result if call.result is not None else call.response
            assert parsed(told) == truth[3]

    @pytest.mark.parametrize(
        "stream",
        [
            pytest.param(False, marks=pytest.mark.slow, id="whole"),
            pytest.param(True, id="streamed"),
        ],
    )
    def test_requests_are_the_same_byte_by_byte_with_and_without_us(
        self, provider: Provider, recorder: Recorder, unwatched: Any, stream: bool
    ) -> None:
        if stream and not self.streams:
            pytest.skip("it has no streaming")
        for scenario in ["parallel"] if stream else self.scenarios:
            provider.reset()
            with unwatched():
                alone = self.hold(provider, scenario, None, stream=stream)
            without = [request.identity(self.sdk_headers) for request in provider.seen]
            provider.reset()
            with recorder.trace():
                watched = self.hold(provider, scenario, recorder, stream=stream)

            assert watched == alone
            seen = [request.identity(self.sdk_headers) for request in provider.seen]
            assert seen == without

    def test_the_schemas_it_derives_are_the_same(
        self, provider: Provider, recorder: Recorder
    ) -> None:
        bare = self.schemas(Tools(provider.url, is_async=self.is_async))
        if bare is None:
            pytest.skip("it derives none")
        ours = self.schemas(Tools(provider.url, recorder, is_async=self.is_async))

        assert json.dumps(ours) == json.dumps(bare)

    @pytest.mark.slow
    def test_twenty_agents_with_equal_arguments_are_told_apart(
        self, provider: Provider, recorder: Recorder
    ) -> None:
        provider.reset()
        tools = Tools(provider.url, recorder, is_async=self.is_async, nonce=True)
        if type(self).arun is not Suite.arun:
            ids = asyncio.run(self._many(provider, recorder, tools))
        else:
            with ThreadPoolExecutor(AGENTS) as pool:
                jobs = [pool.submit(self._one, provider, recorder, tools) for _ in range(AGENTS)]
                ids = [job.result() for job in jobs]
        recorder.store.flush()

        nonces = []
        for trace_id in ids:
            calls = tool_calls(recorder.store.transcript(trace_id))
            assert len(calls) == 3
            for call in calls:
                assert call.response is not None
                assert nonce_of(call.response) == nonce_of(json.dumps(call.result)), call.bound_by
                assert call.bound_by is not None
                nonces.append(nonce_of(call.response))
        assert len(set(nonces)) == 3 * AGENTS

    def _one(self, provider: Provider, recorder: Recorder, tools: Tools) -> str:
        with recorder.trace() as trace:
            self.run(provider.url, "alike", tools, recorder, False)
            return trace.id

    async def _many(self, provider: Provider, recorder: Recorder, tools: Tools) -> list[str]:
        async def one() -> str:
            async with recorder.trace() as trace:
                await self.arun(provider.url, "alike", tools, recorder, False)
                return trace.id

        return list(await asyncio.gather(*(one() for _ in range(AGENTS))))

    def tells(self, provider: Provider, call: ToolCall) -> bool:
        """Whether the framework told the model what came of a call, whoever watched."""
        return True

    def check(self, transcript: Transcript, scenario: str, provider: Provider) -> None:
        """Everything but the results, which depend on who saw the tool run."""
        calls, asked = tool_calls(transcript), model_calls(transcript)
        truth = TRUTHS[scenario]
        if scenario in self.unfinished:
            truth = [(*truth[0][:2], Outcome.UNFINISHED, None)]
        ends = [call.outcome for call in calls]
        if scenario == "tool_error" and scenario in self.raises:
            # The run ends with the first call: the one beside it may be cancelled half way.
            assert ends.pop() in (Outcome.OK, Outcome.CANCELLED, Outcome.UNFINISHED)
        assert ends == [fact[2] for fact in truth][: len(ends)]
        assert [(c.tool, json.loads(c.arguments)) for c in calls] == [fact[:2] for fact in truth]
        for call in calls:
            assert call.model_call_id in {step.id for step in asked}
            assert (call.provider_call_id is not None) == self.has_ids
            if call.outcome is not Outcome.UNFINISHED:
                is_told = scenario not in self.raises and self.tells(provider, call)
                assert (call.response is not None) or not is_told
                assert call.bound_by is not None
        assert all(step.status_code == 200 for step in asked)
        assert all(step.usage or step.streamed for step in asked)
        if scenario in self.raises:
            return
        turns = len(SCRIPTS[scenario])
        assert len(asked) == turns
        assert [step.finish_reason is not None for step in asked] == [True] * turns
        assert DONE in json.dumps(asked[-1].output)
        tried = [a.status_code for a in transcript.attempts.get(asked[0].id, [])]
        assert tried == ATTEMPTS.get(scenario, [])
        assert len(provider.seen) == turns + max(len(tried) - 1, 0)


def tool_calls(transcript: Transcript) -> list[ToolCall]:
    return [step for step in transcript.steps if isinstance(step, ToolCall)]


def model_calls(transcript: Transcript) -> list[ModelCall]:
    return [step for step in transcript.steps if isinstance(step, ModelCall)]


def parsed(told: Any) -> Any:
    """What a framework made of a result: it itself, JSON, Python's words, JSON in blocks."""
    if not isinstance(told, str):
        return told
    for read in (json.loads, _literal):
        with contextlib.suppress(ValueError, SyntaxError):
            return read(told)
    return told


def _literal(text: str) -> Any:
    import ast

    return ast.literal_eval(text)


def nonce_of(text: str) -> int:
    found = re.search(r"nonce\D+(\d+)", text)
    assert found is not None, text
    return int(found[1])


def recorders(folder: Path) -> Iterator[Recorder]:
    """One recorder over this process's clients, taken out again at the end."""
    import importlib

    modules = []
    for name in ("httpx", "httpx2", "urllib3.connectionpool"):
        with contextlib.suppress(ImportError):
            modules.append(importlib.import_module(name))
    before = list(_sends(modules))
    with Recorder(folder / "traces.db", app="test") as recorder:
        for module in modules:
            recorder.watch_module(module)
        yield recorder
    for kind, name, method in before:
        setattr(kind, name, method)


@contextlib.contextmanager
def unwatching(originals: list[Any]) -> Iterator[None]:
    watched = [(kind, name, getattr(kind, name)) for kind, name, _ in originals]
    for kind, name, method in originals:
        setattr(kind, name, method)
    try:
        yield
    finally:
        for kind, name, method in watched:
            setattr(kind, name, method)


def _sends(modules: list[Any]) -> Iterator[tuple[Any, str, Any]]:
    for module in modules:
        if hasattr(module, "HTTPConnectionPool"):
            yield module.HTTPConnectionPool, "urlopen", module.HTTPConnectionPool.urlopen
        else:
            for kind in (module.Client, module.AsyncClient):
                yield kind, "send", kind.send


def originals() -> list[Any]:
    import importlib

    modules = []
    for name in ("httpx", "httpx2", "urllib3.connectionpool"):
        with contextlib.suppress(ImportError):
            modules.append(importlib.import_module(name))
    return list(_sends(modules))
