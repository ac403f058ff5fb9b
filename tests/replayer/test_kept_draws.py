"""A tool that returns a uuid it drew is the same in a replay."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from replay import Recorder
from replay.records import ReplayRun
from replay.store import Store
from replay.tools import run_call_sync
from tests.replayer.keeping_tools import toolbox


def _recorded(store: Store, tool: str, *items: str, **options: Any) -> None:
    with Recorder(store, **options) as recorder, recorder.trace():
        for item in items:
            run_call_sync(toolbox, tool=tool, arguments=json.dumps({"item": item}))
    store.flush()


def test_a_uuid_that_was_drawn_in_production_is_drawn_again(
    store: Store, replay: Callable[..., ReplayRun]
) -> None:
    _recorded(store, "order", "pen", "ink")

    assert replay("keeping_tools:toolbox").verdict_counts == {"same": 2}


def test_without_the_draws_it_differs(store: Store, replay: Callable[..., ReplayRun]) -> None:
    _recorded(store, "order", "pen", keep_draws="none")

    assert replay("keeping_tools:toolbox").verdict_counts == {"response_changed": 1}


def test_the_draws_of_a_call_are_part_of_its_record(store: Store) -> None:
    _recorded(store, "order", "pen")
    (trace_id,) = store.trace_ids()
    (call,) = store.transcript(trace_id).steps

    result: Any = call.result  # type: ignore[union-attr]
    assert call.draws == {  # type: ignore[union-attr]
        "tests.replayer.keeping_tools:order_id": [{"uuid": result["id"]}]
    }
    assert store.check() == []


def test_a_drawn_secret_is_stored_in_no_spelling(
    store: Store, replay: Callable[..., ReplayRun]
) -> None:
    with Recorder(store) as recorder, recorder.trace():
        told = run_call_sync(toolbox, tool="log_in", arguments='{"item": "pen"}')
    store.flush()
    (trace_id,) = store.trace_ids()
    (call,) = store.transcript(trace_id).steps
    stored = call.model_dump_json()

    result: Any = told.result
    for secret in (uuid.UUID(result["session_token"]), uuid.UUID(result["api_key"])):
        assert str(secret) not in stored
        assert secret.hex not in stored
    verdict, *_ = store.verdicts(replay("keeping_tools:toolbox").id)
    assert verdict.note is not None
    assert "draws a value that the recording keeps no copy of" in verdict.note
