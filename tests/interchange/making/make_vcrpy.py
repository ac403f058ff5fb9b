"""Make ``fixtures/vcrpy``: cassettes of runs under vcrpy, as its two serializers write them.

python make_vcrpy.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import httpx
import vcr  # noqa: TID251 - the tool whose files these are
from openai import OpenAI
from travel import MODEL, ROME, SYSTEM, execute, hold, recorded
from travel_tools import toolbox


def main(folder: Path) -> None:
    """Hold both conversations under one cassette, and the second one again, streamed, as JSON."""
    for stale in folder.glob("*.[jy]*"):
        stale.unlink()
    with recorded(folder) as (recorder, server):
        client = OpenAI(base_url=server.base_url, api_key="none", http_client=httpx.Client())
        with vcr.use_cassette(str(folder / "runs.yaml")):
            hold(client, recorder)
        as_json = vcr.VCR(serializer="json", filter_headers=["authorization"])
        with as_json.use_cassette(str(folder / "streamed.json")):
            streaming_agent(
                OpenAI(base_url=server.base_url, api_key="none", http_client=httpx.Client())
            )


def streaming_agent(client: OpenAI) -> None:
    """The second conversation, its answers streamed."""
    messages: list[Any] = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": ROME},
    ]
    while True:
        stream = client.chat.completions.create(
            model=MODEL,
            messages=messages,
            tools=toolbox.schemas("openai"),
            stream=True,
            stream_options={"include_usage": True},
        )
        said, calls = "", dict[int, dict[str, Any]]()
        for chunk in stream:
            for choice in chunk.choices:
                said += choice.delta.content or ""
                for part in choice.delta.tool_calls or []:
                    call = calls.setdefault(part.index, {"id": part.id, "name": "", "text": ""})
                    call["name"] += part.function.name or ""
                    call["text"] += part.function.arguments or ""
        if not calls:
            return
        asked = [
            {
                "id": one["id"],
                "type": "function",
                "function": {"name": one["name"], "arguments": one["text"]},
            }
            for one in calls.values()
        ]
        messages.append({"role": "assistant", "content": said or None, "tool_calls": asked})
        for one in calls.values():
            told = execute(one["id"], one["name"], one["text"])
            messages.append({"role": "tool", "tool_call_id": one["id"], "content": told})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
