"""Calls whose tools nobody saw run: what was asked in their turn answers any of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cassettes import Interaction as Exchange
from cassettes import Request, Response
from replay.records import Interaction, InteractionChange, ReplayRun, Verdict
from replay.store import Store
from tests.replayer.booking_tools import URL

TOOLS = "booking_tools:toolbox"


def asked_in_turn(store: Store, tool_call_id: str, *requests: Request) -> None:
    """Keep that these were asked, and answered, in the turn of a call."""
    store.append_all(
        [
            Interaction(
                id=f"{tool_call_id}.{index}",
                tool_call_id=tool_call_id,
                interaction_index=index,
                bound_by="turn",
                exchange=Exchange(
                    request,
                    Response(200, "OK", body=json.dumps({"price": 100 + index}).encode()),
                    sequence=index,
                    via="httpx",
                ).to_json(),
            )
            for index, request in enumerate(requests)
        ]
    )


def room(number: int) -> Request:
    return Request("GET", f"{URL}/rooms/{number}")


def booking(number: int) -> Request:
    return Request(
        "POST",
        f"{URL}/bookings",
        headers=[("content-type", "application/json")],
        body=json.dumps({"room": number}, separators=(",", ":")).encode(),
    )


def recorded(store: Store, record: Callable[..., None]) -> None:
    """One turn of three calls, in which the agent asked something of its own too."""
    turn = [
        ("price", {"room": 7}, '{"price":101}'),
        ("book", {"room": 7}, '{"booked":7}'),
        ("price", {"room": 8}, '{"price":102}'),
    ]
    record("t", turn)
    own = Request("GET", f"{URL}/health")
    asked_in_turn(store, "t/2", own, room(7), room(8), booking(7))


@pytest.mark.slow
def test_any_call_of_the_turn_is_answered_by_what_was_asked_in_it(
    store: Store, record: Callable[..., None], replay: Callable[..., ReplayRun]
) -> None:
    recorded(store, record)

    run = replay(TOOLS)

    assert run.verdict_counts == {"same": 3}
    assert run.exit_code == 0


@pytest.mark.slow
def test_a_write_that_no_call_of_the_turn_asks_again_is_told_once(
    store: Store, record: Callable[..., None], replay: Callable[..., ReplayRun]
) -> None:
    recorded(store, record)

    run = replay(TOOLS, environment={"FORGETS": "book"})

    changed = [one for one in store.verdicts(run.id) if one.verdict is not Verdict.SAME]
    assert [one.interaction_changes for one in changed] == [
        [InteractionChange(change="removed", request=f"POST {URL}/bookings")]
    ]
    assert run.exit_code == 2


@pytest.mark.slow
def test_an_answer_is_given_once(
    store: Store, record: Callable[..., None], replay: Callable[..., ReplayRun]
) -> None:
    calls: list[Any] = [("price", {"room": 7}, '{"price":100}')] * 2
    record("t", calls)
    asked_in_turn(store, "t/2", room(7))

    run = replay(TOOLS)

    assert run.verdict_counts == {"same": 1, "interactions_changed": 1}
