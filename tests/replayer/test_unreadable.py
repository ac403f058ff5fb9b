"""Interactions that are stored in a form nobody can read: no tool is to blame for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from replay.records import Interaction, ReplayRun, Verdict
from replay.store import Store

LOOK_UP = ("look_up", {"item": "tea"}, '{"item":"tea","left":10}')
ORDER = ("order", {"item": "tea", "count": 3}, '{"order":1,"item":"tea"}')
LOOK_AGAIN = ("look_up", {"item": "tea"}, '{"item":"tea","left":7}')


def keep_unreadable(store: Store, tool_call_id: str, bound_by: str = "call") -> None:
    store.append(
        Interaction(
            id=f"{tool_call_id}.0",
            tool_call_id=tool_call_id,
            interaction_index=0,
            bound_by=bound_by,  # type: ignore[arg-type]  # one of two words
            exchange={"request": {"method": "GET"}, "response": "200 OK", "failure": None},
        )
    )


@pytest.mark.parametrize("isolation", ["trace", "none"])
def test_a_call_whose_interactions_cannot_be_read_is_not_judged_and_the_others_are(
    store: Store,
    record: Callable[..., None],
    replay: Callable[..., ReplayRun],
    isolation: str,
) -> None:
    record("t", [LOOK_UP], [ORDER], [LOOK_AGAIN])
    keep_unreadable(store, "t/4")

    run = replay("shop_v1:toolbox", isolation=isolation)

    before, unread, after = store.verdicts(run.id)
    assert [one.verdict for one in (before, unread)] == [Verdict.SAME, Verdict.NOT_RUN]
    assert unread.note is not None
    assert unread.note.startswith("Not replayed: what order asked of the outside world was stored")
    assert "This is not an interaction: KeyError 'uri'." in unread.note
    assert "--policy order=recorded" in unread.note
    assert after.conditional
    assert after.note == "The world lacks what order did in step 4, which was not run."


def test_no_call_of_a_turn_is_judged_where_what_they_share_cannot_be_read(
    store: Store, record: Callable[..., None], replay: Callable[..., ReplayRun]
) -> None:
    record("t", [LOOK_UP, LOOK_UP], [LOOK_UP])
    keep_unreadable(store, "t/2", bound_by="turn")

    assert replay("shop_v1:toolbox").verdict_counts == {"not_run": 2, "same": 1}
