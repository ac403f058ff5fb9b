"""One agent under one instrumentation: what `benchmarks.instrumentation` starts and measures.

Reads commands as lines of JSON, and answers each with one: a call is made when it is asked for, so
that agents under other instrumentations can take turns with it.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": f"tool_{number}",
            "description": "Do what the name says. " * 4,
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "unit": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
    for number in range(8)
]
SENTENCE = "The customer asked again whether the flight to Paris leaves on time, and we said so. "
MESSAGE_BYTES = 2000
_tools_client: Any = None


class Conversation:
    """An agent's prompt, of that size from the start, and its calls of the model."""

    def __init__(self, client: Any, kind: str, kilobytes: int) -> None:
        self._client = client
        self._is_streamed = kind == "streamed"
        self._is_new_each_time = kind == "new"
        self._asks = kind == "asking"
        self._message_count = max(kilobytes * 1000 // MESSAGE_BYTES, 1)
        self._turn = 0
        self._messages = self._beginning()

    def _beginning(self) -> list[Any]:
        words = SENTENCE * (MESSAGE_BYTES // len(SENTENCE) + 1)
        messages: list[Any] = [{"role": "system", "content": "You help travellers."}]
        for number in range(self._message_count):
            role = "assistant" if number % 2 else "user"
            text = f"{self._turn} {number} {words}"[:MESSAGE_BYTES]
            messages.append({"role": role, "content": text})
        messages.append({"role": "user", "content": "And now?"})
        return messages

    def call(self) -> dict[str, float]:
        """Ask the model once, and tell what its answer asks for; return what the asking took."""
        asked: dict[str, Any] = {"model": "gpt-5", "messages": self._messages, "tools": TOOLS}
        cpu, wall = time.thread_time(), time.perf_counter()
        first = None
        if self._is_streamed:
            asked |= {"stream": True, "stream_options": {"include_usage": True}}
            call = None
            for chunk in self._client.chat.completions.create(**asked):
                first = first or (time.thread_time(), time.perf_counter())
                for choice in chunk.choices:
                    call = choice.delta.tool_calls[0] if choice.delta.tool_calls else call
        else:
            said = self._client.chat.completions.create(**asked)
            call = said.choices[0].message.tool_calls[0]
        if self._asks:
            self._outside().get("/answer").json()
        took = {"cpu": time.thread_time() - cpu, "wall": time.perf_counter() - wall}
        if first is not None:
            took |= {"first_cpu": first[0] - cpu, "first_wall": first[1] - wall}
        self._go_on(call)
        return took

    def _outside(self) -> Any:
        """A client of the tool's own: nobody sees the tool run."""
        global _tools_client
        if _tools_client is None:
            import httpx

            base = str(self._client.base_url).removesuffix("/v1/")
            _tools_client = httpx.Client(base_url=base, trust_env=False)
        return _tools_client

    def _go_on(self, call: Any) -> None:
        self._turn += 1
        if self._is_new_each_time:
            self._messages = self._beginning()
            return
        function = {"name": call.function.name, "arguments": call.function.arguments}
        asked = {"id": call.id, "type": "function", "function": function}
        self._messages.append({"role": "assistant", "content": None, "tool_calls": [asked]})
        told = {"role": "tool", "tool_call_id": call.id, "content": '{"on_time": true}'}
        self._messages.append(told)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--way", required=True, choices=WAYS)
    parser.add_argument("--url", required=True)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        WAYS[options.way](options.url, Path(folder)) as (conversing, flush),
    ):
        from openai import OpenAI

        base_url = f"{options.url}/v1"
        with OpenAI(base_url=base_url, api_key="none", max_retries=0) as client:
            _obey(client, conversing, flush)


def _obey(client: Any, conversing: Callable[[Any], Any], flush: Callable[[], object]) -> None:
    """Do what is asked line by line, until nothing is."""
    _answer({})
    for line in iter(sys.stdin.readline, ""):
        kind, kilobytes = json.loads(line)
        with conversing(client):
            conversation = Conversation(client, kind, kilobytes)
            for _ in range(2):
                conversation.call()
            flush()
            all_cpu, called_cpu = time.process_time(), 0.0
            _answer({})
            while sys.stdin.readline() == "call\n":
                took = conversation.call()
                called_cpu += took["cpu"]
                _answer(took)
        flush()
        _answer({"behind": time.process_time() - all_cpu - called_cpu})


def _answer(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _bare(url: str, folder: Path) -> Iterator[Any]:
    yield lambda client: contextlib.nullcontext(), lambda: None


@contextlib.contextmanager
def _replay(url: str, folder: Path, *, mask: bool, turns: bool = True) -> Iterator[Any]:
    from replay import Recorder

    with Recorder(folder / "traces.db", mask=mask) as recorder:
        if not turns:
            recorder.watch_turns = lambda: None  # type: ignore[method-assign]  # no way to ask for it
        wrapped: list[Any] = []

        def conversing(client: Any) -> Any:
            if not wrapped:
                wrapped.append(recorder.wrap(client))
            return recorder.trace()

        yield conversing, recorder.store.flush


@contextlib.contextmanager
def _otel(url: str, folder: Path, *, content: str) -> Iterator[Any]:
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = content
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

    with _provider(url) as provider:
        OpenAIInstrumentor().instrument(tracer_provider=provider)
        yield lambda client: contextlib.nullcontext(), provider.force_flush


@contextlib.contextmanager
def _openinference(url: str, folder: Path, *, hide: bool) -> Iterator[Any]:
    from openinference.instrumentation import TraceConfig
    from openinference.instrumentation.openai import OpenAIInstrumentor

    names = ("inputs", "outputs", "llm_tools", "llm_invocation_parameters")
    config = TraceConfig(**{f"hide_{name}": hide for name in names})
    with _provider(url) as provider:
        OpenAIInstrumentor().instrument(tracer_provider=provider, config=config)
        yield lambda client: contextlib.nullcontext(), provider.force_flush


@contextlib.contextmanager
def _provider(url: str) -> Iterator[Any]:
    """As in production: spans go in batches, from a thread of their own, to a collector."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import SpanLimits, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # By default a span keeps 128 attributes: of OpenInference's, the end of the prompt.
    limits = SpanLimits(max_span_attributes=1_000_000)
    provider = TracerProvider(shutdown_on_exit=False, span_limits=limits)
    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    yield provider
    provider.shutdown()


WAYS: dict[str, Any] = {
    "bare": _bare,
    "bare again": _bare,
    "replay": functools.partial(_replay, mask=True),
    "replay, not masking": functools.partial(_replay, mask=False),
    "replay, not watching": functools.partial(_replay, mask=True, turns=False),
    "OpenTelemetry": functools.partial(_otel, content="SPAN_ONLY"),
    "  without content": functools.partial(_otel, content="NO_CONTENT"),
    "OpenInference": functools.partial(_openinference, hide=False),
    "  hiding content": functools.partial(_openinference, hide=True),
}
"""By what it is called in the table."""


if __name__ == "__main__":
    main()
