"""Run one group of the suite in this process, with one control of the frozen world switched off.

python -m tests.cassettes.adversarial.without control group folder...
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys

import cassettes

_SLOW = {"slept", "busy_wait", "event_wait", "queue_wait", "async_elapsed", "async_timeout"}
"""They would really wait."""


def _switch_off(control: str) -> None:
    if control == "machine":
        from cassettes.world import machine

        machine._inside = lambda: False
    if control == "order":
        from cassettes.world import order

        order._frozen = lambda: None


def main() -> None:
    """Print the result of each tool of the group by name."""
    control, group, *paths = sys.argv[1:]
    cassettes.install(world=True)
    sys.path[:0] = paths
    _switch_off(control)
    at = None if control == "clock" else 1e9
    with cassettes.freeze(cassettes.Cassette("imports", "replay"), at=1e9, seed="imports"):
        from tests.cassettes.adversarial.suite import GROUPS
    shown = {}
    for name, tool in GROUPS[group].items():
        if name in _SLOW:
            continue
        seed = None if control == "entropy" else name
        with cassettes.freeze(cassettes.Cassette(name, "replay"), at=at, seed=seed):
            result = asyncio.run(tool()) if inspect.iscoroutinefunction(tool) else tool()
        shown[name] = result
    print(json.dumps(shown))


if __name__ == "__main__":
    main()
