"""docs/what-if.md: its commands on the demo's recording."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "what-if.md").read_text("utf-8")


def block(comment: str, language: str) -> str:
    found = re.search(rf"<!-- {comment} -->\n```{language}\n(.*?)\n```", PAGE, re.DOTALL)
    assert found is not None, comment
    return found.group(1)


def ran(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    shell = 'replay() { "$PYTHON" -m replay.cli.main "$@"; }\n'
    environment = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["bash", "-c", shell + command],
        cwd=folder,
        env={**environment, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_commands_of_the_page_print_what_it_shows(tmp_path: Path) -> None:
    assert ran(tmp_path, "replay demo --directory demo").returncode == 0
    folder = tmp_path / "demo"
    edited = ran(folder, block("command: what-if", "bash"))
    pinned = ran(folder, block("command: pin", "bash"))

    assert edited.returncode == 2
    assert edited.stdout.startswith(block("output: what-if", "text") + "\n")
    assert pinned.returncode == 0
    assert "passengers were forgotten" in pinned.stdout
    assert "1 call of 1 trace" in pinned.stdout
