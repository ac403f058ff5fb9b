"""Make ``fixtures/otel-*``: one run as several OpenTelemetry instrumentations tell it.

    python make_otel.py NAME FOLDER

NAME: genai-events, genai, traceloop (or traceloop-flat, with a version of it before 0.41),
traceloop-anthropic, openinference, openinference-responses, openinference-anthropic, both (two
instrumentations on one client).
"""

from __future__ import annotations

import contextlib
import gzip
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collector import Collector, collecting, json_lines
from messages_server import serving
from openai import OpenAI
from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from travel import chat_agent, execute, hold, messages_agent, recorded, responses_agent


def instrument(name: str) -> None:
    """Switch the instrumentation on."""
    if name.startswith("genai"):
        events = name == "genai-events"
        os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = (
            "true" if events else "SPAN_ONLY"
        )
        if not events:
            os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor as OpenTelemetry

        OpenTelemetry().instrument()
    if name in ("traceloop", "traceloop-flat", "both"):
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor as Traceloop

        Traceloop().instrument()
    if name == "traceloop-anthropic":
        from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor as Traceloop

        Traceloop().instrument()
    if name == "openinference-anthropic":
        from openinference.instrumentation.anthropic import (
            AnthropicInstrumentor as OpenInference,
        )

        OpenInference().instrument()
    elif name.startswith("openinference") or name == "both":
        from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference

        OpenInference().instrument()


def main(name: str, folder: Path) -> None:
    """Run, and write what was exported."""
    with collecting() as (collector, address):
        resource = Resource.create({"service.name": "travel"})
        provider = TracerProvider(resource=resource)
        exporter = OTLPSpanExporter(endpoint=f"{address}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter, max_export_batch_size=4))
        trace.set_tracer_provider(provider)
        logs = LoggerProvider(resource=resource)
        logs.add_log_record_processor(
            SimpleLogRecordProcessor(OTLPLogExporter(endpoint=f"{address}/v1/logs"))
        )
        set_logger_provider(logs)
        instrument(name)
        tracer = provider.get_tracer("travel.agent")
        agent = responses_agent if name.endswith("responses") else chat_agent
        is_openinference = name.startswith("openinference")
        tool = openinference_tool(tracer) if is_openinference else genai_tool(tracer)
        with recorded(folder) as (recorder, server), serving() as messages:
            if name.endswith("anthropic"):
                from anthropic import Anthropic

                client: Any = Anthropic(base_url=messages, api_key="none")
                agent = messages_agent
            else:
                client = OpenAI(base_url=server.base_url, api_key="none")
            hold(client, recorder, agent=agent, around=root(tracer, name), execute=tool)
        provider.shutdown()
        logs.shutdown()
        write(collector, folder)


def root(tracer: Any, name: str) -> Any:
    """The span of the agent, around one conversation."""

    @contextlib.contextmanager
    def around(question: str) -> Iterator[None]:
        attributes: dict[str, Any] = {"gen_ai.operation.name": "invoke_agent"}
        attributes |= {"gen_ai.agent.name": "travel", "gen_ai.conversation.id": "session-1"}
        if name.startswith("openinference"):
            attributes = {"openinference.span.kind": "AGENT", "session.id": "session-1"}
            attributes |= {"input.value": question}
        with tracer.start_as_current_span("invoke_agent travel", attributes=attributes):
            yield

    return around


def genai_tool(tracer: Any) -> Any:
    """Tools run in spans as the conventions of OpenTelemetry name them."""

    def run(call_id: str, tool: str, arguments: str) -> str:
        with tracer.start_as_current_span(f"execute_tool {tool}") as span:
            span.set_attribute("gen_ai.operation.name", "execute_tool")
            span.set_attribute("gen_ai.tool.name", tool)
            span.set_attribute("gen_ai.tool.call.id", call_id)
            span.set_attribute("gen_ai.tool.call.arguments", arguments)
            told = execute(call_id, tool, arguments)
            span.set_attribute("gen_ai.tool.call.result", told)
            if told.startswith("Error"):
                span.set_attribute("error.type", "tool_error")
                span.set_status(trace.StatusCode.ERROR, told.splitlines()[0])
            return told

    return run


def openinference_tool(tracer: Any) -> Any:
    """Tools run in spans as OpenInference names them; without the provider's id."""

    def run(call_id: str, tool: str, arguments: str) -> str:
        with tracer.start_as_current_span(tool) as span:
            span.set_attribute("openinference.span.kind", "TOOL")
            span.set_attribute("tool.name", tool)
            span.set_attribute("input.value", arguments)
            span.set_attribute("input.mime_type", "application/json")
            told = execute(call_id, tool, arguments)
            span.set_attribute("output.value", told)
            if told.startswith("Error"):
                span.set_status(trace.StatusCode.ERROR, told.splitlines()[0])
            return told

    return run


def write(collector: Collector, folder: Path) -> None:
    """Write the file exporter's JSON lines, the same packed, and its protobuf."""
    lines = json_lines(collector.otlp_json())
    (folder / "otlp.jsonl").write_text(lines, "utf-8")
    (folder / "otlp.jsonl.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))
    (folder / "otlp.binpb").write_bytes(collector.otlp_protobuf())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
