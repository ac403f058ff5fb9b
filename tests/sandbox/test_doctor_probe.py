"""The probe tries for real; the report says what it could not guard."""

from __future__ import annotations

import pytest

from cassettes.kernel.filter import this_machine
from cassettes.kernel.probe import probe
from replay.records import JsonObject
from replay.report.ink import Ink
from replay.report.not_frozen import not_frozen_lines


@pytest.mark.skipif(this_machine() is None, reason="the kernel's guard is for Linux")
def test_nothing_gets_out_of_a_guarded_process() -> None:
    assert probe() == {"python": "", "program": "", "c": "", "c program": ""}


def test_the_report_says_when_the_kernel_guards_nothing() -> None:
    lines = not_frozen_lines({"kernel_guard": "none here"}, width=120, ink=Ink())

    assert lines[1:] == [
        "Not frozen",
        "  No guard below Python (none here): C code of a tool could have reached the network.",
    ]


def test_the_report_is_silent_where_all_was_frozen() -> None:
    assert not_frozen_lines({"kernel_guard": "", "not_frozen": {}}, width=80, ink=Ink()) == []


def test_the_report_tells_files_that_were_written_from_what_may_differ():
    def lines(act: str) -> str:
        coverage: JsonObject = {"not_frozen": {"book": {"calls": 2, "acts": [act]}}}
        return " ".join(line.strip() for line in not_frozen_lines(coverage, width=80, ink=Ink()))

    assert "sandbox.md" in lines("writes ledger.txt")
    assert "determinism.md" not in lines("writes ledger.txt")
    assert "book runs git (book.py:3) (2 calls)" in lines("runs git (book.py:3)")
    assert "determinism.md" in lines("runs git (book.py:3)")
    assert "sandbox.md" not in lines("runs git (book.py:3)")
