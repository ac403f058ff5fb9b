"""The README's own lines, run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, Literal

import pytest
from openai import OpenAI

from replay.cli.main import cli
from replay.demo.model_server import ModelServer
from replay.store import Store

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def command_after(marker: str) -> str:
    """Return the command line that follows ``<!-- command: marker -->``."""
    found = re.search(rf"<!-- command: {marker} -->\n```bash\n(.*?)\n```", README, re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_three_lines_record_an_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def run_my_agent(client: OpenAI) -> None:
        question: Any = [{"role": "user", "content": "Hello?"}]
        client.chat.completions.create(model="demo", messages=question)
        client.close()

    with ModelServer(["Hello."]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        lines: dict[str, Any] = {"OpenAI": OpenAI, "run_my_agent": run_my_agent}
        exec(BLOCKS[0], lines)
        lines["recorder"].close()

    with Store.open("traces.db", mode="r") as store:
        assert [row.first_user_text for row in store.traces()] == ["Hello?"]


def test_the_toolbox_lines_make_a_tool() -> None:
    lines: dict[str, Any] = {"Literal": Literal}
    exec(BLOCKS[1], lines)

    assert lines["toolbox"].names() == ["get_weather"]


@pytest.mark.parametrize("marker", ["demo", "tests"])
def test_both_commands_are_one_line_that_builds_its_own_environment(marker: str) -> None:
    words = shlex.split(command_after(marker))

    assert "\n" not in command_after(marker)
    assert words[:3] == ["python3", "-m", "venv"]


def test_every_replay_command_that_the_readme_names_exists() -> None:
    shown = "\n".join(
        code or inline
        for code, inline in re.findall(r"```bash\n(.*?)```|`(replay [^`]*)`", README, re.DOTALL)
    )
    named = set(re.findall(r"(?<!-)\breplay ([a-z]+)", shown))

    assert {"demo", "run", "diff", "approve", "record", "import"} <= named
    assert named <= set(cli.places)


@pytest.mark.parametrize("page", sorted(re.findall(r"\]\(([^)#:]+)\)", README)))
def test_every_page_that_the_readme_links_to_exists(page: str) -> None:
    assert (ROOT / page).exists()
