"""Values are bound by their place: from Python 3.12 on a sequence for ``?1`` is a warning."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
NUMBERED = re.compile(r"(?<=[ (,])\?[1-9]\b")


def test_no_statement_numbers_its_placeholders() -> None:
    files = [file for folder in ("replay", "tui") for file in (ROOT / folder).rglob("*.py")]

    assert [file.name for file in files if NUMBERED.search(file.read_text("utf-8"))] == []
