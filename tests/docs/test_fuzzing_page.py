"""docs/fuzzing.md: its tools, its commands, and the test that it shows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.fuzzing.judging import Law
from replay.store import Store
from tests.fuzzing.conftest import write_trace

PAGE = (Path(__file__).parent.parent.parent / "docs" / "fuzzing.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = dict(re.findall(r"<!-- command: (\S+) -->\n```bash\nreplay (.*?)\n```", PAGE))
OUTPUTS = dict(re.findall(r"<!-- output: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
QUICKLY = ["--isolation", "none", "--jobs", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of a user who follows the page."""
    folder = tmp_path_factory.mktemp("fuzzing-page")
    (folder / "shop.py").write_text(FILES["shop.py"])
    with Store.open(folder / "traces.db", "create") as store:
        calls = [
            ("quote", {"item": "tea"}),
            ("stock", {"item": "cup"}),
            ("order", {"item": "cup", "count": 2}),
        ]
        write_trace(store, "t1", calls)
    return folder


def test_the_page_shows_what_the_command_finds(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)

    ended = exit_code_of([*shlex.split(COMMANDS["fuzz"]), "--count", "40", *QUICKLY])
    out, err = capsys.readouterr()
    again = exit_code_of([*shlex.split(COMMANDS["again"]), *QUICKLY])
    told = capsys.readouterr().out

    assert (ended, again) == (1, 1)
    assert "120 cases for 3 tools, seed 0: 2 failures" in out
    assert OUTPUTS["failure"] in out
    shown = "".join(f"      {line}".rstrip() + "\n" for line in OUTPUTS["test"].splitlines())
    assert shown.rstrip() in out, out
    assert "Kept tests/fuzz-cases/quote/undeclared-" in err
    assert told.count("still fails: tests/fuzz-cases/") == 2


@pytest.mark.slow
def test_the_pasted_test_fails_until_the_tool_is_mended(folder: Path) -> None:
    (folder / "test_pasted.py").write_text(OUTPUTS["test"])

    def pytest_said() -> str:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_pasted.py"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout

    before = pytest_said()
    mended = FILES["shop.py"].replace("PRICES[item], ", "PRICES.get(item), ")
    (folder / "shop.py").write_text(mended)
    after = pytest_said()

    assert ("1 failed" in before, "1 passed" in after) == (True, True)


def test_every_law_is_explained() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == {str(law) for law in Law}
