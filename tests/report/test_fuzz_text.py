"""What `replay fuzz` prints besides its failures: what it could not do, and why."""

from __future__ import annotations

from replay.fuzzing.found import FuzzReport, ToolCounts
from replay.report.fuzz_text import fuzz_text
from replay.report.ink import Ink


def test_what_was_left_out_is_said() -> None:
    report = FuzzReport("shop:toolbox", 3, has_hypothesis=False, is_interrupted=True)
    report.tools["quote"] = ToolCounts(cases=4, not_run=4)
    report.why_not_run = "The world could not be made: KeyError: 'db'"
    report.unknown_tools, report.not_to_run = ["gone"], ["launch"]

    said = fuzz_text(report, width=80, ink=Ink())

    assert said.splitlines()[0] == "4 cases for 1 tool, seed 3: no failure"
    assert said.split("\n\n")[2:] == [
        "No payload captured of quote: its cases come from the schema alone.",
        "4 cases could not be run: The world could not be made: KeyError: 'db'",
        "Not in today's toolbox: gone.",
        "Not run, as they say no replay may: launch.",
        "Without hypothesis no case is made from the schema alone: pip install\n"
        "  'replay-sandbox[fuzz]'.",
        "Stopped by Ctrl-C: this is what was found until then.",
    ]
