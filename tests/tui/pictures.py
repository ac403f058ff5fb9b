"""What is on the screen as text: its characters, and per line which words look like what.

Colours are told by the theme's own names (``words-dim``, ``on row-cursor``), so a picture is one
and the same in the dark and in the light theme; whoever changes a colour's *meaning* changes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from tui.app import ReplayApp
from tui.theme import DARK, LIGHT

_PLAIN = {"foreground", "surface", "background"}
_FIRST = ("words-", "line-")
"""What these are called wins where another thing has the same colour."""
_BLENDED = "blended"


def picture(app: ReplayApp) -> str:
    """Return the screen as it is now: the text, then the lines that have more than plain words."""
    names = _names(app)
    strips = app.screen._compositor.render_strips()
    lines = [list(strip) for strip in strips]
    text = ["".join(segment.text for segment in line).rstrip() for line in lines]
    styled = [f"{at:>3} {said}" for at, line in enumerate(lines, 1) if (said := _runs(line, names))]
    return "\n".join([*text, "-- looks", *styled]) + "\n"


def _names(app: ReplayApp) -> dict[str, str]:
    """Return the name of each colour of the theme that is on; of two alike the first."""
    theme = DARK if app.theme == DARK.name else LIGHT
    fields = ("foreground", "background", "surface", "panel")
    named = {name: str(getattr(theme, name)) for name in fields}
    variables = sorted(theme.variables, key=lambda name: not name.startswith(_FIRST))
    named |= {name: theme.variables[name] for name in variables}
    found: dict[str, str] = {}
    for name, value in named.items():
        found.setdefault(value.lower(), name)
    return found


def _runs(line: list[Segment], names: dict[str, str]) -> str:
    """Return the words of a line that look like something: ``dim 3-9, strong 12-20``."""
    cells: list[str] = []
    for segment in line:
        look = _look(segment.style, names)
        blank = segment.text == "│" or (not segment.text.strip() and " on " not in f" {look}")
        cells += ["" if blank else look] * segment.cell_length
    said, at = [], 0
    for look, group in groupby(cells):
        size = len(list(group))
        if look:
            said.append(f"{look} {at}-{at + size - 1}" if size > 1 else f"{look} {at}")
        at += size
    return ", ".join(said)


def _look(style: Style | None, names: dict[str, str]) -> str:
    if style is None:
        return ""
    words = [_name(style.color, names)]
    words += [name for name in ("bold", "italic", "underline", "reverse") if getattr(style, name)]
    back = _name(style.bgcolor, names)
    words += ["on", back] if back else []
    return " ".join(word.removeprefix("words-") for word in _joined(words))


def _joined(words: Iterable[str]) -> list[str]:
    return [word for word in words if word]


def _name(color: Color | None, names: dict[str, str]) -> str:
    if color is None or color.triplet is None:
        return ""
    name = names.get(color.triplet.hex, _BLENDED)
    return "" if name in _PLAIN else name
