"""Make ``fixtures/mlflow``: traces that MLflow's autologging kept, as its client gives them out.

python make_mlflow.py FOLDER
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mlflow
from collector import json_lines
from openai import OpenAI
from travel import execute, hold, recorded


def main(folder: Path) -> None:
    """Run, and write what the store has."""
    with tempfile.TemporaryDirectory() as place:
        mlflow.set_tracking_uri(f"sqlite:///{place}/mlflow.db")
        experiment = mlflow.create_experiment("travel", artifact_location=f"file://{place}/files")
        mlflow.set_experiment(experiment_id=experiment)
        mlflow.openai.autolog()

        trace_ids: list[str] = []

        @contextlib.contextmanager
        def around(question: str) -> Iterator[None]:
            with mlflow.start_span("travel agent", span_type="AGENT") as span:
                span.set_inputs({"question": question})
                mlflow.update_current_trace(
                    metadata={"mlflow.trace.session": "session-1", "mlflow.trace.user": "user-1"},
                    tags={"customer": "42"},
                )
                trace_ids.append(span.trace_id)
                yield

        def run(call_id: str, tool: str, arguments: str) -> str:
            with mlflow.start_span(tool, span_type="TOOL") as span:
                span.set_inputs(json.loads(arguments))
                told = execute(call_id, tool, arguments)
                span.set_outputs(told)
                if told.startswith("Error"):
                    span.set_status("ERROR")
                return told

        with recorded(folder) as (recorder, server):
            client = OpenAI(base_url=server.base_url, api_key="none")
            hold(client, recorder, around=around, execute=run)
        mlflow.flush_trace_async_logging()
        for trace_id in trace_ids:
            mlflow.log_feedback(
                trace_id=trace_id, name="helpful", value=0.5, rationale="half of it"
            )
        traces = mlflow.search_traces(locations=[experiment], return_type="list")
        (folder / "traces.jsonl").write_text(json_lines([one.to_dict() for one in traces]), "utf-8")
        table = mlflow.search_traces(locations=[experiment])
        table.to_json(folder / "table.json", orient="records")
        for file in folder.glob("t*.json*"):
            file.write_text(file.read_text("utf-8").replace(place, "/store"), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
