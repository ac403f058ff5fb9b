"""The demo's agent: the loop that everyone writes, and the three lines that record it.

The three lines are marked 1, 2 and 3. Nothing else knows that it is recorded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openai import OpenAI

from replay import Recorder, Toolbox
from replay.demo.conversations import Conversation

TURNS_MAX = 8
"""A model that never stops calling tools is stopped here."""


def answer(client: OpenAI, model: str, question: str, toolbox: Toolbox) -> str:
    """Return the agent's answer to ``question``; it may call tools on the way."""
    messages: list[Any] = [{"role": "user", "content": question}]
    tools: Any = toolbox.schemas("openai")
    for _ in range(TURNS_MAX):
        completion = client.chat.completions.create(model=model, messages=messages, tools=tools)
        said = completion.choices[0].message
        messages.append(said.model_dump(exclude_none=True))
        if not said.tool_calls:
            return said.content or ""
        messages += toolbox.dispatch_sync(completion)
    return "I could not finish."


def record(
    database: Path, app: str, toolbox: Toolbox, talks: list[Conversation], *, base_url: str
) -> None:
    """Hold every conversation of ``talks`` once, and record each as one trace of ``database``."""
    recorder = Recorder(database, app=app)  # 1: where to
    with recorder, OpenAI(base_url=base_url, api_key="none") as client:
        recorder.wrap(client)  # 2: what is watched
        for talk in talks:
            # 3: what belongs together; and the tools' world, fresh for each conversation
            with recorder.trace(id=talk.name, start=talk.start), toolbox.session(talk.start):
                answer(client, talk.model, talk.question, toolbox)
