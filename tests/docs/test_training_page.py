"""docs/training.md: its commands, run as they stand."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from replay import Recorder
from replay.cli.main import exit_code_of
from replay.store import Store
from tests.training.conftest import weather

PAGE = (Path(__file__).parent.parent.parent / "docs" / "training.md").read_text("utf-8")


def commands() -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_the_commands_run_and_do_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chats = [weather(city) for city in ("Berlin", "Paris", "Rome", "Oslo")]
    Path("chats.jsonl").write_text("".join(json.dumps(one) + "\n" for one in chats))
    assert exit_code_of(["import", "traces.db", "chats.jsonl"]) == 0
    with Store.open("traces.db") as store:
        trace = next(one for one in store.trace_ids() if "Berlin" in one)
    for command in commands():
        words = shlex.split(command.replace("$TRACE", trace))
        assert exit_code_of(words[1:]) == 0, command
    parts = {path.name for path in Path("data").iterdir()}
    assert parts == {"train.jsonl", "test.jsonl", "README.md", "data-card.json"}
    texts = [path.read_text("utf-8") for path in Path("pairs").glob("*.jsonl")]
    (pair,) = [json.loads(line) for line in "".join(texts).splitlines()]
    assert '"Bonn"' in pair["preferred_output"][0]["tool_calls"][0]["function"]["arguments"]


def test_an_application_gives_feedback_and_never_fails(tmp_path: Path) -> None:
    with Recorder(tmp_path / "traces.db") as recorder:
        with recorder.trace() as trace:
            pass
        assert recorder.feedback(trace.id, score=1.0, annotator="user 7") is not None
        assert recorder.feedback(trace.id) is None
        assert recorder.feedback(trace.id, call_id="none", score=0.0) is None
        assert recorder.failures == 2
    with Store.open(tmp_path / "traces.db") as store:
        (said,) = store.transcript(trace.id).feedback
    assert (said.score, said.annotator, said.step_number) == (1.0, "user 7", None)
