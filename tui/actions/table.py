"""The one table of actions: keys, footer, help, palette and docs come from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from tui.actions.action import Action
from tui.actions.breakpoints import BREAKPOINTS_ACTIONS
from tui.actions.comparison import COMPARISON_ACTIONS
from tui.actions.copying import COPYING_ACTIONS
from tui.actions.everywhere import EVERYWHERE_ACTIONS
from tui.actions.facets import FACETS_ACTIONS
from tui.actions.findings import FINDINGS_ACTIONS
from tui.actions.helping import HELP_ACTIONS
from tui.actions.key_names import key_word
from tui.actions.labelling import LABELLING_ACTIONS
from tui.actions.metrics import METRICS_ACTIONS
from tui.actions.origins import ORIGINS_ACTIONS
from tui.actions.panes import PANES_ACTIONS
from tui.actions.places import PLACE_WORDS
from tui.actions.quitting import QUITTING_ACTIONS
from tui.actions.replaying import REPLAYING_ACTIONS
from tui.actions.runs import RUNS_ACTIONS
from tui.actions.schemas import SCHEMAS_ACTIONS
from tui.actions.start import START_ACTIONS
from tui.actions.stops_found import STOPS_FOUND_ACTIONS
from tui.actions.traces import TRACES_ACTIONS
from tui.actions.transcript import TRANSCRIPT_ACTIONS
from tui.actions.what_if import WHAT_IF_ACTIONS

ACTIONS: Final[tuple[Action, ...]] = (
    *TRANSCRIPT_ACTIONS,
    *TRACES_ACTIONS,
    *FACETS_ACTIONS,
    *START_ACTIONS,
    *RUNS_ACTIONS,
    *FINDINGS_ACTIONS,
    *ORIGINS_ACTIONS,
    *COMPARISON_ACTIONS,
    *SCHEMAS_ACTIONS,
    *REPLAYING_ACTIONS,
    *QUITTING_ACTIONS,
    *WHAT_IF_ACTIONS,
    *COPYING_ACTIONS,
    *LABELLING_ACTIONS,
    *METRICS_ACTIONS,
    *BREAKPOINTS_ACTIONS,
    *STOPS_FOUND_ACTIONS,
    *HELP_ACTIONS,
    *PANES_ACTIONS,
    *EVERYWHERE_ACTIONS,
)

_own_keys: dict[str, tuple[str, ...]] = {}
"""Keys that somebody chose otherwise, by action."""


def use_keys(keys: Mapping[str, tuple[str, ...]]) -> None:
    """Let footer, help, palette and tables name these keys instead of the table's own."""
    _own_keys.clear()
    _own_keys.update(keys)


def actions_of(*places: str) -> list[Action]:
    """Return the actions of these places, in the table's order, with the keys that are in use."""
    return [
        replace(action, keys=_own_keys[action.id]) if action.id in _own_keys else action
        for action in ACTIONS
        if action.place in places
    ]


def _key_cell(action: Action) -> str:
    return " ".join(f"`{key_word(key)}`" for key in action.keys) or "`ctrl+p`, by its name"


def key_tables() -> str:
    """Return all keys as Markdown, for docs/tui.md."""
    parts = []
    for place, words in PLACE_WORDS.items():
        rows = [
            f"| {_key_cell(action)} | {action.help} | `{action.id}` |"
            for action in ACTIONS
            if action.place == place
        ]
        head = [f"### {words}", "", "| key | does | action |", "|---|---|---|"]
        parts.append("\n".join([*head, *rows]))
    return "\n\n".join(parts) + "\n"
