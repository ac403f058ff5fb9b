from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from replay.errors import ExitCode
from replay.records import Cause, Verdict
from replay.report.words import VERDICT_WORDS, cause_words, color, sign

PAGE = (Path(__file__).parents[2] / "docs" / "verdicts.md").read_text()


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize(("title", "codes"), [("Verdicts", Verdict), ("Causes", Cause)])
def test_the_page_explains_every_code_and_no_other(title: str, codes: type[StrEnum]) -> None:
    rows = re.findall(r"^\|.*?`([a-z_]+)` \|", section(title), re.M)
    named = set(rows) | ({"not_deterministic"} if "not_deterministic" in section(title) else set())

    assert named == {str(code) for code in codes}


def test_the_page_explains_every_exit_code() -> None:
    codes = re.findall(r"^\| (\d+) \|", section("Exit codes"), re.M)

    assert [int(code) for code in codes] == [int(code) for code in ExitCode]


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_a_sign_a_colour_and_words(verdict: Verdict) -> None:
    assert sign(verdict) in "✗~?✓"
    assert color(verdict) in ("red", "yellow", "cyan", "green")
    assert VERDICT_WORDS[verdict]


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_words(cause: Cause) -> None:
    assert cause_words(cause, Verdict.RESPONSE_CHANGED)
