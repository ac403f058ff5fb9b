"""docs/contracts.md: its tools, its command, and what it finds."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.records import ToolCall, Trace
from replay.store import Store

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "contracts.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = dict(re.findall(r"<!-- command: (\S+) -->\n```bash\nreplay (.*?)\n```", PAGE))
OUTPUTS = dict(re.findall(r"<!-- output: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
AT = "2026-11-20T10:00:00.000000Z"
CALLS = [
    ("find_order", {"email": "ann@example.com"}, {"order": {"id": "A-2047"}, "total": 28}),
    ("refund", {"order_id": "A-2047"}, {"status": "refunded"}),
    ("refund_once", {"order_id": "A-2047"}, {"status": "refunded"}),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of a user who follows the page."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append(Trace(id="t1", started_at=AT))
        for number, (tool, arguments, response) in enumerate(CALLS, start=1):
            call = ToolCall(
                id=f"t1/{number}",
                trace_id="t1",
                step_number=number,
                tool=tool,
                arguments=json.dumps(arguments),
                response=json.dumps(response),
                outcome="ok",  # type: ignore[arg-type]  # pydantic makes the code of it
                started_at=AT,
            )
            store.append(call)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.mark.slow  # determinism takes six runs
def test_the_page_shows_what_the_command_finds(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = exit_code_of([*shlex.split(COMMANDS["contract"]), "--jobs", "1"])

    out = capsys.readouterr().out
    assert ended == 1
    for part in re.split(r"\n(?=✗)|\n\n", OUTPUTS["contract"].rstrip()):
        assert part.strip() in out


@pytest.mark.slow  # as above
def test_the_same_from_python(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "check.py"], cwd=folder, capture_output=True, text=True, env=environment
    )

    assert "'refund: not idempotent: the second call changes the state again'" in ran.stdout


@pytest.mark.slow
def test_keeps_alone_is_found_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--tool", "find_order", "--jobs", "1", "--json"]

    assert exit_code_of([*shlex.split(COMMANDS["contract"]), *options]) == 1
    told = json.loads(capsys.readouterr().out)["contracts"]
    assert {one["kind"]: one["status"] for one in told} == {
        "budget": "kept",
        "keeps": "broken",
        "result": "kept",
    }


def test_every_option_of_a_contract_is_explained() -> None:
    from replay.tools import Contract

    rows = re.findall(r"^\| `(\w+)", PAGE, re.MULTILINE)
    assert set(rows) == set(Contract.__dataclass_fields__)
