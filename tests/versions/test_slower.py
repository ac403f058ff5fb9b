"""A tool that waits longer than it took when it was recorded: told, and no failure."""

from __future__ import annotations

from pathlib import Path

from tests.versions.conftest import changed

TOOLS = """
@toolbox.tool
def track(parcel: str) -> str:
    return f"{parcel} is on its way"
"""
SLOW = TOOLS.replace("    return", "    import time\n    time.sleep(3)\n    return")


def test_a_tool_that_sleeps_longer_is_told_and_fails_nothing(tmp_path: Path) -> None:
    tracked = changed(tmp_path, TOOLS, SLOW, [("track", {"parcel": "A1"})])

    run = tracked.replay(baseline=None)
    beside_as_slow_a_one = tracked.replay(baseline="new:toolbox")

    assert run.exit_code == 0
    (seen,) = [run.coverage["slower"]["track"]]
    assert (seen["calls"], round(seen["waits_ms"] / 1000)) == (1, 3)
    assert seen["took_ms"] < 1000
    assert beside_as_slow_a_one.coverage["slower"] == {}
