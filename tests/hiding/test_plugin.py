"""A failing replay test prints no hidden value: its words end in the logs of a CI server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.hiding.desk import TODAY, planted_in


@pytest.mark.slow
def test_a_failing_test_hides_what_is_hidden(desk: Path) -> None:
    def printed(*options: str) -> str:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--replay",
            "traces.db",
        ]
        ended = subprocess.run(
            [*command, *options], capture_output=True, text=True, cwd=desk, check=False
        )
        assert ended.returncode == 1, ended.stdout + ended.stderr
        return ended.stdout

    text = printed()

    assert "takes nothing fragile" in text
    assert planted_in(text) == []
    assert TODAY in printed("--replay-with", "--reveal")
