"""docs/middleware.md: each of its examples runs as it stands, and records what it shows."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from replay.records import Outcome, ToolCall
from replay.store import Store
from tests.frameworks.provider import Provider

PAGE = (Path(__file__).parents[2] / "docs" / "middleware.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"<!-- example: (\w+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
NEEDS = {
    "openai": ("openai.lib.responses_tool_runner",),
    "anthropic": ("anthropic",),
    "openai_agents": ("agents",),
    "langchain": ("langchain", "langchain_openai"),
    "pydantic_ai": ("pydantic_ai",),
    "mcp": ("mcp.server.mcpserver",),
    "asgi": ("fastapi",),
    "litellm": ("litellm", "tenacity"),
    "google_genai": ("google.genai",),
    "install": ("openai",),
    "own_loop": ("openai",),
}
WITHOUT_TOOLS = {"install", "litellm"}


def is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


def test_every_middleware_has_an_example() -> None:
    folder = Path(__file__).parents[2] / "replay" / "recorder" / "middleware"
    files = {file.stem for file in folder.glob("*.py")} - {"__init__", "versions"}

    assert files <= set(EXAMPLES)
    assert set(EXAMPLES) == set(NEEDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_runs_as_it_stands(name: str, provider: Provider, tmp_path: Path) -> None:
    missing = [module for module in NEEDS[name] if not is_there(module)]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
    provider.reset()
    (tmp_path / "example.py").write_text(EXAMPLES[name])
    keys = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY")
    environment = {
        **os.environ,
        **dict.fromkeys(keys, "none"),
        "OPENAI_BASE_URL": f"{provider.url}/v1",
        "OPENAI_API_BASE": f"{provider.url}/v1",
        "ANTHROPIC_BASE_URL": provider.url,
        "GOOGLE_GEMINI_BASE_URL": provider.url,
        "OPENAI_AGENTS_DISABLE_TRACING": "1",  # it would send its traces away
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }

    ran = subprocess.run(
        [sys.executable, "example.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() or name == "own_loop"
    with Store.open(tmp_path / "traces.db", "r") as store:
        (trace_id,) = store.trace_ids()
        steps = store.transcript(trace_id).steps
    if name in WITHOUT_TOOLS:
        assert [step.kind for step in steps if step.kind == "model_call"]
        return
    (call,) = (step for step in steps if isinstance(step, ToolCall))
    assert (call.tool, call.outcome) == ("get_weather", Outcome.OK)
    assert "18" in str(call.result if call.result is not None else call.response)
