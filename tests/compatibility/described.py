"""A toolbox as its worker describes it, without a worker: the toolboxes of these tests are ours."""

from __future__ import annotations

from replay import Toolbox
from replay.compatibility.lock import Lock, lock_of
from replay.replayer.questions.answering import _described
from replay.replayer.questions.asking import DescribedTool


def described(toolbox: Toolbox) -> list[DescribedTool]:
    """Return every version of every tool."""
    return [DescribedTool(**tool) for tool in _described(toolbox, {})["tools"]]


def locked(toolbox: Toolbox) -> Lock:
    """Return the lock of a toolbox called ``tools:toolbox``."""
    return lock_of("tools:toolbox", described(toolbox))
