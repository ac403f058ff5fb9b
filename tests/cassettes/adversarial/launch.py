"""Run the whole suite in real replay workers, and print what came out.

``python -m tests.cassettes.adversarial.launch isolation [replays] [workers] [seed] folder...``

Each group is a trace; the seed shuffles their order. Printed are the results of the first replay by
tool, and how many different digests all replays had: of the whole, and by tool where more than one.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from hashlib import blake2b
from pathlib import Path
from typing import Any

from replay.replayer.environment import place_of
from replay.replayer.jobs import TODAY, CallOrder, Job
from replay.replayer.pool import Isolation, Pool
from tests.cassettes.adversarial.suite import GROUPS

_ROOT = Path(__file__).resolve().parents[3]
_AT = 1_700_000_000.25
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")


def _order(number: int, name: str) -> CallOrder:
    call = {"id": f"t/{name}", "tool": name, "arguments": "{}", "outcome": "ok", "response": ""}
    return CallOrder(call, _AT + number)


def _jobs() -> list[Job]:
    found = []
    for group, tools in GROUPS.items():
        orders = [[_order(number, f"{group}_{name}")] for number, name in enumerate(tools)]
        found.append(Job(TODAY, group, None, _AT, orders))
    return found


def main() -> None:
    """Print ``{"shown": ..., "again": ..., "digests": ..., "unstable": ...}``."""
    asked = argparse.ArgumentParser()
    asked.add_argument("isolation")
    asked.add_argument("folders", nargs="*")
    asked.add_argument("--replays", type=int, default=2)
    asked.add_argument("--workers", type=int, default=1)
    asked.add_argument("--seed", type=int, default=0)
    options = asked.parse_args()
    place = place_of(
        "tests.cassettes.adversarial.suite:toolbox",
        folder=_ROOT,
        paths=options.folders,
        allow=["run:*"],  # what a child process shows is labelled
    )
    isolation = Isolation(options.isolation)
    with Pool({TODAY: place}, jobs=options.workers, deadline_s=60, isolation=isolation) as pool:
        said = _replays(pool, options.replays, random.Random(options.seed))
    print(json.dumps(said))


def _replays(pool: Pool, count: int, chance: random.Random) -> dict[str, Any]:
    first: dict[str, Any] = {}
    second: dict[str, Any] = {}
    seen: dict[str, set[str]] = {}
    for number in range(count):
        shown = _replay(pool, chance if number else random.Random(0))
        first = first or shown
        second = shown if number == 1 else second
        for name, value in shown.items():
            seen.setdefault(name, set()).add(digest(value))
    return {
        "shown": first,
        "again": second,
        "digests": {name: sorted(found) for name, found in seen.items()},
    }


def digest(value: Any) -> str:
    """Return the hash of a result, with addresses in texts taken out."""
    text = _ADDRESS.sub("0x", json.dumps(value, sort_keys=True))
    return blake2b(text.encode(), digest_size=12).hexdigest()


def _replay(pool: Pool, chance: random.Random) -> dict[str, Any]:
    jobs = _jobs()
    chance.shuffle(jobs)
    for job in jobs:
        pool.submit(job)
    shown: dict[str, Any] = {}
    while pool.unfinished_count:
        for result in pool.wait():
            for call_id, replayed in result.replayed.items():
                assert replayed.result is not None, (call_id, replayed.note)
                error = replayed.result.error
                shown[call_id.removeprefix("t/")] = [
                    replayed.result.result,
                    error and f"{error.type}: {error.message}",
                    replayed.note,
                ]
    return shown


if __name__ == "__main__":
    main()
