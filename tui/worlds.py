"""The worlds of traces, each from one replay in a process of its own: `replay world --json`."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import Final

from replay.errors import ReplayError
from replay.records import ReplayRun
from replay.stepping.worlds import NOTHING, WorldHistory, WorldStep
from tui.answers import Ask

_KEPT_MAX: Final = 8
"""Worlds of so many traces are kept: the start of each, and what its steps changed."""


class Worlds:
    """The worlds that this session has asked for."""

    def __init__(self, path: Path) -> None:
        """``path``: the database."""
        self.path = path
        self._known: OrderedDict[tuple[str, str | None], WorldHistory] = OrderedDict()

    def known(self, trace_id: str, run: ReplayRun | None) -> WorldHistory | None:
        """Return the world of a trace, where it was replayed in this session; None: not yet."""
        return self._known.get((trace_id, run.id if run else None))

    def replayed(self, trace_id: str, run: ReplayRun | None, ask: Ask) -> WorldHistory | None:
        """Return the world of a trace; replays it where that was not done yet. For a thread.

        ``run``: the replay run whose tools are taken; None: those of ``[tool.replay]``. None is
        returned where ``ask`` was stopped meanwhile.

        Raises:
            ReplayError: the replay failed; the message says what it said, and what to do.
        """
        known = self.known(trace_id, run)
        if known is not None:
            return known
        try:
            answer = ask(world_words(self.path, trace_id, run))
        except ReplayError as error:
            said = " ".join(str(error.wanted).rpartition("Error: ")[2].split())
            raise ReplayError(f"The world is not known: {said}", hint=error.hint) from error
        if answer is None:
            return None
        steps = [WorldStep.from_json(one) for one in answer["steps"]]
        world = WorldHistory(answer.get("start", NOTHING), steps)
        self._known[(trace_id, run.id if run else None)] = world
        while len(self._known) > _KEPT_MAX:
            self._known.popitem(last=False)
        return world


def world_words(path: Path, trace_id: str, run: ReplayRun | None) -> list[str]:
    """Return the words of the command that tells a trace's world, by the tools of ``run``."""
    return ["world", str(path), trace_id, *tools_words(run)]


def tools_words(run: ReplayRun | None) -> list[str]:
    """Return the options that name the tools of ``run``; None: ``[tool.replay]`` names them."""
    if run is None:
        return []
    words = ["--tools", run.toolbox]
    for folder in run.options.get("paths") or []:
        words += ["--path", str(folder)]
    for name in run.options.get("environment") or []:
        words += ["--env", str(name)] if name in os.environ else []
    return words
