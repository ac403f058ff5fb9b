"""Drawn databases, and what the commands say of them beside what their lines do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.errors import ExitCode
from tests.metrics.independent import Row, Told, read_lines

PRICES = """\
[tool.replay.prices]
"small-*" = { input = 2.0, output = 8.0, cached = 0.5, cache_written = 2.5 }
"large-*" = { input = 3.0, output = 15.0 }

[tool.replay.budgets]
search = { p50_ms = 200, p99_ms = 900, max_ms = 1000 }
"search:network" = { p95_ms = 50 }
"*:tool" = { p95_ms = 500 }
model = { p95_ms = 2500 }
validate = { max_ms = 10 }
trace = { p50_ms = 20000, max_ms = 60000 }
"""


class Case:
    """A database, its lines, and what the commands say of it."""

    def __init__(
        self, database: Path, traces: list[Told], capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.database, self.traces, self.capsys = database, traces, capsys

    def asked(self, command: str, *options: str) -> Any:
        code = exit_code_of([command, str(self.database), *options, "--json"])
        out, err = self.capsys.readouterr()
        assert code in (ExitCode.OK, ExitCode.BREAKING), err
        return json.loads(out)

    def quality(self, *options: str) -> Any:
        return self.asked("stats", "--quality", "--traces", "100000", *options)["quality"]


def exported(database: Path) -> list[Told]:
    lines = database.with_suffix(".jsonl")
    assert exit_code_of(["export", str(database), "-o", str(lines)]) == 0
    return read_lines(lines)


def name_of(model: Row) -> str:
    return str(model["response_model"] or model["model"])
