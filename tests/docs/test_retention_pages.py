"""docs/retention.md and docs/access.md: their commands, run as they stand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.config import config_from
from replay.store import Store
from tests.store.test_pruning import records

DOCS = Path(__file__).parent.parent.parent / "docs"


def commands(page: str) -> list[str]:
    text = (DOCS / page).read_text("utf-8")
    blocks = re.findall(r"<!-- commands: (?!encryption)\w+ -->\n```bash\n(.*?)```", text, re.DOTALL)
    return [line.partition("  #")[0].strip() for one in blocks for line in one.splitlines()]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with Store.open("traces.db", "create") as store:
        for number, age_days in enumerate((200, 100, 3, 2)):
            store.append_all(list(records(number, age_days)))
        store.append_all(list(records(7, 5, labels={"mail": "Ann@example.com"})))
    return tmp_path / "traces.db"


def test_the_commands_of_retention_run_and_do_what_the_page_says(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (store.parent / "pyproject.toml").write_text('[tool.replay.keep]\ndefault = "150d"\n')
    told = ""
    for command in commands("retention.md"):
        words = shlex.split(command.replace("$TRACE", "t002"))
        assert exit_code_of(words[1:]) == 0, command
        told += capsys.readouterr().out
        if "--dry-run" not in command and command.endswith("prune traces.db"):
            with Store.open(store) as left:
                assert sorted(left.trace_ids()) == ["t001", "t002", "t003", "t007"]
        if command.endswith("--until 0d"):
            with Store.open(store) as left:
                assert left.trace_ids() == ["t002"]
                assert left.check() == []
    assert "Held, so kept (`replay holds`): t002." in told


def test_the_commands_of_access_run_and_do_what_the_page_says(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["hold", str(store), "t001", "--reason", "why"]) == 0
    (store.parent / "pyproject.toml").write_text(
        '[tool.replay.access]\nhide = ["tool_calls.find.arguments.number"]\n'
    )
    told = {}
    for command in commands("access.md"):
        if command.startswith("chmod"):
            subprocess.run(shlex.split(command), check=True)
        else:
            words = shlex.split(command.replace("$TRACE", "t002"))
            assert exit_code_of(words[1:]) == 0, command
        told[command] = capsys.readouterr().out
    hidden, revealed = (text for command, text in told.items() if "replay show" in command)
    assert "mode 644" in told["replay doctor traces.db"]
    assert '{"number": "•••••"}' in hidden
    assert '{"number": 2}' in revealed
    assert re.search("revealed +show", told["replay audit traces.db"])
    assert "changed" in told["replay audit traces.db"]


def test_the_commands_of_encryption_run(store: Path) -> None:
    pytest.importorskip("sqlcipher3", reason="SQLCipher is not installed")
    text = (DOCS / "access.md").read_text("utf-8")
    block = re.search(r"<!-- commands: encryption -->\n```bash\n(.*?)```", text, re.DOTALL)
    assert block is not None
    here = f'replay() {{ "{sys.executable}" -m replay.cli.main "$@"; }}\n'
    script = here + block[1].replace("python -c", f'"{sys.executable}" -c')
    environment = {**os.environ, "PYTHONPATH": str(DOCS.parent)}
    ended = subprocess.run(
        ["bash", "-ec", script], env=environment, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr
    assert "t007" in ended.stdout
    assert not store.read_bytes().startswith(b"SQLite")


@pytest.mark.parametrize("page", ["retention.md", "access.md", "config.md"])
def test_the_settings_of_the_page_are_settings(page: str) -> None:
    import tomllib

    text = (DOCS / page).read_text("utf-8")
    for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
        config_from(tomllib.loads(block)["tool"]["replay"])
