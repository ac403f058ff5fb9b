"""The two themes: dark and light. Roles become colours here and nowhere else."""

from __future__ import annotations

from functools import cache
from typing import Final

from rich.style import Style
from textual.theme import Theme

DARK: Final = Theme(
    name="replay-dark",
    primary="#82a8f8",
    secondary="#7dcfff",
    accent="#e0af68",
    success="#9ece6a",
    warning="#e5c07b",
    error="#ff8fa3",
    foreground="#c8d0e8",
    background="#14161f",
    surface="#181b26",
    panel="#222636",
    dark=True,
    variables={
        "row-cursor": "#28355c",
        "row-cursor-blurred": "#232a40",
        "tab-background": "#82a8f8",
        "tab-foreground": "#14161f",
        "line-border": "#3a4058",
        "line-border-focus": "#82a8f8",
        "json-key": "#82a8f8",
        "json-string": "#9ece6a",
        "json-number": "#ff9e64",
        "json-literal": "#bb9af7",
        "words-dim": "#98a1c4",
        "words-good": "#9ece6a",
        "words-warn": "#e5c07b",
        "words-bad": "#ff8fa3",
        "words-unsure": "#7dcfff",
        "words-accent": "#e0af68",
        "words-assistant": "#bb9af7",
        "added-back": "#1d3327",
        "removed-back": "#3d1f2a",
        "match-back": "#443506",
    },
)

LIGHT: Final = Theme(
    name="replay-light",
    primary="#2456b8",
    secondary="#086375",
    accent="#874f00",
    success="#2b6a1d",
    warning="#7a4e00",
    error="#b3203f",
    foreground="#23283a",
    background="#f4f5f9",
    surface="#ffffff",
    panel="#e4e7f0",
    dark=False,
    variables={
        "row-cursor": "#d6e2fa",
        "row-cursor-blurred": "#e6eaf4",
        "tab-background": "#2456b8",
        "tab-foreground": "#ffffff",
        "line-border": "#b9c0d4",
        "line-border-focus": "#2456b8",
        "json-key": "#2456b8",
        "json-string": "#2b6a1d",
        "json-number": "#9a3d00",
        "json-literal": "#6f32b5",
        "words-dim": "#525a74",
        "words-good": "#2b6a1d",
        "words-warn": "#7a4e00",
        "words-bad": "#b3203f",
        "words-unsure": "#086375",
        "words-accent": "#874f00",
        "words-assistant": "#6f32b5",
        "added-back": "#dcf2dc",
        "removed-back": "#fbe0e5",
        "match-back": "#ffe08a",
    },
)

_ROLES: Final[dict[str, tuple[str, str]]] = {
    "match": ("", "match-back"),
    "added-line": ("", "added-back"),
    "removed-line": ("", "removed-back"),
    "key": ("json-key", ""),
    "string": ("json-string", ""),
    "number": ("json-number", ""),
    "literal": ("json-literal", ""),
    "dim": ("words-dim", ""),
    "strong": ("", ""),
    "good": ("words-good", ""),
    "warn": ("words-warn", ""),
    "bad": ("words-bad", ""),
    "unsure": ("words-unsure", ""),
    "accent": ("words-accent", ""),
    "added": ("words-good", ""),
    "removed": ("words-bad", ""),
    "user": ("words-accent", ""),
    "assistant": ("words-assistant", ""),
}
"""The colours, of the text and behind it, of each role of a line and its parts."""
_BOLD: Final = ("strong", "user")


@cache
def role_style(theme: str, role: str) -> Style:
    """Return what a role looks like in a theme.

    Textual's way, a component class for each role, would match twenty rules anew for each list
    whenever the focus goes from one to another.
    """
    colours = (LIGHT if theme == LIGHT.name else DARK).variables
    front, back = _ROLES[role]
    return Style(
        color=colours[front] if front else None,
        bgcolor=colours[back] if back else None,
        bold=True if role in _BOLD else None,
    )
