"""Make ``fixtures/phoenix``: spans as Phoenix's client gives them out.

PHOENIX_PORT=... phoenix serve      # beside it
python make_phoenix.py ADDRESS FOLDER
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from collector import json_lines
from make_otel import openinference_tool, root
from openai import OpenAI
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from phoenix.client import Client
from travel import hold, recorded


def main(address: str, folder: Path) -> None:
    """Run, send the spans to Phoenix, and write what it gives out."""
    provider = TracerProvider()
    exporter = OTLPSpanExporter(endpoint=f"{address}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    tracer = provider.get_tracer("travel.agent")
    with recorded(folder) as (recorder, server):
        client = OpenAI(base_url=server.base_url, api_key="none")
        around = root(tracer, "openinference")
        hold(client, recorder, around=around, execute=openinference_tool(tracer))
    provider.shutdown()
    phoenix = Client(base_url=address)
    time.sleep(5)
    spans = phoenix.spans.get_spans(project_identifier="default", limit=1000)
    first = next(span for span in spans if span["name"] == "ChatCompletion")
    phoenix.spans.add_span_annotation(
        span_id=first["context"]["span_id"],
        annotation_name="helpful",
        annotator_kind="HUMAN",
        label="partly",
        score=0.5,
        explanation="half of it",
        sync=True,
    )
    (folder / "spans.jsonl").write_text(json_lines([dict(span) for span in spans]), "utf-8")
    notes = phoenix.spans.get_span_annotations(spans=spans, project_identifier="default")
    (folder / "annotations.jsonl").write_text(json_lines([dict(one) for one in notes]), "utf-8")
    table = phoenix.spans.get_spans_dataframe(project_identifier="default")
    table.to_json(folder / "table.json", orient="records", date_format="iso")
    json.loads((folder / "table.json").read_text("utf-8"))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
