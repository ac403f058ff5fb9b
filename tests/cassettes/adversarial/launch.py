"""Run the whole suite as a trace in a real replay worker, twice, and print what came out.

``python -m tests.cassettes.adversarial.launch isolation folder...``
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from replay.replayer.environment import place_of
from replay.replayer.jobs import TODAY, CallOrder, Job
from replay.replayer.pool import Isolation, Pool
from tests.cassettes.adversarial.suite import named_tools

_ROOT = Path(__file__).resolve().parents[3]
_AT = 1_700_000_000.25


def _order(number: int, name: str) -> CallOrder:
    call = {"id": f"t/{number}", "tool": name, "arguments": "{}", "outcome": "ok", "response": ""}
    return CallOrder(call, _AT + number)


def main() -> None:
    """Print the result of each tool by name, for both runs."""
    names = [name for name, _ in named_tools()]
    place = place_of(
        "tests.cassettes.adversarial.suite:toolbox",
        folder=_ROOT,
        paths=sys.argv[2:],
        allow=["run:*"],  # what a child process shows, a table here says
    )
    groups = [[_order(number, name)] for number, name in enumerate(names)]
    with Pool({TODAY: place}, jobs=1, deadline_s=60, isolation=Isolation(sys.argv[1])) as pool:
        shown = [_shown(pool, groups, names) for _ in range(2)]
    print(json.dumps(shown))


def _shown(pool: Pool, groups: list[list[CallOrder]], names: list[str]) -> dict[str, Any]:
    pool.submit(Job(TODAY, "t", None, _AT, groups))
    (result,) = pool.wait()
    shown: dict[str, Any] = {}
    for number, name in enumerate(names):
        replayed = result.replayed[f"t/{number}"]
        assert replayed.result is not None, (name, replayed.note)
        error = replayed.result.error
        shown[name] = [replayed.result.result, error and f"{error.type}: {error.message}"]
    return shown


if __name__ == "__main__":
    main()
