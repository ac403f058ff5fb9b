"""docs/stepping.md: its commands run, and it names every fact of a condition."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.stepping.conditions import FUNCTIONS
from replay.stepping.facts import FACTS
from tests.stepping.order_traces import write_orders

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "stepping.md").read_text("utf-8")


def commands(marker: str) -> list[list[str]]:
    found = re.search(rf"<!-- command: {marker} -->\n```bash\n(.*?)\n```", PAGE, re.DOTALL)
    assert found is not None, marker
    return [shlex.split(line) for line in found[1].splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording of orders, and the tools that it is of."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "tests" / "stepping" / "order_tools.py", tmp_path)
    write_orders(tmp_path / "orders.db")
    return tmp_path


@pytest.mark.parametrize(
    ("marker", "seen"),
    [
        ("show", ["10  move  ok", "orders-b"]),
        ("origins", ['"W1"']),
        pytest.param("world", ["start", '10  "lost"', '"lost"', "12"], marks=pytest.mark.slow),
    ],
)
def test_the_commands_of_the_page_do_what_it_says(
    folder: Path, capsys: pytest.CaptureFixture[str], marker: str, seen: list[str]
) -> None:
    asked = commands(marker)
    assert len(asked) == len(seen)
    for words, text in zip(asked, seen, strict=True):
        assert words[0] == "replay"
        assert exit_code_of(words[1:]) == 0
        assert text in capsys.readouterr().out


def test_the_page_names_every_fact_and_function() -> None:
    names = next(line for line in PAGE.splitlines() if line.startswith("| names |"))
    functions = next(line for line in PAGE.splitlines() if line.startswith("| functions |"))

    assert [one for one in FACTS if f"`{one}`" not in names] == []
    assert [one for one in FUNCTIONS if f"`{one}(" not in functions] == []
