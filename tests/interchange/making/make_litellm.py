"""Make ``fixtures/litellm``: what LiteLLM gives its loggers of a run.

python make_litellm.py FOLDER
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import litellm
from collector import json_lines
from litellm.integrations.custom_logger import CustomLogger
from travel import chat_agent, hold, recorded


class Kept(CustomLogger):
    """A logger that keeps LiteLLM's standard payloads."""

    def __init__(self) -> None:
        super().__init__()
        self.payloads: list[Any] = []

    def log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        payload = kwargs.get("standard_logging_object")
        self.payloads.append(json.loads(json.dumps(payload, default=str)))


def main(folder: Path) -> None:
    """Run, and write what the logger was given."""
    kept = Kept()
    litellm.callbacks = [kept]
    litellm.drop_params = True  # it knows that this model takes no temperature
    with recorded(folder) as (recorder, server):
        recorder.watch_module(httpx)
        question = {"text": ""}

        def create(**asked: Any) -> Any:
            session = f"session-{len(question['text'])}"
            asked["model"] = f"openai/{asked['model']}"
            return litellm.completion(
                **asked,
                api_base=server.base_url,
                api_key="none",
                litellm_session_id=session,
                metadata={"session_id": session},
            )

        client = SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=create)))
        recorder.wrap = lambda client: client

        def ask(client: Any, text: str, run: Any) -> str:
            question["text"] = text
            return chat_agent(client, text, run)

        hold(client, recorder, agent=ask)
        time.sleep(2)
    (folder / "payloads.jsonl").write_text(json_lines(kept.payloads), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
