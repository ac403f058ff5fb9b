"""The probe tries for real; the report says what it could not guard."""

from __future__ import annotations

import pytest

from cassettes.kernel.filter import this_machine
from cassettes.kernel.probe import probe
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
