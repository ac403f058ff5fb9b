"""Make ``fixtures/langfuse``: what the Langfuse SDK sends (OTLP, and scores on their own).

python make_langfuse.py FOLDER
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from collector import collecting, json_lines
from travel import execute, hold, recorded


def main(folder: Path) -> None:
    """Run, and write what was sent."""
    with collecting() as (collector, address):
        os.environ |= {
            "LANGFUSE_HOST": address,
            "LANGFUSE_BASE_URL": address,
            "LANGFUSE_PUBLIC_KEY": "pk-none",
            "LANGFUSE_SECRET_KEY": "sk-none",
        }
        from langfuse import get_client, propagate_attributes
        from langfuse.openai import OpenAI

        langfuse = get_client()

        @contextlib.contextmanager
        def around(question: str) -> Iterator[None]:
            with (
                langfuse.start_as_current_observation(
                    as_type="agent", name="travel", input=question
                ) as span,
                propagate_attributes(
                    session_id="session-1",
                    user_id="user-1",
                    tags=["t1"],
                    metadata={"customer": "42"},
                ),
            ):
                yield
                span.score_trace(name="helpful", value=0.5, comment="half of it")

        def run(call_id: str, tool: str, arguments: str) -> str:
            with langfuse.start_as_current_observation(
                as_type="tool", name=tool, input=json.loads(arguments)
            ) as span:
                told = execute(call_id, tool, arguments)
                level = "ERROR" if told.startswith("Error") else "DEFAULT"
                span.update(output=told, level=level)
                return told

        with recorded(folder) as (recorder, server):
            client = OpenAI(base_url=server.base_url, api_key="none")
            hold(client, recorder, around=around, execute=run)
        langfuse.flush()
        langfuse.shutdown()
        (folder / "otlp.jsonl").write_text(json_lines(collector.otlp_json()), "utf-8")
        scores = [json.loads(body) for body in collector.bodies("/api/public/scores")]
        (folder / "scores.jsonl").write_text(json_lines(scores), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
