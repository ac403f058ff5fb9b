"""What a newcomer meets says what differs, where, and which key goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.records import CallVerdict, Change, Verdict
from tests.tui.person import Person, use
from tests.tui.records import changed, replay_run, trip, write
from tui.views.what_differs import what_differs


def differing(*changes: Change, verdict: Verdict = Verdict.RESPONSE_CHANGED) -> CallVerdict:
    return changed("run-1", "b-trip", 3).model_copy(
        update={"changes": list(changes), "verdict": verdict}
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            [Change(path="free[2]", change="removed", recorded="12:00")],
            '"12:00" is gone from `free`',
        ),
        ([Change(path="free[0]", change="added", replayed=4)], "4 is new in `free`"),
        (
            [Change(path="price", change="changed", recorded=1, replayed=2)],
            "`price` differs (1 → 2)",
        ),
        (
            [
                Change(path="temperature", change="removed", recorded=18.5),
                Change(path="degrees", change="added", replayed=18.5),
            ],
            "`temperature` is now `degrees`",
        ),
    ],
)
def test_a_verdict_says_what_differs_in_words(changes: list[Change], words: str) -> None:
    assert what_differs(differing(*changes)) == words


def test_what_is_the_same_differs_in_nothing() -> None:
    assert what_differs(differing(verdict=Verdict.SAME)) == ""


def test_the_verdict_tab_says_what_differs_and_where_todays_tool_is(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    run = replay_run()[0].model_copy(
        update={"tool_sources": {"get_weather": {"file": "shop/weather.py", "line": 12}}}
    )
    change = Change(path="degrees", change="changed", recorded=3, replayed=4)
    write(path, *trip("b-trip", 60), run, differing(change), replay_run()[-1])

    async def script(person: Person) -> None:
        await person.sees(
            "≠ changed   `degrees` differs (3 → 4)",
            "cause  today's code answers differently   shop/weather.py:12 (O)",
            "O source",
        )

    use(path, script, trace="b-trip", size=(80, 24))
