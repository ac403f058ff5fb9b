"""Calls of one model output start as far apart as they did when they were recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from replay.replayer.environment import place_of
from replay.replayer.jobs import TODAY, CallOrder, Job
from replay.replayer.pool import Pool

_ROOT = Path(__file__).resolve().parents[2]
_AT = 1_700_000_000.0


def _order(name: str, at: float, seconds: float) -> CallOrder:
    arguments = json.dumps({"name": name, "seconds": seconds})
    call = {"id": name, "tool": "wait", "arguments": arguments, "outcome": "ok", "response": ""}
    return CallOrder(call, _AT + at)


def _replayed(*orders: CallOrder) -> dict[str, Any]:
    place = place_of("tests.cassettes.adversarial.pair_tools:toolbox", folder=_ROOT)
    with Pool({TODAY: place}, jobs=1, deadline_s=60) as pool:
        pool.submit(Job(TODAY, "t", None, _AT, [list(orders)]))
        (result,) = pool.wait()
    return {name: one.result.result for name, one in result.replayed.items() if one.result}


def test_a_shorter_call_that_began_later_ends_later():
    shown = _replayed(_order("long", 0.0, 1.0), _order("late", 0.8, 0.3))

    assert shown == {
        "long": {"before": [], "at": _AT + 1.0},
        "late": {"before": ["long"], "at": _AT + 1.1},
    }


def test_a_shorter_call_that_began_with_the_other_ends_first():
    shown = _replayed(_order("long", 0.0, 1.0), _order("late", 0.0, 0.3))

    assert shown == {
        "late": {"before": [], "at": _AT + 0.3},
        "long": {"before": ["late"], "at": _AT + 1.0},
    }
