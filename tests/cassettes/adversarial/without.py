"""Run some tools of the suite in this process, with one control of the frozen world switched off.

python -m tests.cassettes.adversarial.without control group [tool,tool...]
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import sys
from typing import Any

import cassettes

_SLOW = {"slept", "busy_wait", "event_wait", "queue_wait", "async_elapsed", "async_timeout"}
"""They would really wait."""

_INSTALLED = {
    "threads": ("order", "install_order"),
    "loop": ("virtual_loop", "install_virtual_loop"),
    "files": ("file_times", "install_file_times"),
    "sqlite": ("sqlite_functions", "install_sqlite_functions"),
    "pydantic": ("pydantic_now", "install_pydantic_now"),
    "native": ("native", "install_native"),
    "code": ("code", "install_code"),
    "object_hashes": ("object_hashes", "install_object_hashes"),
    "numpy": ("numpy_chance", "install_numpy_chance"),
}
"""Controls that are one part of the world: where it is, and what puts it in."""


def _switch_off(control: str) -> None:
    if control in _INSTALLED:
        module, function = _INSTALLED[control]
        setattr(importlib.import_module(f"cassettes.world.{module}"), function, lambda: None)
    if control == "machine":
        from cassettes.world import machine

        machine._inside = lambda: False


def _shown(tool: Any) -> Any:
    try:
        return asyncio.run(tool()) if inspect.iscoroutinefunction(tool) else tool()
    except Exception as error:  # noqa: BLE001 -- a tool that fails without a control shows that
        return f"{type(error).__name__}: {error}"


def main() -> None:
    """Print the result of each tool by name."""
    control, group, *names = sys.argv[1:]
    _switch_off(control)
    cassettes.install(world=True)
    at = None if control == "clock" else 1e9
    with cassettes.freeze(cassettes.Cassette("imports", "replay"), at=1e9, seed="imports"):
        from tests.cassettes.adversarial.suite import GROUPS
    wanted = names[0].split(",") if names else sorted(set(GROUPS[group]) - _SLOW)
    shown = {}
    for name in wanted:
        tool: Any = GROUPS[group][name]
        seed = None if control == "entropy" else name
        with cassettes.freeze(cassettes.Cassette(name, "replay"), at=at, seed=seed):
            shown[name] = _shown(tool)
    print(json.dumps(shown))


if __name__ == "__main__":
    main()
