"""What schema commands look at: today's tools, described by a worker, and recorded payloads."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay.records import JsonObject, ToolCall
    from replay.replayer.environment import Place
    from replay.store import Store
    from replay.tools.translations import ToolVersion

CALLS_MAX = 5000
"""Captured calls of a tool that are looked at, the newest."""


@contextlib.contextmanager
def opened(database: Path | None) -> Iterator[Store | None]:
    """Hold the database that is named, or the usual one; None where there is none."""
    from replay.config import load_config
    from replay.store import Store

    usual = load_config().database_path or Path("traces.db")
    if database is None and not usual.is_file():
        yield None
        return
    with Store.open(database or usual, mode="r") as store:
        yield store


def place_named(
    toolbox: str | None, paths: Sequence[Path], variables: Sequence[str]
) -> Place | None:
    """Return where today's tools are; None: no tools are named, here or in ``[tool.replay]``."""
    from replay.cli.tools_options import tools_place
    from replay.config import load_config

    named = toolbox or load_config().tools
    return None if named is None else tools_place(named, paths, variables)


def captured_calls(store: Store | None, version: ToolVersion) -> list[ToolCall]:
    """Return the calls that models wrote for a version and that were not rejected, newest first.

    Calls without a recorded version count where none has this one.
    """
    if store is None:
        return []
    from replay.records import Selection
    from replay.records.codes import UNFIT

    calls = store.tool_calls(Selection(tools=[version.tool]), limit=CALLS_MAX)
    ran = [call for call in calls if call.outcome not in UNFIT]
    of_version = [call for call in ran if call.tool_version == version.version]
    return of_version or [call for call in ran if call.tool_version is None]


def payloads_of(texts: Iterable[str]) -> list[JsonObject]:
    """Return the distinct JSON objects among ``texts``, in their order."""
    found = map(payload_of, texts)
    return distinct(payload for payload in found if payload is not None)


def distinct(payloads: Iterable[JsonObject]) -> list[JsonObject]:
    """Return ``payloads``, each once, in their order."""
    found: dict[str, JsonObject] = {}
    for payload in payloads:
        found.setdefault(json.dumps(payload, sort_keys=True), payload)
    return list(found.values())


def payload_of(text: str) -> JsonObject | None:
    """Return the JSON object that ``text`` is; None: it is none."""
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None
