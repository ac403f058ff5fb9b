"""What keys do in the list of traces."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, action
from tui.actions.places import TRACES

TRACES_ACTIONS: Final[tuple[Action, ...]] = (
    action(TRACES, "open", "enter l right", "open", "open the trace", group="Move", footer=1),
    action(
        TRACES,
        "filter",
        "f",
        "filter",
        "show only some: tool:NAME outcome:not-ok words",
        footer=2,
    ),
    action(TRACES, "search", "slash", "search", "find a text in the list", footer=7),
    action(TRACES, "match(1)", "n", "next match", "next match of the search"),
    action(TRACES, "match(-1)", "N", "match back", "previous match"),
    action(
        TRACES,
        "facets",
        "x",
        "pick a filter",
        "filter by what there is: tools, models, outcomes",
        footer=4,
    ),
    action(TRACES, "sort", "s", "sort", "sort by the next column", footer=6),
    action(TRACES, "turn_round", "S", "turn round", "sort the other way round"),
    action(TRACES, "runs", "r R", "runs", "the replay runs so far, and what they found", footer=3),
    action(TRACES, "schemas", "v", "schemas", "versions of a tool's schema, compared", footer=8),
    action(TRACES, "metrics", "m", "metrics", "by model and tool: outcomes, times", footer=9),
    action(
        TRACES,
        "seek(1)",
        "c",
        "next ≠",
        "next trace that differs or hits a breakpoint",
        group="Step",
        footer=5,
    ),
    action(TRACES, "seek(-1)", "C", "back ≠", "the one before", group="Step"),
    action(TRACES, "breakpoints", "B", "breakpoints", "list and edit the breakpoints"),
    action(TRACES, "watches", "K", "watches", "list and edit the watches"),
    action(TRACES, "copy", "y", "copy", "copy the trace as JSON", group="Act", footer=11),
    action(
        TRACES,
        "follow",
        "F",
        "follow",
        "stay on the newest trace while recording goes on",
        footer=10,
    ),
)
