"""docs/recording.md: its three ways, run as they stand, recorded and replayed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.demo.api_server import serve_travel_api
from replay.demo.model_server import Call, ModelServer

pytestmark = pytest.mark.slow  # many processes, turns or examples

PAGE = (Path(__file__).parent.parent.parent / "docs" / "recording.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"^replay run .*$", PAGE, re.MULTILINE)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a user who follows the page: its files, a model and a weather API."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    script = [Call("get_weather", {"city": "Paris"}), "18.5 degrees."]
    with serve_travel_api() as api, ModelServer(script) as model:
        yield {
            **os.environ,
            "WEATHER_API": api,
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "none",
        }


def call(folder: Path, world: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python with ``command`` in ``folder``."""
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=world, capture_output=True, text=True
    )


def replay(folder: Path, world: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command `replay` in ``folder``."""
    return call(folder, world, "-P", "-m", "replay.cli.main", *words)


@pytest.mark.parametrize(
    ("file", "command"),
    [("with_a_toolbox.py", COMMANDS[0]), ("with_a_decorator.py", COMMANDS[1])],
)
def test_what_the_first_two_ways_record_replays_without_the_outside(
    tmp_path: Path, world: dict[str, str], file: str, command: str
) -> None:
    agent = call(tmp_path, world, file)
    assert (agent.stdout, agent.stderr) == ("18.5 degrees.\n", "")

    ran = replay(tmp_path, world, *command.split()[1:], "--jobs", "1")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith(("1 call of 1 trace: all the same", "1 call of 1 trace: 1 equiv"))


def test_the_third_way_answers_from_the_turn_and_says_what_it_did_not_see(
    tmp_path: Path, world: dict[str, str]
) -> None:
    plain = FILES["with_a_decorator.py"].replace("@recorder.tool\n", "")
    plain = plain.replace('recorder = Recorder("traces.db")', "from contextlib import nullcontext")
    plain = plain.replace(
        "with recorder, OpenAI() as plain, recorder.trace()", "with OpenAI() as plain"
    )
    plain = plain.replace("recorder.wrap(plain)", "plain")
    (tmp_path / "with_a_decorator.py").write_text(plain)

    recorded = replay(tmp_path, world, "record", "--", sys.executable, "with_a_decorator.py")
    ran = replay(tmp_path, world, *COMMANDS[1].split()[1:], "--jobs", "1")

    assert recorded.stdout == "18.5 degrees.\n"
    assert recorded.stderr.splitlines()[1:] == [
        "1 tool call was recorded without seeing the tool run: HTTP requests are kept by turn, not "
        "by call.",
        "To see more of it, let a Toolbox run the tool, or mark it with `@recorder.tool`: "
        "docs/recording.md.",
    ]
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_what_a_trace_says_of_itself_finds_it(tmp_path: Path) -> None:
    (tmp_path / "about.py").write_text(FILES["about_a_trace.py"])
    [command] = re.findall(r"^replay list about.db .*$", PAGE, re.MULTILINE)
    assert call(tmp_path, dict(os.environ), "about.py").returncode == 0

    listed = replay(tmp_path, dict(os.environ), *command.split()[1:], "--json")

    [trace] = json.loads(listed.stdout)
    assert trace["id"] == "case-2026-114"
    assert trace["outcome"] == "solved"
