"""One row of the metrics, in the columns that its width has room for."""

from __future__ import annotations

from collections.abc import Sequence, Set
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from replay.report.sparkline import sparkline
from tui.views.parts import Part, fit, lasted, printable
from tui.views.signs import outcome_sign

if TYPE_CHECKING:
    from replay.metrics import CallMetrics, Dimension

_WIDE: Final = 100
_NARROW: Final = 72
"""Below, names need the room of shares and trend."""
_UNKNOWN: Final = "not known"


def metric_header(by: Sequence[Dimension], width: int) -> list[Part]:
    """Return the names above the list."""
    wide = width >= _WIDE
    names = "".join(f"{name:<{_name_width(by, width)}} " for name in by)
    if width < _NARROW:
        return [(f"   {names}{'calls':>9} {'ok':>6} {'p95':>8}", "dim")]
    shares = f"{'ok':>6} {'invalid':>8} {'unknown':>9}" if wide else f"{'ok':>6} {'invalid':>8}"
    times = f"{'p50':>8} {'p95':>8}" if wide else f"{'p95':>8}"
    return [(f"   {names}{'calls':>9} {shares} {times}  trend", "dim")]


def metric_parts(row: CallMetrics, width: int, over: Set[str]) -> list[Part]:
    """Return one row: what its calls have in common, how many, how they went, how long."""
    wide = width >= _WIDE
    size = _name_width(row.by, width)
    failed = row.call_count - row.ok_count
    sign, role = _worst(row)
    parts: list[Part] = [(f" {sign} ", role)]
    for at, value in enumerate(row.name):
        words = printable(str(value)) if value is not None else _UNKNOWN
        role = "dim" if value is None else "strong" if row.by[at] == "tool" else ""
        parts.append((fit(words, size) + " ", role))
    parts.append((f"{row.call_count:>9,} ", ""))
    parts.append((f"{share(row.ok_count, row.call_count):>6} ", "warn" if failed else "good"))
    if width >= _NARROW:
        parts.append(_share(row.invalid_count, row.call_count, 8))
    if wide:
        parts.append(_share(row.unknown_count, row.call_count, 9))
        parts.append((f"{lasted(row.p50_ms) or '-':>8} ", "dim"))
    slow = any(_is_of(name, row.value("tool")) for name in over)
    parts.append((f"{lasted(row.p95_ms) or '-':>8}", "bad" if slow else ""))
    parts.append(("! " if slow else "  ", "bad"))
    if width >= _NARROW:
        parts.append((sparkline(row.trend if wide else halved(row.trend)), "accent"))
    return parts


def _worst(row: CallMetrics) -> tuple[str, str]:
    """Return the sign of how the worst of its calls ended: failed, or what most of them did."""
    signs = [outcome_sign(outcome) for outcome in row.outcome_counts if outcome != "ok"]
    failed = outcome_sign("failed")
    return failed if failed in signs else next(iter(signs), outcome_sign("ok"))


def _is_of(name: str, tool: str | int | None) -> bool:
    """Whether a budget is of this tool as a whole."""
    from replay.metrics.budgets import split_name

    pattern, component = split_name(name)
    return component is None and isinstance(tool, str) and fnmatchcase(tool, pattern)


def _name_width(by: Sequence[Dimension], width: int) -> int:
    taken = 4 + 10 + 26 + 18 + 24 if width >= _WIDE else 4 + 10 + 16 + 10 + 12
    taken = taken if width >= _NARROW else 4 + 10 + 7 + 9
    return max(8, min(30, (width - taken) // max(1, len(by)) - 1))


def _share(number: int, of: int, width: int) -> Part:
    return (f"{share(number, of) if number else '-':>{width}} ", "bad" if number else "dim")


def share(number: int, of: int) -> str:
    """Return a share in per cent, honest at both ends: ``<0.1%``, ``99.9%`` for almost all."""
    if not of or not number:
        return "0%"
    if number == of:
        return "100%"
    percent = 100 * number / of
    return "<0.1%" if percent < 0.1 else f"{min(percent, 99.9):.1f}%"


def halved(numbers: Sequence[int]) -> list[int]:
    """Return half as many numbers, each the sum of two."""
    return [sum(numbers[at : at + 2]) for at in range(0, len(numbers), 2)]
