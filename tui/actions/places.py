"""Where an action belongs to: a screen, a widget, or everywhere."""

from __future__ import annotations

from typing import Final

EVERYWHERE: Final = "everywhere"
LINES: Final = "lines"
OUTLINE: Final = "outline"
TRACES: Final = "traces"
EMPTY: Final = "empty"
TRANSCRIPT: Final = "transcript"
FACETS: Final = "facets"
RUNS: Final = "runs"
FINDINGS: Final = "findings"
ORIGINS: Final = "origins"
REPLAYING: Final = "replaying"
QUITTING: Final = "quitting"
WHAT_IF: Final = "what-if"
COPYING: Final = "copying"
LABELLING: Final = "labelling"
BREAKPOINTS: Final = "breakpoints"
WATCHES: Final = "watches"
STOPS_FOUND: Final = "stops-found"
COMPARISON: Final = "comparison"
SCHEMAS: Final = "schemas"
METRICS: Final = "metrics"
HELP: Final = "help"

PLACE_WORDS: Final = {
    TRANSCRIPT: "In a transcript",
    TRACES: "In the list of traces",
    FACETS: "Where traces are chosen by what they have",
    RUNS: "In the list of replay runs",
    FINDINGS: "In the findings of a run",
    ORIGINS: "Where a value came from",
    REPLAYING: "Where a replay is started, and while it runs",
    QUITTING: "Where somebody quits while a command is under way",
    WHAT_IF: "In an edited branch",
    COPYING: "What can be copied of a step",
    LABELLING: "Where calls are labelled (each label has a key of its own)",
    BREAKPOINTS: "In the list of breakpoints",
    WATCHES: "In the list of watches",
    STOPS_FOUND: "Where traces were looked through for a breakpoint or a watch",
    COMPARISON: "In a comparison: one call, recorded against today",
    SCHEMAS: "In the schemas",
    METRICS: "In the metrics",
    HELP: "In the help",
    LINES: "In every list and pane",
    OUTLINE: "In a detail pane",
    EMPTY: "On the first screen, while there is nothing to show",
    EVERYWHERE: "Everywhere",
}
"""How the help and the docs call each place, in their order."""
