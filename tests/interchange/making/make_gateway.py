"""Make ``fixtures/gateway-*``: what a logging client keeps of a run, request and answer in pairs.

    python make_gateway.py chat|responses FOLDER

Any proxy with a log of bodies writes something like it.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from collector import json_lines
from openai import OpenAI
from travel import chat_agent, hold, recorded, responses_agent


def main(name: str, folder: Path) -> None:
    """Run, and write the log."""
    log: list[Any] = []

    def keep(response: httpx.Response) -> None:
        response.read()
        log.append(
            {
                "method": response.request.method,
                "url": str(response.request.url),
                "status_code": response.status_code,
                "timestamp": datetime.now(UTC).isoformat(),
                "duration_ms": 1.0,
                "request": {"body": json.loads(response.request.content)},
                "response": {"body": response.json()},
            }
        )

    with recorded(folder) as (recorder, server):
        http = httpx.Client(event_hooks={"response": [keep]})
        client = OpenAI(base_url=server.base_url, api_key="none", http_client=http)
        hold(client, recorder, agent=responses_agent if name == "responses" else chat_agent)
    (folder / "log.jsonl").write_text(json_lines(log), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
