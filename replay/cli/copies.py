"""`replay show --as`: a step to be pasted elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from replay.errors import SelectionError

if TYPE_CHECKING:
    from replay.records import ModelCall, ToolCall, Transcript


def step_as(
    form: str, transcript: Transcript, step: ModelCall | ToolCall, *, database: Path
) -> str:
    """Return a step as ``curl`` or ``pytest``.

    Raises:
        SelectionError: it has no such form; says why.
    """
    from replay.records import ToolCall
    from replay.report.copies import curl_of, curl_of_model_call, pytest_of

    if form == "pytest":
        if not isinstance(step, ToolCall):
            raise SelectionError(
                f"Step {step.step_number} is a model call: a test runs a tool.",
                hint="Name a tool call with --step.",
            )
        return pytest_of(step, database=str(database)).rstrip()
    if not isinstance(step, ToolCall):
        return curl_of_model_call(step)
    asked = transcript.interactions.get(step.id, [])
    if not asked:
        raise SelectionError(f"Step {step.step_number} asked nothing of the outside.")
    return "\n\n".join(map(curl_of, asked))
