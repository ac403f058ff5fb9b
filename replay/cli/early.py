"""Workers that `replay run` starts before it imports what it needs itself.

What they start with is read off the command line and ``[tool.replay]`` without pydantic, which is
most of what there is to import. Where anything is unusual none are started ahead: the run starts
its own, and says what is wrong.
"""

from __future__ import annotations

import functools
import os
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from replay.starting import end_ahead, start_ahead


def workers_early(command: Callable[..., Any]) -> Callable[..., Any]:
    """Start workers before ``command``, and end those that it did not take.

    The outermost decorator: what is below it imports.
    """

    @functools.wraps(command)
    def with_workers(**options: Any) -> Any:
        try:
            _start_workers(**options)
            return command(**options)
        finally:
            end_ahead()

    return with_workers


def _start_workers(
    *, jobs: int | None, variables: Sequence[str], sandbox: str | None, **others: Any
) -> None:
    """Start as many workers as the run will want, if it will want plain ones.

    Takes the options of `replay run` by their names; ``others`` do not matter here.
    """
    del others
    told = _told_in_config()
    if told is None or (sandbox or told.get("sandbox", "off")) != "off":
        return
    named = [*told.get("env", ()), *variables]
    found = [one.partition("=") for one in named]
    if any(not equals and name not in os.environ for name, equals, _ in found):
        return
    start_ahead(
        jobs or told.get("jobs") or os.cpu_count() or 1,
        {name: value if equals else os.environ[name] for name, equals, value in found},
    )


def _told_in_config() -> dict[str, Any] | None:
    """Return the nearest ``[tool.replay]``, unchecked; None: it cannot be read."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        try:
            written = (folder / "pyproject.toml").read_text("utf-8")
            table = tomllib.loads(written).get("tool", {}).get("replay")
        except FileNotFoundError:
            continue
        except (OSError, ValueError, AttributeError):
            return None
        if table is not None:
            return table if _is_plain(table) else None
    return {}


def _is_plain(table: Any) -> bool:
    """Whether what we read here has the types it should have; else the run says what is wrong."""
    return (
        isinstance(table, dict)
        and isinstance(table.get("jobs", 1), int)
        and isinstance(table.get("env", []), list)
        and all(isinstance(name, str) for name in table.get("env", []))
    )
