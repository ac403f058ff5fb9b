"""One agent under one instrumentation: what `benchmarks.instrumentation` runs and measures.

Prints one line of JSON: the CPU and wall time of each model call, and what was written.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WARM_UP = 2
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--how", required=True, choices=["bare", "replay", "otel", "openinference"])
    parser.add_argument("--kilobytes", type=int, required=True)
    parser.add_argument("--turns", type=int, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    with _instrumented(options.how, options.folder) as wrap:
        from openai import OpenAI

        with OpenAI(base_url=options.url, api_key="none", max_retries=0) as client:
            wrap(client)
            took = _converse(client, options.kilobytes, options.turns)
        began = time.process_time()
    cpu = [one[0] for one in took]
    # What is put off to the end is its work too: shared out over the calls.
    rest = (time.process_time() - began) / len(took)
    wall = [one[1] for one in took]
    written = sum(file.stat().st_size for file in options.folder.rglob("*") if file.is_file())
    json.dump({"cpu": [one + rest for one in cpu], "wall": wall, "bytes": written}, sys.stdout)


def _converse(client: Any, kilobytes: int, turns: int) -> list[tuple[float, float]]:
    """One conversation whose prompt has that size from the start, and grows by its answers."""
    per_message = 2000
    count = max(kilobytes * 1000 // per_message, 1)
    words = SENTENCE * (per_message // len(SENTENCE) + 1)
    messages: list[Any] = [{"role": "system", "content": "You help travellers."}]
    for number in range(count):
        role = "assistant" if number % 2 else "user"
        messages.append({"role": role, "content": f"{number} {words}"[:per_message]})
    messages.append({"role": "user", "content": "And now?"})
    took = []
    for turn in range(turns + WARM_UP):
        cpu, wall = time.process_time(), time.perf_counter()
        said = client.chat.completions.create(model="gpt-5", messages=messages, tools=TOOLS)
        took.append((time.process_time() - cpu, time.perf_counter() - wall))
        messages.append({"role": "assistant", "content": said.choices[0].message.content})
        messages.append({"role": "user", "content": f"And after {turn}?"})
    return took[WARM_UP:]


@contextlib.contextmanager
def _instrumented(how: str, folder: Path) -> Iterator[Any]:
    if how == "replay":
        from replay import Recorder

        with Recorder(folder / "traces.db") as recorder, recorder.trace():
            yield recorder.wrap
        return
    if how == "bare":
        yield lambda client: client
        return
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

    provider = TracerProvider(shutdown_on_exit=False)
    with (folder / "spans.jsonl").open("w") as file:
        exporter = ConsoleSpanExporter(
            out=file, formatter=lambda span: span.to_json(indent=None) + os.linesep
        )
        provider.add_span_processor(BatchSpanProcessor(exporter))
        instrumentor: Any
        if how == "otel":
            from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

            instrumentor = OpenAIInstrumentor()
            instrumentor.instrument(tracer_provider=provider)
        else:
            from openinference.instrumentation.openai import OpenAIInstrumentor as Inference

            instrumentor = Inference()
            instrumentor.instrument(tracer_provider=provider)
        yield lambda client: client
        provider.shutdown()


if __name__ == "__main__":
    main()
