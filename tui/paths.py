"""How a file is named on the screen: as somebody here would type it."""

from __future__ import annotations

from pathlib import Path

from tui.views.parts import printable


def shown_path(path: Path, width: int = 200) -> str:
    """Return ``path`` as it is typed from the working directory, in at most ``width`` columns.

    Elsewhere than below it, from the home directory, or whole; what is too long loses its head.
    """
    whole = path.absolute()
    named = str(path) if not path.is_absolute() else str(whole)
    for folder, name in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_absolute() and whole.is_relative_to(folder):
            named = f"{name}{whole.relative_to(folder)}"
            break
    words = printable(named)
    return words if len(words) <= width else f"…{words[-max(1, width - 1) :]}"


def typed_path(path: Path) -> str:
    """Return ``path`` as a program that is started here has to be given it: whole, or from here."""
    whole = path.absolute()
    return str(whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole)
