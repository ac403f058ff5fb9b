"""Record a tool, take the outside away, replay it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cassettes import Cassette, Interaction, freeze, side_effects


def recorded(tool: Callable[[], Any]) -> tuple[Any, list[Interaction]]:
    """Return what ``tool`` gives and what it asked, as it comes back from a file."""
    cassette = Cassette("recording")
    with freeze(cassette):
        given = tool()
    forms = json.loads(json.dumps([one.to_json() for one in cassette.interactions]))
    return given, [Interaction.from_json(form) for form in forms]


def replayed(tool: Callable[[], Any], kept: list[Interaction]) -> tuple[Any, Cassette]:
    """Return what ``tool`` gives in a replay, and the cassette behind it."""
    cassette = Cassette("replay", "replay", kept)
    with freeze(cassette):
        return tool(), cassette


def assert_replays(
    tool: Callable[[], Any], take_away: Callable[[], Any] | None = None
) -> list[Interaction]:
    """Assert that recording changes nothing and that a replay is the recording."""
    bare = tool()
    given, kept = recorded(tool)
    assert given == bare
    if take_away is not None:
        take_away()
    again, cassette = replayed(tool, kept)
    assert again == given
    assert repr(again) == repr(given)
    assert side_effects(cassette).changes == []
    return kept


def asked(kept: list[Interaction]) -> list[str]:
    """Return what was asked, without what is the same for all."""
    return [one.request.uri.removeprefix("external://") for one in kept]


def effects(kept: list[Interaction]) -> list[str]:
    """Return whether each reads or writes."""
    return [one.request.header("x-effect") for one in kept]
