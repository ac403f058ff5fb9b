"""docs/compatibility.md: its example is run, its tables are the list of rules."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.compatibility.documentation import rules_in_markdown
from replay.compatibility.rules import RULES
from replay.config import config_from
from tests.cli.test_schema_check import NEW, definition

PAGE = (Path(__file__).parent.parent.parent / "docs" / "compatibility.md").read_text("utf-8")


def block(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```\w+\n(.*?)\n```", PAGE, re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_tables_are_the_list_of_rules() -> None:
    """To renew them: everything after the marker is what ``rules_in_markdown()`` returns."""
    assert PAGE.split("<!-- rules -->\n\n")[1] == rules_in_markdown() + "\n"


def test_every_rule_says_what_it_means_and_how_to_mend_what_is_not_safe() -> None:
    for name, rule in RULES.items():
        assert name == rule.name == name.upper()
        assert rule.means.endswith(".")
        if {str(verdict) for verdict in rule.on_payloads} & {"breaks"}:
            assert rule.mend, name


def test_the_example_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "shop.py").write_text(NEW)
    (tmp_path / "old_tools.json").write_text(json.dumps([definition()]))

    assert exit_code_of(shlex.split(block("command: check"))[1:]) == 1

    assert capsys.readouterr().out.rstrip("\n") == block("output: check")


def test_the_configuration_is_one_that_can_be_read() -> None:
    written = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert written is not None
    ignore = config_from(tomllib.loads(written.group(1))["tool"]["replay"]).schemas.ignore

    assert ignore[0].covers("TITLE_CHANGED", "price", "item")
    assert ignore[1].covers("DEFAULT_ADDED", "search_flights", "filters.day")
    assert not ignore[1].covers("DEFAULT_ADDED", "search_flights", "day")
