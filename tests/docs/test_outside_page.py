"""docs/outside.md: its examples, run as they stand, recorded and replayed with nothing left."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # many processes, turns or examples

PAGE = (Path(__file__).parent.parent.parent / "docs" / "outside.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"^replay run .*$", PAGE, re.MULTILINE)
TOLD = re.search(r"<!-- output: ledger -->\n```text\n(.*?)```", PAGE, re.DOTALL)


def run(folder: Path, *command: str) -> str:
    """Return what Python printed for ``command`` in ``folder``, both streams."""
    ran = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True)
    return ran.stdout + ran.stderr


def replay(folder: Path, command: str) -> str:
    """Return what the command line says, 80 columns wide."""
    return run(folder, "-P", "-m", "replay.cli.main", *command.split()[1:], "--jobs", "1")


def test_adapted_tools_replay_when_the_database_is_gone_and_say_what_changed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "ledger_tools.py"
    file.write_text(FILES[file.name])
    ledger = sqlite3.connect(tmp_path / "ledger.db")
    ledger.executescript(
        "create table orders (id, customer); insert into orders values (1, 'Ada');"
        "create table refunds (order_id, amount)"
    )
    ledger.close()
    assert run(tmp_path, file.name) == '{"customer":"Ada","receipt":"15.50"}\n'
    (tmp_path / "ledger.db").unlink()

    assert replay(tmp_path, COMMANDS[0]) == "1 call of 1 trace: all the same\n"

    file.write_text(file.read_text().replace("(order_id, amount))", "(order_id, amount * 100))"))
    printed = replay(tmp_path, COMMANDS[0])
    assert TOLD is not None
    assert " ".join(TOLD[1].split()) in " ".join(printed.split())
    assert not (tmp_path / "ledger.db").exists()


def test_a_function_under_external_is_not_run_again(tmp_path: Path) -> None:
    file = tmp_path / "mail_tools.py"
    file.write_text(FILES[file.name])
    assert run(tmp_path, file.name).startswith("sent at ")

    assert replay(tmp_path, COMMANDS[1]) == "1 call of 1 trace: all the same\n"
    assert (tmp_path / "sent.txt").read_text() == "ada@example.com: done\n"
