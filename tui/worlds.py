"""The worlds of traces, each from one replay in a process of its own: `replay world --json`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Final

from replay.errors import ReplayError
from replay.stepping.worlds import NOTHING, WorldHistory, WorldStep
from tui.answers import Ask

_KEPT_MAX: Final = 8
"""Worlds of so many traces are kept: the start of each, and what its steps changed."""


class Worlds:
    """The worlds that this session has asked for, by trace and whatever says which tools."""

    def __init__(self, path: Path, options: Sequence[str] = ()) -> None:
        """``path``: the database; ``options``: of every question."""
        self.path = path
        self._options = options
        self._known: OrderedDict[tuple[str, Hashable], WorldHistory] = OrderedDict()

    def known(self, trace_id: str, by: Hashable) -> WorldHistory | None:
        """Return the world of a trace, where it was replayed in this session; None: not yet."""
        return self._known.get((trace_id, by))

    def replayed(
        self, trace_id: str, by: Hashable, tools: Sequence[str], ask: Ask
    ) -> WorldHistory | None:
        """Return the world of a trace; replays it where that was not done yet. For a thread.

        ``tools``: the options that name them; none: `[tool.replay]` does. None is returned where
        ``ask`` was stopped meanwhile.

        Raises:
            ReplayError: the replay failed; the message says what it said, and what to do.
        """
        known = self.known(trace_id, by)
        if known is not None:
            return known
        try:
            answer = ask(["world", str(self.path), trace_id, *tools, *self._options])
        except ReplayError as error:
            said = " ".join(str(error.wanted).rpartition("Error: ")[2].split())
            raise ReplayError(f"The world is not known: {said}", hint=error.hint) from error
        if answer is None:
            return None
        steps = [WorldStep.from_json(one) for one in answer["steps"]]
        world = WorldHistory(answer.get("start", NOTHING), steps)
        self._known[(trace_id, by)] = world
        while len(self._known) > _KEPT_MAX:
            self._known.popitem(last=False)
        return world
