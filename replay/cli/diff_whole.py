"""`replay diff --side-by-side`, `--unfold`: calls as the terminal UI compares them, as plain text.

The same code says it here and there; it lies above, in `tui.views`, and knows no Textual.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal

if TYPE_CHECKING:
    from replay.records import CallVerdict
    from replay.store import Store

CALLS_SHOWN_MAX = 20
"""Calls of a trace or a finding that are shown without ``--all``."""

ALL = -1


def read_context(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return how many equal lines are wanted; None: it was not said.

    Raises:
        click.BadParameter: it is neither a number nor ``all``.
    """
    if value is None:
        return None
    if value == "all":
        return ALL
    if value.isdecimal():
        return int(value)
    raise click.BadParameter(f"{value!r} is no number of lines; `all` unfolds everything.")


def show_whole_calls(
    store: Store,
    verdicts: Sequence[CallVerdict],
    *,
    show_all: bool,
    is_beside: bool,
    context: int,
) -> None:
    """Print calls, everything recorded against everything of today."""
    from replay.cli.ui import load_ui

    look: dict[str, Any] = {
        "width": terminal.width(),
        "colored": terminal.colours(sys.stdout),
        "is_beside": is_beside,
        "context": context,
    }
    views, rows = load_ui("tui.views.plain_text"), load_ui("tui.rows.comparisons")
    shown = verdicts if show_all else verdicts[:CALLS_SHOWN_MAX]
    for index, verdict in enumerate(shown):
        call = store.tool_call(verdict.tool_call_id)
        transcript = store.transcript(verdict.trace_id, prompts=False)
        asked = transcript.interactions.get(call.id, [])
        compared = rows.Compared(verdict.trace_id, verdict.step_number, call, verdict, asked)
        text = views.comparison_text(compared, **look)
        terminal.emit(f"\n{text}" if index else text)
    if len(verdicts) > len(shown):
        terminal.say(f"… and {len(verdicts) - len(shown):,} more calls; --all shows every one.")
