"""The closed list of rules: every name that a change of a schema can have.

``docs/compatibility.md`` is made of this list; a test keeps both equal. A verdict says what a rule
gives by itself; where two are named, the words of the finding say which, and why.
"""

from __future__ import annotations

from typing import Final

from replay.compatibility.rule import Rule
from replay.compatibility.rules_of_objects import DEFAULTS, OPENNESS, PRESENCE, UNIONS, WORDS
from replay.compatibility.rules_of_tools import RESULT, TOOL
from replay.compatibility.rules_of_values import BOUNDS, ENUMS, TYPES

RULES: Final[dict[str, Rule]] = {
    rule.name: rule
    for rule in (
        *TOOL,
        *PRESENCE,
        *TYPES,
        *ENUMS,
        *BOUNDS,
        *UNIONS,
        *OPENNESS,
        *DEFAULTS,
        *WORDS,
        *RESULT,
    )
}
"""Every rule, by name."""

WORDS_ONLY: Final = frozenset(rule.name for rule in WORDS) | {
    "TOOL_DESCRIPTION_CHANGED",
    "TOOL_ANNOTATIONS_CHANGED",
    "TOOL_ORDER_CHANGED",
    "ENUM_ORDER_CHANGED",
    "RESULT_WORDS_CHANGED",
    "SHOWN_OTHERWISE",
    "WRITTEN_OTHERWISE",
}
"""Rules for what restricts nothing."""

FAMILIES: Final = {
    "tool": "Tools",
    "presence": "Properties: there or not",
    "types": "Types and null",
    "enums": "Listed values",
    "bounds": "Limits, patterns, formats",
    "unions": "Unions",
    "openness": "What is not named",
    "defaults": "Defaults",
    "words": "Words",
    "result": "Results: consumers of the old shape read the new one",
}
"""Titles of the families, in the order of the documentation."""
