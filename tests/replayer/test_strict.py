"""The strict isolation: only the world goes from one call to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from replay.errors import ToolboxError
from replay.records import CallVerdict, ReplayRun
from replay.store import Store

TOOLS = "keeping_tools:toolbox"


@pytest.fixture
def verdicts(store: Store, replay: Callable[..., ReplayRun]) -> Callable[..., list[CallVerdict]]:
    """Replay everything strictly; give back the verdicts."""

    def run(**options: Any) -> list[CallVerdict]:
        ended = replay(TOOLS, **{"isolation": "call", **options})
        return list(store.verdicts(ended.id))

    return run


def _noted(verdicts: list[CallVerdict]) -> list[Any]:
    return [one.replayed.result if one.replayed else None for one in verdicts]


@pytest.mark.slow
def test_the_world_goes_from_call_to_call_and_the_module_does_not(
    record: Any, verdicts: Callable[..., list[CallVerdict]]
) -> None:
    both = [("note", {"text": "b"}, ""), ("note_in_loop", {"text": "c"}, "")]
    record("t", [("note", {"text": "a"}, "")], both, [("note", {"text": "d"}, "")])

    assert _noted(verdicts()) == [
        {"module": ["a"], "world": ["a"]},
        {"module": ["b"], "world": ["a", "b"]},
        {"module": ["b", "c"], "world": ["a", "b", "c"]},
        {"module": ["d"], "world": ["a", "b", "c", "d"]},
    ]
    assert _noted(verdicts(isolation="trace"))[3]["module"] == ["a", "b", "c", "d"]


def test_a_call_that_ends_its_process_costs_that_call_only(
    record: Any, verdicts: Callable[..., list[CallVerdict]]
) -> None:
    record(
        "t", [("note", {"text": "a"}, "")], [("break_off", {}, "")], [("note", {"text": "b"}, "")]
    )

    first, broken, last = verdicts()

    assert _noted([first, last])[1] == {"module": ["b"], "world": ["a", "b"]}
    assert broken.replayed is not None
    assert broken.replayed.error is not None
    assert "exit status 9" in broken.replayed.error.message


def test_a_world_that_cannot_be_pickled_ends_the_strictness_in_words(
    record: Any, verdicts: Callable[..., list[CallVerdict]]
) -> None:
    record("t", [("note", {"text": "a"}, "")], [("note", {"text": "b"}, "")])

    first, second = verdicts(environment={"UNPORTABLE": "1"})

    assert _noted([first]) == [{"module": ["a"], "world": ["a"]}]
    assert second.verdict == "not_run"
    assert second.note is not None
    assert second.note.endswith(
        "this one cannot be pickled; use --isolation trace. TypeError: this world stays here"
    )


def test_tools_that_start_threads_at_import_cannot_be_run_apart(
    record: Any, verdicts: Callable[..., list[CallVerdict]]
) -> None:
    record("t", [("note", {"text": "a"}, "")])

    with pytest.raises(ToolboxError, match=r"starts threads \(heart\)"):
        verdicts(environment={"THREAD_AT_IMPORT": "1"})
