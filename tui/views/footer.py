"""Which keys of a transcript the footer names first: those that do something to this step.

Every key works everywhere; a narrow footer has room for eight of more than forty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.rows.steps import StepRow, StepVerdict

_ALWAYS: Final = ("step", "step-back", "go-on")
_OF_MODELS: Final = ("seek-tool", "origins", "search", "feedback")
_OF_DIFFERENT: Final = (
    "approve",
    "edit-source",
    "replay",
    "what-if",
    "toggle-breakpoint",
    "compare",
    "origins",
)
_OF_CALLS: Final = (
    "replay",
    "what-if",
    "toggle-breakpoint",
    "origins",
    "debug",
    "edit-source",
    "compare",
)


def step_keys(row: StepRow, verdict: StepVerdict | None) -> Sequence[str]:
    """Return the ids of the actions to name first at a step, most useful first."""
    own: Sequence[str] = _OF_MODELS
    if row.kind == "tool":
        is_different = verdict is not None and verdict.is_divergence
        own = _OF_DIFFERENT if is_different else _OF_CALLS
    return tuple(f"transcript.{name}" for name in (*_ALWAYS, *own))
