"""Shares and lengths of time, as `replay stats` writes them."""

from __future__ import annotations

from typing import Final

_SPANS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def percent(part: float, whole: float, *, none: str = "-") -> str:
    """Return a share in per cent; ``none`` for zero."""
    if not whole or not part:
        return none
    share = part / whole * 100
    if 0 < share < 0.1:
        return "<0.1%"
    return "100%" if part == whole else f"{min(share, 99.9):.1f}%"


def milliseconds(value: float | None) -> str:
    """Return a length of time with its unit; ``-`` where none is known."""
    if value is None:
        return "-"
    if value < 1:
        return f"{value:.2f} ms"
    if value < 1000:
        return f"{value:.0f} ms"
    return f"{value / 1000:.1f} s" if value < 600_000 else span(value / 1000)


def span(seconds: float) -> str:
    """Return a length of time in its largest whole unit: ``3 h``; one decimal where it is short."""
    for size, unit in _SPANS:
        if seconds >= size:
            whole = seconds / size
            return (
                f"{whole:.0f} {unit}"
                if whole >= 10 or whole == int(whole)
                else f"{whole:.1f} {unit}"
            )
    return f"{seconds * 1000:.0f} ms"
