"""One line of the places that a value came from, and the names above them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui.views.parts import Part, cut, fit, printable

if TYPE_CHECKING:
    from replay.verdicts.origins import Origin

_PLACE_WIDTH: Final = 10
_NARROW: Final = 70


def origin_header(width: int) -> list[Part]:
    """Return the names above the list."""
    words = f"{'step':>4}  {'part':<{_PLACE_WIDTH}}{'of':<{_whose_width(width)}} "
    return [(f"{words}{'at':<{_path_width(width) + 1}}  what stands there", "dim")]


def origin_parts(origin: Origin, width: int) -> list[Part]:
    """Return one place a value came from: step, part, whose, where in it, and what stands there."""
    whose = printable(origin.label)
    return [
        (f"{origin.step_number:>4}  ", "strong"),
        (f"{origin.place:<{_PLACE_WIDTH}}", "accent"),
        (fit(whose, _whose_width(width)) + " ", "" if width >= 80 else "dim"),
        (fit(printable(origin.path), _path_width(width)) + " ", "key"),
        ("= " if origin.is_exact else "∈ ", "good" if origin.is_exact else "dim"),
        (f"{cut(printable(origin.part), 20)}: " if origin.part else "", "accent"),
        (printable(origin.excerpt), "string"),
    ]


def _path_width(width: int) -> int:
    return 8 if width < _NARROW else min(28, width // 4)


def _whose_width(width: int) -> int:
    return 10 if width < _NARROW else 14
